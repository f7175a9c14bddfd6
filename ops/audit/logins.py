"""
Check `security`: sshd, keys, accounts, sudo.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from hosts.roles import backup_source
from ops.audit.rule import Fault, critical, degraded, unknown, warning
from ops.audit.scene import Host, Scene
from ops.audit.security import CHECK
from ops.report import Status

# What components/cloud_init.py promises, and what Debian's defaults are that nobody should have changed.
EXPECTED = {
    "permitemptypasswords": ("no",),
    "x11forwarding": ("no",),
    "allowagentforwarding": ("no",),
    "hostbasedauthentication": ("no",),
    "ignorerhosts": ("yes", "shosts-only"),
    "permituserenvironment": ("no",),
    "usepam": ("yes",),
}
LIMITS = {"maxauthtries": 4, "logingracetime": 60}
PASSWORD_OPTIONS = ("passwordauthentication", "kbdinteractiveauthentication")
ROOT_WITHOUT_PASSWORD = ("without-password", "prohibit-password", "forced-commands-only", "no")
KEY_SOURCES = {
    "authorizedkeysfile": (".ssh/authorized_keys .ssh/authorized_keys2", ".ssh/authorized_keys"),
    "authorizedkeyscommand": ("none",),
    "trustedusercakeys": ("none",),
}
# Broken or breaking. Source: RFC 9142, RFC 8758.
WEAK = ("-cbc", "arcfour", "3des", "hmac-md5", "hmac-sha1-96", "group1-sha1", "group14-sha1", "group-exchange-sha1", "ssh-dss")
ALGORITHMS = ("ciphers", "macs", "kexalgorithms", "hostkeyalgorithms")

FIRST_PERSON = 1000
LOCKED, EMPTY = "locked", "empty"
ACCOUNTS = ("root", "admin")
# The group that the role `common` puts administrators into, see hosts/roles/common/accounts.py.
ADMINISTRATORS = "flotilla-admin"
# The backup server's way in may start one program as root: hosts/roles/backup_source.py.
SUDOERS = ("root", "%sudo", "admin", f"%{ADMINISTRATORS}", f"Defaults!{backup_source.GATE}")
SUDO_RULES = (f'{backup_source.USER} ALL=(root) NOPASSWD: {backup_source.GATE} ""',)
GROUPS: Mapping[str, frozenset[str]] = {
    "sudo": frozenset({"admin"}),
    "root": frozenset({"root"}),
    "docker": frozenset(),
    "disk": frozenset(),
    "shadow": frozenset(),
}


def _set(host: Host, option: str, value: str) -> str:
    """
    The command that makes sshd say so: of several values the first counts, and this file is read first.
    """
    line = f"echo '{option} {value}' >>/etc/ssh/sshd_config.d/00-audit.conf && sshd -t && systemctl reload ssh"
    return host.command("sh", "-c", line)


def _value(sshd: Mapping[str, Any], option: str) -> str:
    return " ".join(sshd.get(option, ["none"]))


@CHECK.rule("sshd-passwords", Host, worst=Status.CRITICAL, holds="nobody logs in with a password")
def sshd_passwords(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Over SSH, in any of its ways, and root with keys only.
    """
    sshd = host.see("sshd")
    for option in PASSWORD_OPTIONS:
        if _value(sshd, option) != "no":
            yield critical(
                at=option,
                message="sshd takes passwords",
                evidence=f"sshd -T: {option} {_value(sshd, option)}",
                fix=_set(host, option, "no"),
            )
    if _value(sshd, "permitrootlogin") not in ROOT_WITHOUT_PASSWORD:
        yield critical(
            at="permitrootlogin",
            message="sshd lets root log in with a password",
            evidence=f"sshd -T: permitrootlogin {_value(sshd, 'permitrootlogin')}",
            fix=_set(host, "permitrootlogin", "prohibit-password"),
        )


