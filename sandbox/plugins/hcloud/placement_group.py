"""
Placement groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.plugins.hcloud.resource import NamedResource
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json


class PlacementGroup(NamedResource):
    """
    Servers that must not share a physical host.
    """

    token = "hcloud:index/placementGroup:PlacementGroup"
    collection = "placement_groups"
    document = "placement_group"
    has_actions = False
    replaces = frozenset({"type"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        There is one type.
        """
        failures = super().check(inputs)
        if inputs["type"] not in ("spread", UNKNOWN):
            failures.append(
                Failure(
                    property="type", reason=f"type: {inputs['type']} is not spread. Nothing was changed. Set type to spread."
                )
            )
        return failures

    def body(self, inputs: Properties) -> Json:
        """
        All it has.
        """
        return {"name": inputs["name"], "type": inputs["type"], "labels": inputs.get("labels")}

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        With its servers.
        """
        return {"name": found["name"], "type": found["type"], "labels": found["labels"], "servers": found["servers"]}

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        Name and labels.
        """
        self.put(found["id"], old, inputs, "name", "labels")
