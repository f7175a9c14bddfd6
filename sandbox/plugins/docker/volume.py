"""
`docker:index/volume:Volume`. Docker makes a volume once and never changes it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar, Final

from sandbox.plugins.docker.fields import LABELS, MAP, PLAIN, Field, flatten, render
from sandbox.plugins.docker.service_spec import drifted
from sandbox.plugins.docker.types import DockerResource, api_error, found_or_none, wait_until
from sandbox.plugins.provider import Context, Properties

# As the real plugin: a container that is being removed still holds its volumes.
REMOVE_S: Final = 20.0
VOLUME: Final = (
    Field("name", "Name", PLAIN),
    Field("driver", "Driver", PLAIN, "local"),
    Field("driverOpts", "Options", MAP),
    Field("labels", "Labels", LABELS),
)


class Volume(DockerResource):
    """
    A named volume on the host. One that is there already under this name is taken as it is, as Docker does.
    """

    token = "docker:index/volume:Volume"
    replaces = frozenset({"name", "driver", "driverOpts", "labels"})
    computed: ClassVar[frozenset[str]] = frozenset({"driver"})
    unsupported: ClassVar[frozenset[str]] = frozenset({"cluster"})

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Labels have no order.
        """
        return normal_form({key: old}) == normal_form({key: new})

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Make it. It carries no mark: its content would outlive a second try.
        """
        wanted = render(VOLUME, inputs)
        made = self.api.create_volume(
            inputs["name"], driver=wanted["Driver"], driver_opts=wanted.get("Options"), labels=wanted.get("Labels")
        )
        return made["Name"], {**inputs, "driver": made["Driver"], "mountpoint": made["Mountpoint"]}

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        The volume as Docker has it.
        """
        found = found_or_none(lambda: self.api.inspect_volume(id))
        if found is None:
            return None
        wanted = normal_form(inputs) if inputs else {}
        new_inputs = drifted(inputs, wanted, flatten(VOLUME, found))
        return new_inputs, {**new_inputs, "driver": found["Driver"], "mountpoint": found["Mountpoint"]}

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Remove it, once no container uses it.
        """

        def is_removed() -> bool:
            try:
                found_or_none(lambda: self.api.remove_volume(id))
            except api_error() as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                return False
            return True

        if not wait_until(is_removed, REMOVE_S, context):
            self.api.remove_volume(id)  # its refusal is the error to show


def normal_form(inputs: Properties) -> Properties:
    """
    Inputs reduced to what they mean.
    """
    return flatten(VOLUME, render(VOLUME, inputs))
