"""
SSH keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.plugins.hcloud.resource import NamedResource
from sandbox.plugins.provider import Context, Properties

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json


class SshKey(NamedResource):
    """
    A public key that servers get at their creation.
    """

    token = "hcloud:index/sshKey:SshKey"
    collection = "ssh_keys"
    document = "ssh_key"
    has_actions = False
    replaces = frozenset({"publicKey"})

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        White space around a key says nothing.
        """
        if key == "publicKey" and isinstance(old, str) and isinstance(new, str):
            return old.strip() == new.strip()
        return super().is_same(key, old, new)

    def body(self, inputs: Properties) -> Json:
        """
        All it has.
        """
        return {"name": inputs["name"], "public_key": inputs["publicKey"], "labels": inputs.get("labels")}

    def state(self, found: Json, inputs: Properties) -> Properties:
        """
        With the fingerprint.
        """
        return {
            "name": found["name"],
            "publicKey": found["public_key"],
            "fingerprint": found["fingerprint"],
            "labels": found["labels"],
        }

    def change(self, context: Context, found: Json, old: Properties, inputs: Properties) -> None:
        """
        Name and labels.
        """
        self.put(found["id"], old, inputs, "name", "labels")
