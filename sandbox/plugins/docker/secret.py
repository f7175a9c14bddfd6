"""
`docker:index/secret:Secret` and `docker:index/serviceConfig:ServiceConfig`: data for services, which never changes in place.
"""

from __future__ import annotations

import base64
import binascii
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from ops.errors import FlotillaError
from sandbox.plugins.docker.fields import LABELS
from sandbox.plugins.docker.types import DockerResource, api_error, found_or_none, is_left_behind, owned
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Properties


class _Data(DockerResource):
    """
    What the two have in common.
    """

    def check(self, inputs: Properties) -> list[Failure]:
        """
        `data` is base64.
        """
        data = inputs.get("data")
        if data is None or data is UNKNOWN:
            return []
        try:
            base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return [Failure(property="data", reason="is not base64. Encode it first: base64.b64encode(text.encode()).decode()")]
        return []

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Labels have no order.
        """
        if key == "labels":
            return bool(LABELS.to_api(old or []) == LABELS.to_api(new or []))
        return bool(old == new)

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Make it; one that an interrupted create of this same resource left behind makes room.
        """
        labels = owned(LABELS.to_api(inputs.get("labels", [])), context)
        try:
            return self._make(inputs["name"], self._bytes(inputs), labels), dict(inputs)
        except api_error() as error:
            existing = self._by_name(inputs["name"])
            if error.status_code != 409 or existing is None or not is_left_behind(existing["Spec"].get("Labels"), context):
                raise
            self._remove(existing["ID"])
            return self._make(inputs["name"], self._bytes(inputs), labels), dict(inputs)

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Remove it. Docker refuses while a service uses it.
        """
        found_or_none(lambda: self._remove(id))

    def _with_found(self, inputs: Properties, spec: Mapping[str, Any]) -> Properties:
        """
        The inputs with the name and labels that Docker has.
        """
        found = dict(inputs) | {"name": spec["Name"]}
        labels = LABELS.to_property(spec.get("Labels") or {})
        if not self.is_same("labels", inputs.get("labels"), labels):
            found["labels"] = labels
        return found

    @abstractmethod
    def _bytes(self, inputs: Properties) -> bytes:
        """
        The data itself.
        """

    @abstractmethod
    def _make(self, name: str, data: bytes, labels: Mapping[str, str]) -> str:
        """
        Create one; returns its id.
        """

    @abstractmethod
    def _by_name(self, name: str) -> Mapping[str, Any] | None:
        """
        The one of exactly this name.
        """

    @abstractmethod
    def _remove(self, id: str) -> None:
        """
        Raises: docker.errors.NotFound where it is gone.
        """


class Secret(_Data):
    """
    A swarm secret. Docker never shows its data again, so a refresh keeps what is recorded and an import is refused.
    """

    token = "docker:index/secret:Secret"
    replaces = frozenset({"name", "data", "labels"})
    secret_outputs = frozenset({"data"})

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        Whether it is still there, under which name and labels.
        """
        if not inputs:
            raise FlotillaError(
                f"secret {id}: Docker does not show a secret's data, so none can be imported. Create it instead."
            )
        found = found_or_none(lambda: self.api.inspect_secret(id))
        if found is None:
            return None
        now = self._with_found(inputs, found["Spec"])
        return now, dict(now)

    def _bytes(self, inputs: Properties) -> bytes:
        return base64.b64decode(inputs["data"])

    def _make(self, name: str, data: bytes, labels: Mapping[str, str]) -> str:
        return str(self.api.create_secret(name, data, labels=dict(labels))["ID"])

    def _by_name(self, name: str) -> Mapping[str, Any] | None:
        return next((item for item in self.api.secrets(filters={"name": name}) if item["Spec"]["Name"] == name), None)

    def _remove(self, id: str) -> None:
        self.api.remove_secret(id)


class ServiceConfig(_Data):
    """
    A swarm config, given as base64 (`data`) or as it is (`dataRaw`).
    """

    token = "docker:index/serviceConfig:ServiceConfig"
    replaces = frozenset({"name", "data", "dataRaw", "labels"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        One of the two ways to give the data.
        """
        if (inputs.get("data") is None) == (inputs.get("dataRaw") is None):
            return [Failure(property="data", reason="give exactly one of data (base64) and dataRaw")]
        return super().check(inputs)

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        The config as the swarm has it, in the way that it was given.
        """
        found = found_or_none(lambda: self.api.inspect_config(id))
        if found is None:
            return None
        now = self._with_found(inputs, found["Spec"])
        encoded = found["Spec"].get("Data", "")
        if "dataRaw" in inputs:
            now["dataRaw"] = base64.b64decode(encoded).decode(errors="replace")
        else:
            now["data"] = encoded
        return now, dict(now)

    def _bytes(self, inputs: Properties) -> bytes:
        raw = inputs.get("dataRaw")
        return raw.encode() if raw is not None else base64.b64decode(inputs["data"])

    def _make(self, name: str, data: bytes, labels: Mapping[str, str]) -> str:
        return str(self.api.create_config(name, data, labels=dict(labels))["ID"])

    def _by_name(self, name: str) -> Mapping[str, Any] | None:
        return next((item for item in self.api.configs(filters={"name": name}) if item["Spec"]["Name"] == name), None)

    def _remove(self, id: str) -> None:
        self.api.remove_config(id)
