"""
Who can reach what from outside: Hetzner's firewalls, one rule entry at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, get, text
from policies.framework.kinds import FIREWALL

from .ports import covers, width
from .references import anssi_hygiene, cwe

WORLD = frozenset({"0.0.0.0/0", "::/0"})
SSH = (22,)
DATABASES = (1433, 1521, 3306, 5432, 6379, 6432, 9200, 11211, 27017)
# 2375 and 2376 are the API's, 2377, 7946 and 4789 the swarm's. Source: docs.docker.com, "Run Docker Engine in swarm mode".
DOCKER = (2375, 2376, 2377, 4789, 7946)
WEB = ("tcp/80", "tcp/443", "udp/443")
SEPARATED = anssi_hygiene(23, "separate the services visible from the Internet from the rest")


def firewall(*rules: Any, roles: Any = "app.ingress") -> Resource:
    """
    An example of a firewall.
    """
    return Resource(type=FIREWALL, name="app", props={"name": "app", "labels": {"roles": roles}, "rules": list(rules)})


def allow(port: Any, *sources: Any, protocol: Any = "tcp") -> dict[str, Any]:
    """
    An example of an entry that lets something in.
    """
    return {"direction": "in", "protocol": protocol, "port": port, "sourceIps": list(sources)}


def entries(resource: Resource, *protocols: str) -> Iterator[Mapping[str, Any]]:
    """
    The entries for what comes in by one of these protocols.
    """
    for entry in each(resource.props, "rules"):
        if text(entry, "direction") == "in" and text(entry, "protocol") in protocols:
            yield entry


def outside(entry: Mapping[str, Any]) -> str:
    """
    The parts of the world that an entry lets in, for a message; empty where it lets in ranges only.
    """
    found = {source for source in each(entry, "sourceIps") if isinstance(source, str)}
    return " and ".join(sorted(WORLD & found))


def _open_ports(resource: Resource, options: Options) -> Iterator[str]:
    for entry in entries(resource, "tcp", "udp"):
        world = outside(entry)
        for port in options["ports"] if world else ():
            if covers(text(entry, "port"), port):
                yield f"{text(entry, 'protocol')} port {port} is open to {world}"


SSH_TO_WORLD = Rule(
    id="ssh-open-to-world",
    description="SSH is reachable from the administrators' address ranges only.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="List the administrators' ranges in `access.sources` in Pulumi.<stack>.yaml.",
    references=(cwe(668, "exposure of resource to wrong sphere"), SEPARATED),
    options={"ports": Option(SSH, "Ports that SSH listens on.")},
    check=_open_ports,
    fixtures=Fixtures(
        passes=[firewall(allow("22", "203.0.113.0/28"), allow("443", "0.0.0.0/0"))],
        fails=[firewall(allow("22", "0.0.0.0/0")), firewall(allow("20-30", UNKNOWN, "::/0"))],
        unknown=[firewall(allow("22", UNKNOWN)), firewall(allow(UNKNOWN, "0.0.0.0/0"))],
        absent=[firewall()],
        absent_fails=False,
    ),
)

DATABASE_TO_WORLD = Rule(
    id="database-open-to-world",
    description="No database or cache is reachable from the Internet.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="Take the entry out of the firewall: databases are reached through the private network.",
    references=(cwe(668, "exposure of resource to wrong sphere"), SEPARATED),
    options={"ports": Option(DATABASES, "Ports of databases, caches and search engines.")},
    check=_open_ports,
    fixtures=Fixtures(
        passes=[firewall(allow("443", "0.0.0.0/0"), allow("5432", "203.0.113.0/28"))],
        fails=[firewall(allow("5432", "0.0.0.0/0")), firewall(allow("6000-7000", "::/0"))],
        unknown=[firewall(allow(UNKNOWN, "0.0.0.0/0")), firewall(allow("5432", UNKNOWN))],
        absent=[firewall({"direction": "in", "protocol": "tcp", "port": "5432"})],
        absent_fails=False,
    ),
)

DOCKER_TO_WORLD = Rule(
    id="docker-api-open-to-world",
    description="Neither Docker's API nor the swarm is reachable from the Internet.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="Take the entry out of the firewall: Docker is reached by SSH, and nodes through the private network.",
    references=(cwe(668, "exposure of resource to wrong sphere"), SEPARATED),
    options={"ports": Option(DOCKER, "Ports of Docker's API and of the swarm.")},
    check=_open_ports,
    fixtures=Fixtures(
        passes=[firewall(allow("443", "0.0.0.0/0"))],
        fails=[firewall(allow("2375", "0.0.0.0/0")), firewall(allow("4789", "::/0", protocol="udp"))],
        unknown=[firewall(allow("2375", UNKNOWN)), firewall(UNKNOWN)],
        absent=[Resource(type=FIREWALL, props={"name": "app"})],
        absent_fails=False,
    ),
)


def _wide_ports(resource: Resource, options: Options) -> Iterator[str]:
    for entry in entries(resource, "tcp", "udp"):
        ports, world = text(entry, "port"), outside(entry)
        if world and width(ports) > options["most"]:
            yield f"{text(entry, 'protocol')} ports {ports} are open to {world}"


ANY_PORT_TO_WORLD = Rule(
    id="any-port-open-to-world",
    description="Ports are opened to the Internet one by one, not in ranges.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="Name the ports that a role needs, each in an entry of its own.",
    references=(SEPARATED,),
    options={"most": Option(1, "How many ports one entry may open.")},
    check=_wide_ports,
    fixtures=Fixtures(
        passes=[firewall(allow("443", "0.0.0.0/0"), allow("any", "203.0.113.0/28"))],
        fails=[firewall(allow("any", "0.0.0.0/0")), firewall(allow("8000-9000", "::/0", protocol="udp"))],
        unknown=[firewall(allow(UNKNOWN, "0.0.0.0/0")), firewall(allow("any", UNKNOWN))],
        absent=[firewall({"direction": "in", "protocol": "icmp", "sourceIps": ["0.0.0.0/0"]})],
        absent_fails=False,
    ),
)


def _wide_sources(resource: Resource, options: Options) -> Iterator[str]:
    for entry in entries(resource, "tcp"):
        if any(covers(text(entry, "port"), port) for port in SSH):
            for source in each(entry, "sourceIps"):
                if isinstance(source, str) and source not in WORLD and _is_wide(source, options):
                    yield f"SSH is open to {source}"


def _is_wide(source: str, options: Options) -> bool:
    try:
        network = ip_network(source, strict=False)
    except ValueError:
        return True  # nobody can say how many addresses that is
    shortest = options["ipv4_prefix"] if network.version == 4 else options["ipv6_prefix"]
    return network.prefixlen < int(shortest) and not network.is_loopback


ADMIN_RANGE = Rule(
    id="admin-range-too-wide",
    description="Administrators come from few addresses.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="Narrow `access.sources` in Pulumi.<stack>.yaml to the office's or the VPN's own range.",
    references=(anssi_hygiene(28, "use a dedicated, separate network for administration"),),
    options={
        "ipv4_prefix": Option(22, "The shortest prefix of an IPv4 range, in bits."),
        "ipv6_prefix": Option(44, "The shortest prefix of an IPv6 range, in bits."),
    },
    check=_wide_sources,
    fixtures=Fixtures(
        passes=[firewall(allow("22", "203.0.113.0/28", "2001:db8:42::/48", "127.0.0.0/8"))],
        fails=[firewall(allow("22", "203.0.0.0/16")), firewall(allow("22", UNKNOWN, "2001:db8::/32"))],
        unknown=[firewall(allow("22", UNKNOWN))],
        absent=[firewall({"direction": "in", "protocol": "tcp", "port": "22"})],
        absent_fails=False,
    ),
)


def _needed(roles: str, options: Options) -> set[str]:
    ingress = options["ingress"] if "ingress" in roles.split(".") else ()
    return {*options["everywhere"], *ingress}


def _unneeded(resource: Resource, options: Options) -> Iterator[str]:
    roles = get(resource.props, "labels.roles")
    if not isinstance(roles, str):
        return
    for entry in entries(resource, "tcp", "udp", "gre", "esp"):
        if get(entry, "port") is UNKNOWN:
            continue
        name = "/".join(filter(None, (text(entry, "protocol"), text(entry, "port"))))
        if name not in _needed(roles, options):
            yield f"{name} is let in, which none of the roles {roles.replace('.', ', ')} needs"


UNNEEDED_PORT = Rule(
    id="port-without-role",
    description="A firewall lets in what the servers' roles need, and nothing else.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="Take the entry out of the firewall, or give the pool the role that needs it.",
    references=(SEPARATED,),
    options={
        "everywhere": Option(("tcp/22",), "What every server needs, as protocol/port."),
        "ingress": Option(WEB, "What servers with the role `ingress` need besides."),
    },
    check=_unneeded,
    fixtures=Fixtures(
        passes=[
            firewall(allow("22", "203.0.113.0/28"), allow("443", "0.0.0.0/0"), allow("443", "::/0", protocol="udp")),
            firewall(allow(None, "0.0.0.0/0", protocol="icmp"), roles="db"),
        ],
        fails=[firewall(allow("443", "0.0.0.0/0"), roles="db.backup"), firewall(allow("8080", "203.0.113.0/28"))],
        unknown=[firewall(allow("8080", "0.0.0.0/0"), roles=UNKNOWN), firewall(allow(UNKNOWN, "0.0.0.0/0"))],
        absent=[Resource(type=FIREWALL, props={"rules": [allow("8080", "0.0.0.0/0")]})],
        absent_fails=False,
    ),
)


def _database_exposed(resource: Resource, options: Options) -> Iterator[str]:
    roles = text(resource.props, "labels.roles").split(".")
    if "db" not in roles:
        return
    for entry in entries(resource, "tcp", "udp"):
        world, ports = outside(entry), text(entry, "port")
        if world and ports and ports not in map(str, options["ports"]):
            yield f"{text(entry, 'protocol')} {ports} of servers with databases is open to {world}"


DATABASE_SERVER = Rule(
    id="database-server-exposed",
    description="A server with databases offers nothing to the Internet.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="Give the role `db` a pool of its own in `servers` in Pulumi.<stack>.yaml, without the role `ingress`.",
    references=(SEPARATED,),
    options={"ports": Option((), "Ports that may be open to the Internet all the same.")},
    check=_database_exposed,
    fixtures=Fixtures(
        passes=[firewall(allow("22", "203.0.113.0/28"), roles="db"), firewall(allow("443", "0.0.0.0/0"), roles="app")],
        fails=[firewall(allow("443", "0.0.0.0/0"), roles="app.db.ingress"), firewall(allow("5432", "::/0"), roles="db")],
        unknown=[firewall(allow("443", "0.0.0.0/0"), roles=UNKNOWN), firewall(allow(UNKNOWN, "::/0"), roles="db")],
        absent=[firewall(roles="db")],
        absent_fails=False,
    ),
)

RULES = (
    SSH_TO_WORLD,
    DATABASE_TO_WORLD,
    DOCKER_TO_WORLD,
    ANY_PORT_TO_WORLD,
    ADMIN_RANGE,
    UNNEEDED_PORT,
    DATABASE_SERVER,
)
