"""
A process that nobody asks anything: it takes its work from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from components import released
from components.released import ReleasedArgs


@dataclass(frozen=True, kw_only=True)
class WorkerArgs(ReleasedArgs):
    """
    A `worker` process, and which releases of it run.
    """


class Worker(pulumi.ComponentResource):
    """
    The releases of a worker. While one takes over from another both run for a moment, unless the strategy is `recreate`.
    """

    service_names: Output[list[str]]

    def __init__(self, name: str, args: WorkerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:app:Worker", name, None, opts)
        services = released.services(self, name, args)
        self.service_names = Output.all(*(service.name for service in services))
        self.register_outputs({"service_names": self.service_names})
