"""
Volumes and their attachment to servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from sandbox.plugins.hcloud.resource import HcloudResource, NamedResource, differs, gone
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

SMALLEST_GB: Final = 10
LARGEST_GB: Final = 10240
"""Source of both: the API text quoted by VM::HetznerCloud::API::Volumes (metacpan), read 2026-11-20; not Hetzner's own page."""


class Volume(NamedResource):
    """
    A disk that outlives its server. It only grows.
    """

    token = "hcloud:index/volume:Volume"
    collection = "volumes"
    document = "volume"
    replaces = frozenset({"location"})
    computed = frozenset({"location", "serverId"})
    defaults: ClassVar[Properties] = {"deleteProtection": False}

    def check(self, inputs: Properties) -> list[Failure]:
        """
        A size Hetzner has, and a place.
        """
        failures = super().check(inputs)
        size = inputs["size"]
        if size is not UNKNOWN and not SMALLEST_GB <= size <= LARGEST_GB:
            fact = f"{size} GB is not between Hetzner's {SMALLEST_GB} and {LARGEST_GB} GB"
            failures.append(Failure(property="size", reason=f"size: {fact}. Nothing was changed. Change it."))
        return failures

    def body(self, inputs: Properties) -> Json:
        """
        Protection comes afterwards.
        """
        return {
            "name": inputs["name"],
            "size": inputs["size"],
            "location": inputs.get("location"),
            "server": inputs.get("serverId"),
            "labels": inputs.get("labels"),
            "automount": inputs.get("automount"),
            "format": inputs.get("format"),
        }

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        With its device path.
        """
        kept: Properties = {key: inputs[key] for key in ("automount", "format") if key in inputs}
        return {
            **kept,
            "name": found["name"],
            "size": found["size"],
            "location": found["location"]["name"],
            "serverId": found.get("server"),
            "labels": found["labels"],
            "linuxDevice": found["linux_device"],
            "deleteProtection": found["protection"]["delete"],
        }

    def finish(self, context: Context, id: str, inputs: Properties) -> None:
        """
        Protection, where wanted.
        """
        if inputs.get("deleteProtection"):
            self.protect(context, id, delete=True)

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        In place, but for the place itself.
        """
        id, now = found["id"], self.state(found, inputs)
        if differs("format", old, inputs):
            context.log(
                "warning", f"Volume {found['name']}: a new format has no effect on a volume that exists, here as at Hetzner."
            )
        self.put(id, now, inputs, "name", "labels")
        if "serverId" in inputs and differs("serverId", now, inputs):
            detach_volume(self, context, found)
            if inputs["serverId"]:
                attach_volume(self, context, id, inputs)
        if differs("size", now, inputs):
            self.api.act(context, f"/volumes/{id}/actions/resize", size=inputs["size"])
        if differs("deleteProtection", now, inputs):
            self.protect(context, id, delete=bool(inputs.get("deleteProtection")))

    def remove(self, context: Context, id: str, state: Properties) -> None:
        """
        Detach it first, unless it is protected.
        """
        found = self.find(id)
        if found is not None and not found["protection"]["delete"]:
            detach_volume(self, context, found)
        super().remove(context, id, state)


class VolumeAttachment(HcloudResource):
    """
    A volume at a server; its id is the volume's.
    """

    token = "hcloud:index/volumeAttachment:VolumeAttachment"
    replaces = frozenset({"volumeId", "serverId"})
    computed = frozenset({"automount"})

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Attach it; attached to this server already is fine.
        """
        id = str(inputs["volumeId"])
        found = self.api.find(f"/volumes/{id}", "volume")
        if found is None:
            raise gone(f"/volumes/{id}")
        if found.get("server") != inputs["serverId"]:
            attach_volume(self, context, id, inputs)
        return id, self._state(inputs["volumeId"], inputs["serverId"], inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        As it is now.
        """
        found = self.api.find(f"/volumes/{id}", "volume") if id.isdecimal() else None
        if found is None or not found.get("server"):
            return None
        state = self._state(found["id"], found["server"], inputs)
        return self.inputs_of(state, inputs), state

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        A new `automount` says something only at the next attachment, as with the real provider.
        """
        return self._state(new_inputs["volumeId"], new_inputs["serverId"], new_inputs)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Detach it, if it is at this server.
        """
        found = self.api.find(f"/volumes/{id}", "volume")
        if found is not None and found.get("server") == state.get("serverId"):
            detach_volume(self, context, found)

    def _state(self, volume: int, server: int, inputs: Properties) -> Properties:
        return {"volumeId": volume, "serverId": server, "automount": inputs.get("automount", False)}


def attach_volume(resource: HcloudResource, context: Context, volume: str | int, inputs: Properties) -> None:
    """
    Attach a volume as `serverId` and `automount` say.
    """
    path = f"/volumes/{volume}/actions/attach"
    resource.api.act(context, path, server=inputs["serverId"], automount=inputs.get("automount"))


def detach_volume(resource: HcloudResource, context: Context, volume: Json) -> None:
    """
    Detach a volume that is attached.
    """
    if volume.get("server"):
        resource.api.act(context, f"/volumes/{volume['id']}/actions/detach")