@CHECK.rule("sshd-weak", Host, worst=Status.WARNING, holds="sshd offers nothing that is not needed, and no endless tries")
def sshd_weak(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    As it says of itself, not as its files read.
    """
    sshd = host.see("sshd")
    for option, accepted in EXPECTED.items():
        if _value(sshd, option) not in accepted:
            yield _weak(host, sshd, option, accepted[0])
    for option, most in LIMITS.items():
        value = _value(sshd, option)
        if not value.isdecimal() or not 0 < int(value) <= most:
            yield _weak(host, sshd, option, str(most))


def _weak(host: Host, sshd: Mapping[str, Any], option: str, better: str) -> Fault:
    return warning(
        at=option,
        message=f"sshd is weaker than it has to be: {option} should be {better}",
        evidence=f"sshd -T: {option} {_value(sshd, option)}",
        fix=_set(host, option, better),
    )


@CHECK.rule("sshd-algorithms", Host, worst=Status.WARNING, holds="sshd offers no broken algorithm")
def sshd_algorithms(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Ciphers, MACs, key exchanges and host keys.
    """
    sshd = host.see("sshd")
    for option in ALGORITHMS:
        offered = _value(sshd, option).split(",")
        weak = [name for name in offered if any(part in name for part in WEAK)]
        if weak:
            yield warning(
                at=option,
                message="sshd offers algorithms that are broken",
                evidence=", ".join(weak),
                fix=_set(host, option, "-" + ",".join(weak)),
            )


@CHECK.rule("sshd-key-source", Host, worst=Status.CRITICAL, holds="sshd takes keys from nowhere but each account's own file")
def sshd_key_source(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Elsewhere, keys that this audit does not see would open the server.
    """
    sshd = host.see("sshd")
    for option, accepted in KEY_SOURCES.items():
        if _value(sshd, option) not in accepted:
            yield critical(
                at=option,
                message="sshd takes keys from somewhere that nobody declared",
                evidence=f"sshd -T: {option} {_value(sshd, option)}",
                fix=host.command("grep", "-rni", option, "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"),
            )


@CHECK.rule(
    "key-unknown", Host, worst=Status.CRITICAL, holds="no account takes a key that is not an administrator's in the settings"
)
def key_unknown(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Administrators' keys for root and `admin`, each one's own for an account of their name, the derived one for an account by
    which servers log in to each other, and none for any other.
    """
    keys, services = scene.wanted["admin_keys"], scene.wanted["service_keys"]
    for account in host.see("accounts"):
        name = account["name"]
        allowed = set(keys.values()) if name in ACCOUNTS else {keys.get(name) or services.get(name)}
        for key in account["keys"]:
            if name in services and services[name] is None:
                yield unknown(
                    at=name,
                    message="whose key it takes cannot be said without the environment's key",
                    evidence=f"{key.split()[0]} {fingerprint(key.split()[1])}",
                    fix=f"pulumi config -s {scene.stack}",
                )
            elif key not in allowed:
                blob = key.split()[1]
                yield critical(
                    at=account["name"],
                    message="it takes a key that is no administrator's",
                    evidence=f"{key.split()[0]} {fingerprint(blob)}",
                    fix=host.command("sed", "-i", f"\\|{blob}|d", f"{account['home']}/.ssh/authorized_keys"),
                )


@CHECK.rule("key-missing", Host, worst=Status.WARNING, holds="every administrator in the settings may log in")
def key_missing(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    In whichever account: whoever is called at night has to get in.
    """
    there = {key for account in host.see("accounts") for key in account["keys"]}
    for name, key in sorted(scene.wanted["admin_keys"].items()):
        if key not in there:
            line = f"echo '{key}' >>/home/admin/.ssh/authorized_keys"
            yield warning(
                at=name,
                message=f"the administrator {name} cannot log in",
                evidence=f"{key.split()[0]} {fingerprint(key.split()[1])} is in no account",
                fix=host.command("sh", "-c", line),
            )


def fingerprint(blob: str) -> str:
    """
    A key's fingerprint, as ssh shows it.
    """
    try:
        digest = hashlib.sha256(base64.b64decode(blob, validate=True)).digest()
    except binascii.Error:
        return "(not a key)"
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@CHECK.rule(
    "account-unknown", Host, worst=Status.CRITICAL, holds="nobody has an account but root, `admin` and the administrators"
)
def account_unknown(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    People's accounts, and any other that is root under another name. Those of services are below 1000.
    """
    for account in host.see("accounts"):
        is_administrator = account["name"] in scene.wanted["admin_keys"] and account["uid"] != 0
        if account["name"] in ACCOUNTS or is_administrator:
            continue
        make = critical if account["uid"] == 0 else degraded
        if account["uid"] == 0 or account["uid"] >= FIRST_PERSON:
            yield make(
                at=account["name"],
                message="an account is root under another name" if account["uid"] == 0 else "an account that nobody declared",
                evidence=f"uid {account['uid']}, {account['shell']}",
                fix=host.command("usermod", "--lock", "--expiredate", "1", "--shell", "/usr/sbin/nologin", account["name"]),
            )


@CHECK.rule("password-set", Host, worst=Status.CRITICAL, holds="no account has a password")
def password_set(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    An empty one opens the account to everybody who is on the server.
    """
    for account in host.see("accounts"):
        state = account["password"]
        if state != LOCKED:
            make = critical if state == EMPTY else warning
            yield make(
                at=account["name"],
                message=f"its password is {state}",
                evidence=f"/etc/shadow: {account['name']}",
                fix=host.command("passwd", "--lock", account["name"]),
            )


@CHECK.rule("sudoer-unknown", Host, worst=Status.CRITICAL, holds="nobody but `admin` and the administrators may become root")
def sudoer_unknown(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By sudo's rules, or by a group that is as good.
    """
    sudo = host.see("sudo")
    for row in sudo["rules"]:
        if row["rule"].split()[0] not in SUDOERS and row["rule"] not in SUDO_RULES:
            in_main = row["file"] == "/etc/sudoers"
            yield critical(
                at=row["rule"].split()[0],
                message="sudo has a rule that nobody declared",
                evidence=f"{row['file']}: {row['rule']}",
                fix=host.command(*(["visudo"] if in_main else ["rm", row["file"]])),
            )
    allowed = {**GROUPS, ADMINISTRATORS: frozenset({"admin", *scene.wanted["admin_keys"]})}
    for group, members in sudo["groups"].items():
        for member in sorted(set(members) - allowed.get(group, frozenset(members))):
            yield critical(
                at=member,
                message=f"it is in the group {group}, which is as good as root",
                evidence=f"{group}: {', '.join(members)}",
                fix=host.command("gpasswd", "--delete", member, group),
            )
