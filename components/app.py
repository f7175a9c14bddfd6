"""
A process that answers requests.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from components import released
from components.released import ReleasedArgs


@dataclass(frozen=True, kw_only=True)
class AppArgs(ReleasedArgs):
    """
    A `web` process, and which releases of it run.
    """


class App(pulumi.ComponentResource):
    """
    The releases of a web process. They serve nobody until a route says so, and the engine removes an old one after the route
    has moved away from it.
    """

    service_names: Output[list[str]]

    def __init__(self, name: str, args: AppArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:app:App", name, None, opts)
        services = released.services(self, name, args)
        self.service_names = Output.all(*(service.name for service in services))
        self.register_outputs({"service_names": self.service_names})
