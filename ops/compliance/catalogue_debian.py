"""
Sections of the CIS Debian Linux 12 Benchmark, as far as the audit sees what the roles set.

Source: CIS Debian Linux 12 Benchmark v1.1.0, sections and items as the rules of this repository cite
them: not compared with the benchmark itself.
"""

from __future__ import annotations

from ops.compliance.control import Control, Framework

ROLE = "drift.role-differs"


def _section(
    item: str,
    title: str,
    *checks: str,
    policies: tuple[str, ...] = (),
    facts: tuple[str, ...] = (),
    beyond: str = "",
    outside: str = "",
) -> Control:
    return Control(
        id=f"debian-{item}",
        framework=Framework.DEBIAN,
        item=item,
        title=title,
        policies=policies,
        checks=checks,
        facts=facts,
        beyond=beyond,
        outside=outside,
    )


CONTROLS = (
    _section("1.1.1", "File systems that nobody needs cannot be loaded", ROLE),
    _section(
        "1.1.2",
        "Folders that all may write to are on parts of the disk of their own",
        outside="Hetzner's images have one root disk; data is on a volume, logs and images are bounded: docs/security.md",
    ),
    _section(
        "1.2.2", "Updates are installed", "hosts.updates-pending", "hosts.reboot-required", facts=("updates-by-themselves",)
    ),
    _section("1.5", "The kernel makes attacks on processes hard", "security.sysctl-weak", ROLE),
    _section("2.3", "Clocks agree", "hosts.clock-wrong", "hosts.clock-unsynchronized"),
    _section("3.2", "Network protocols that nobody needs cannot be loaded", ROLE),
    _section("3.3", "The kernel passes on and believes no strange packets", "security.sysctl-weak"),
    _section(
        "4",
        "One firewall on the machine drops what is not named",
        *("security.host-firewall-open", "security.port-exposed", "security.port-open"),
        policies=("server-without-firewall",),
    ),
    _section("5.1", "sshd offers only what is needed, by strong algorithms", "security.sshd-weak", "security.sshd-algorithms"),
    _section(
        "5.1.19",
        "Empty passwords open nothing",
        "security.sshd-passwords",
        "security.password-set",
        policies=("user-data-password-login",),
    ),
    _section(
        "5.1.20",
        "root does not log in",
        "security.sshd-passwords",
        policies=("user-data-root-password-login",),
        beyond="root logs in by an administrator's key, for deployments: docs/security.md",
    ),
    _section("5.2", "Only named people become root, and that is recorded", "security.sudoer-unknown", ROLE),
    _section("5.4", "Accounts are known, and none has a password", "security.account-unknown", "security.password-set"),
    _section("6.1", "The journal keeps what happens", ROLE, policies=("log-retention",), facts=("logs-kept",)),
    _section("6.2", "Changes of access and what root runs are recorded", ROLE),
    _section(
        "6.3",
        "Changed files are noticed",
        ROLE,
        beyond="there is no integrity tool with a record of its own: docs/security.md says why",
    ),
    _section("7.1", "Programs that run as root for anybody are known", "security.suid-unknown"),
    _section("7.2", "Users and groups are consistent", "security.account-unknown", ROLE),
)
