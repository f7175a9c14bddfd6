"""
What settings say and outputs do not: who may log in, what is to be released, further DNS records, whom to trust.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hosts import ssh_key
from hosts.roles import backup_source
from ops.errors import SettingsError
from settings import Settings
from settings.releases import releases_file


def wanted(settings: Settings, key: str) -> dict[str, Any]:
    """
    As plain data. `admin_keys` is {administrator: `type blob`}; `service_keys` the keys by which servers log in to each other,
    {account: `type blob`}, None where the environment's `key` is not at hand; `releases` is {project: images}, None without a
    file; `paths` is where the health of a site is asked, for those that have such a path: {host name: path}. `secrets` has the
    day on which each was set, None where nobody knows, and for how many days that is good.
    """
    dns = settings.environment.dns
    return {
        "admin_keys": admin_keys(settings),
        "service_keys": {backup_source.USER: ssh_key.public(key, "backup", "ssh") if key else None},
        "releases": _releases(settings) if releases_file(settings.root, settings.stack).exists() else None,
        "records": [_record(record) for record in dns.records],
        "is_proxied": dns.proxied,
        "paths": _paths(settings),
        "secrets": {
            "rotation_days": settings.environment.secret_rotation_days,
            "set_on": {".".join(path): day.isoformat() if day else None for path, day in settings.secrets_set.items()},
        },
    }


def _paths(settings: Settings) -> dict[str, str]:
    processes = [process for project, _ in settings.served for process in project.all_processes().values()]
    return {
        name: process.health.path
        for process in processes
        if process.health and process.health.path
        for name in settings.hostnames(process)
    }


def _record(record: Any) -> dict[str, Any]:
    content = f"{record.priority} {record.content}" if record.priority is not None else record.content
    return {"name": record.name, "kind": record.type.value, "content": content, "is_proxied": record.proxied}


def admin_keys(settings: Settings) -> dict[str, str]:
    """
    The administrators' public keys without their comments: {administrator: `type blob`}.

    Raises: SettingsError where the file that has one cannot be read.
    """
    access = settings.environment.access
    keys = dict(access.public_keys)
    if access.public_key_file:
        keys["sandbox"] = _read(settings.root, access.public_key_file, "access.public_key_file")
    return {name: " ".join(key.split()[:2]) for name, key in keys.items()}


def private_key(settings: Settings) -> Path | None:
    """
    The file of the key that logs in; None where the SSH agent has it.

    Raises: SettingsError where the file is not there.
    """
    file = settings.environment.access.private_key_file
    if not file:
        return None
    _read(settings.root, file, "access.private_key_file")
    return settings.root / Path(file).expanduser()


def authority(settings: Settings) -> Path | None:
    """
    The certificate that visitors trust beside the well-known ones; None where it is one of those.
    """
    own = settings.environment.ingress.tls.authority
    return settings.root / Path(own.certificate_file).expanduser() if own else None


def _releases(settings: Settings) -> dict[str, list[str]]:
    found = {}
    for project, releases in settings.served:
        names = project.all_processes()
        found[project.name] = sorted({release.image_of(name) for release in releases.serving for name in names})
    return found


def _read(root: Path, file: str, setting: str) -> str:
    try:
        return (root / Path(file).expanduser()).read_text()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise SettingsError(f"{setting}: {file}: {reason}. Nothing was looked at. Correct the path.") from None
