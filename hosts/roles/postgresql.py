"""
PostgreSQL: its cluster on the server's disk, its configuration, its certificate, and the projects' databases and roles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hosts import authority
from hosts.host import Host
from hosts.items import Directory, File, Item, Packages, Program, Unit
from hosts.roles import postgresql_conf as conf
from hosts.roles import postgresql_roles as who

# The one that Debian 12 has; others come from PostgreSQL's own archive.
DEBIAN_VERSION = 15
OWNER = "postgres"
LIBRARY = "/usr/local/lib/flotilla"
AUTHORITY = "/etc/flotilla/authority.crt"
SCRIPTS = Path(__file__).parents[1] / "files"
# The key is the one that Debian ships in postgresql-common. Source: wiki.postgresql.org/wiki/Apt, read 2026-11-26.
PGDG = """\
# Written by Flotilla; changes are lost.
Types: deb
URIs: https://apt.postgresql.org/pub/repos/apt
Suites: bookworm-pgdg
Components: main
Signed-By: /usr/share/postgresql-common/pgdg/apt.postgresql.org.asc
"""
PINNED = """\
# Written by Flotilla; changes are lost.
# From there come PostgreSQL itself and nothing that Debian has, such as pgBackRest or the exporters.
Package: *
Pin: release o=apt.postgresql.org
Pin-Priority: 100

Package: postgresql-{version} postgresql-client-{version} postgresql-common postgresql-client-common libpq5
Pin: release o=apt.postgresql.org
Pin-Priority: 600
"""


def unit(version: int) -> str:
    """
    The cluster's systemd unit.
    """
    return f"postgresql@{version}-{conf.CLUSTER}.service"


def wanted(host: Host) -> Sequence[Item]:
    """
    Everything about PostgreSQL, in the order in which it can be made.
    """
    told = host.roles["db"]
    return [*packages(told["version"]), *_cluster(told), *certificate(host, told), *_service(told), *_contents(host, told)]


def packages(version: int) -> list[Item]:
    """
    PostgreSQL of that version, without the cluster that its package would make.
    """
    source: list[Item] = []
    if version != DEBIAN_VERSION:
        source = [
            # It has the key that the source below is checked by.
            Packages(names=("postgresql-common", "ca-certificates")),
            File(path="/etc/apt/preferences.d/flotilla-postgresql", content=PINNED.format(version=version)),
            File(path="/etc/apt/sources.list.d/flotilla-postgresql.sources", content=PGDG),
        ]
    return [
        File(path="/etc/postgresql-common/createcluster.conf", content="create_main_cluster = false\n"),
        *source,
        Packages(names=(f"postgresql-{version}", f"postgresql-client-{version}", "postgresql-common")),
    ]


def _cluster(told: Mapping[str, Any]) -> list[Item]:
    version = told["version"]
    # Reloaded where that is enough, restarted where it is not: the script asks the cluster.
    apply = (f"{LIBRARY}/postgresql-apply", str(version))
    data = {"version": version, "directory": told["data_directory"], "disk": told["disk_mount"]}
    files = [
        File(path=f"{conf.folder(version)}/{name}", content=content, mode=0o640, notify=(apply,), owner=OWNER, group=OWNER)
        for name, content in conf.files(told).items()
    ]
    return [
        File(path=f"{LIBRARY}/postgresql-apply", content=script("postgresql-apply"), mode=0o755),
        File(path=f"{LIBRARY}/await-address", content=script("await-address"), mode=0o755),
        File(path=f"{LIBRARY}/postgresql-upgrade", content=script("postgresql-upgrade"), mode=0o755),
        Program(program="postgresql_cluster", data=data, title=f"cluster {version}/{conf.CLUSTER}"),
        Directory(path=f"/etc/postgresql/{version}", owner=OWNER, group=OWNER),
        Directory(path=conf.folder(version), owner=OWNER, group=OWNER),
        Directory(path=f"{conf.folder(version)}/conf.d", owner=OWNER, group=OWNER),
        *files,
    ]


def certificate(host: Host, told: Mapping[str, Any]) -> list[Item]:
    """
    The server's certificate, and the authority that it is checked by.
    """
    pair = authority.server(host.key, host.name, told["address"])
    apply = (f"{LIBRARY}/postgresql-apply", str(told["version"]))
    return [
        File(path=AUTHORITY, content=authority.certificate(host.key)),
        Directory(path=conf.TLS, mode=0o750, owner=OWNER, group=OWNER),
        File(
            path=f"{conf.TLS}/server.key",
            content=pair.private_key,
            mode=0o600,
            owner=OWNER,
            group=OWNER,
            is_secret=True,
            notify=(apply,),
        ),
        File(path=f"{conf.TLS}/server.crt", content=pair.certificate, owner=OWNER, group=OWNER, notify=(apply,)),
    ]


def _service(told: Mapping[str, Any]) -> list[Item]:
    name = unit(told["version"])
    drop_in = f"""\
# Written by Flotilla; changes are lost.
[Unit]
RequiresMountsFor={told["data_directory"]}
Wants=network-online.target
After=network-online.target

[Service]
# The private address may come late; PostgreSQL would do without it, and nobody could reach it.
ExecStartPre={LIBRARY}/await-address {told["address"]}
"""
    return [
        File(path=f"/etc/systemd/system/{name}.d/flotilla.conf", content=drop_in),
        Unit(unit="postgresql.service", is_running=None),
        Unit(unit=name, is_enabled=None),
    ]


def _contents(host: Host, told: Mapping[str, Any]) -> list[Item]:
    cluster = told["data_directory"]
    return [
        Program(program="postgresql_roles", data={"roles": who.roles(host, told), "cluster": cluster}, title="database roles"),
        Program(program="postgresql_databases", data={"databases": who.databases(told), "cluster": cluster}, title="databases"),
    ]


def script(name: str) -> str:
    """
    A file that a role puts on servers as it is.
    """
    return (SCRIPTS / name).read_text()
