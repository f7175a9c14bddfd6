"""
A site of files.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from components import released
from components.released import ReleasedArgs


@dataclass(frozen=True, kw_only=True)
class StaticSiteArgs(ReleasedArgs):
    """
    A `static` process, and which releases of it run.
    """


class StaticSite(pulumi.ComponentResource):
    """
    The releases of a site whose image serves the files that its build put there. Released like an app; it gets no secrets.
    """

    service_names: Output[list[str]]

    def __init__(self, name: str, args: StaticSiteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:app:StaticSite", name, None, opts)
        services = released.services(self, name, args)
        self.service_names = Output.all(*(service.name for service in services))
        self.register_outputs({"service_names": self.service_names})
