"""
Check `security`: who may get in, and what could be attacked. Its rules are in this module's neighbours, one subject each.
"""

from __future__ import annotations

from collections.abc import Iterator

from ops.audit.rule import Check, Fault, critical
from ops.audit.scene import Fleet, Scene
from ops.report import Status

CHECK = Check(name="security", title="Nobody gets in who should not")


@CHECK.rule(
    "host-key-changed",
    Fleet,
    worst=Status.CRITICAL,
    holds="every server shows the host key that was taken down at first contact",
)
def host_key_changed(fleet: Fleet, scene: Scene) -> Iterator[Fault]:
    """
    Somebody in between, or another machine at the address. Nothing was run there.
    """
    for host in scene.hosts:
        if host.is_impostor:
            yield critical(
                of=host.name,
                message="another host key is shown than the one that was taken down at first contact; nothing was run there",
                evidence=f"expected {host.host_key} at {host.address}",
                fix=f"ssh-keyscan -t ed25519 {host.address}",
            )
