"""
Programs of the role `common`, as far as they can be run without a server: see tests/integration/hosts for the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hosts.programs import firewall, login_defs, swap, sysctl

GIB = 1024**3
RULES: dict[str, Any] = {
    "text": "",
    "table": "flotilla",
    "admitted": ["203.0.113.0/28", "2001:db8:42::/48", "10.0.0.0/16"],
    "is_sandbox": False,
}


@pytest.mark.parametrize(
    ("memory_gib", "free_gib", "expected_gib"),
    [(0.5, 40, 1), (4, 40, 2), (16, 160, 4), (64, 600, 4), (4, 9, 2), (4, 7, 0), (2, 1, 0)],
)
def test_swap_is_half_the_memory_and_never_what_fills_the_disk(memory_gib: float, free_gib: int, expected_gib: int) -> None:
    """Between 1 and 4 GiB, at most a quarter of what is free."""
    assert swap.size_bytes(int(memory_gib * GIB), free_gib * GIB) == expected_gib * GIB


@pytest.mark.parametrize("client", ["203.0.113.5", "::ffff:203.0.113.5", "2001:db8:42::1", "10.0.3.4"])
def test_rules_that_let_the_connection_in_are_taken(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where sshd tells an IPv4 address as an IPv6 one."""
    monkeypatch.setenv("SSH_CONNECTION", f"{client} 50000 192.0.2.1 22")
    firewall._refuse_to_lock_out(RULES)


@pytest.mark.parametrize("client", ["203.0.113.16", "2001:db8:43::1", "100.64.0.1", "192.0.2.9", "fe80::1%eth0"])
def test_rules_that_would_lock_the_connection_out_are_refused(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the setting; nothing is asked of nft before."""
    monkeypatch.setenv("SSH_CONNECTION", f"{client} 50000 192.0.2.1 22")
    with pytest.raises(ValueError, match=r"^access.sources: .*would be locked out"):
        firewall._refuse_to_lock_out(RULES)


def test_the_sandbox_is_reached_from_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the address that its machines see."""
    monkeypatch.setenv("SSH_CONNECTION", "100.64.12.1 50000 100.64.12.3 22")
    firewall._refuse_to_lock_out({**RULES, "is_sandbox": True})


def test_values_are_set_where_the_package_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once each, nothing else is touched; a look changes nothing, and the second time there is nothing to do."""
    file = tmp_path / "login.defs"
    file.write_text("# UMASK is told here\nUMASK\t\t022\nUMASK_OTHER 1\nUID_MIN 1000\nUMASK 077\n")
    monkeypatch.setattr(login_defs, "FILE", file)
    data = {"values": {"UMASK": "027", "HOME_MODE": "0700"}}
    before = file.read_text()
    seen = login_defs.converge(data, True)

    assert file.read_text() == before
    assert seen == login_defs.converge(data, False) == ["HOME_MODE: not set -> 0700", "UMASK: 022 077 -> 027"]
    assert file.read_text() == "# UMASK is told here\nUMASK_OTHER 1\nUID_MIN 1000\nHOME_MODE\t0700\nUMASK\t027\n"
    assert login_defs.converge(data, True) == []


def test_kernel_settings_are_compared_with_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not have is left alone, and what is stricter stays."""
    monkeypatch.setattr(sysctl, "FOLDER", tmp_path)
    for name, value in {"net/a": "0\n", "net/b": "1\n", "kernel/unprivileged_bpf_disabled": "2\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(value)
    data = {"values": {"net.a": "1", "net.b": "1", "net.c": "1", "kernel.unprivileged_bpf_disabled": "1"}}

    assert sysctl.converge(data, True) == ["net.a: 0 -> 1"]
    assert (tmp_path / "net/a").read_text() == "0\n"
    assert sysctl.converge(data, False) == ["net.a: 0 -> 1"]
    assert sysctl.converge(data, False) == []
