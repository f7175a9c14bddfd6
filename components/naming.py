"""
What things are called, everywhere in the same way. Pure: needs no Pulumi.
"""

from __future__ import annotations

import hashlib

from settings import Role, Settings
from settings.environment import ServerPool

# Where a server's disk is mounted.
DATA = "/mnt/data"
# scrypt's cost for one guess: 16 MiB and some 40 ms. Names are not secret, so that a short digest would tell weak values apart.
WORK = {"n": 2**14, "r": 8, "p": 1}


def labels(settings: Settings) -> dict[str, str]:
    """
    What every cloud resource of the environment carries.
    """
    return {"managed-by": "flotilla", "environment": settings.environment.name}


def server_names(pool_name: str, pool: ServerPool) -> list[str]:
    """
    The names of a pool's servers. A name keeps its number, so that raising a count only adds some.
    """
    return [f"{pool_name}-{number}" for number in range(1, pool.count + 1)]


def all_servers(settings: Settings) -> dict[str, tuple[str, ServerPool]]:
    """
    Every server that there is to be: {name: (its pool's name, its pool)}.
    """
    pools = sorted(settings.environment.servers.items())
    return {name: (pool_name, pool) for pool_name, pool in pools for name in server_names(pool_name, pool)}


def volume_home(settings: Settings) -> str | None:
    """
    The server that all projects' volumes are on: the first for apps, if possible one with a disk.
    """
    apps = [(name, pool) for name, (_, pool) in all_servers(settings).items() if Role.APP in pool.roles]
    return next((name for name, pool in apps if pool.volume_gb), apps[0][0] if apps else None)


def suffix(owner: str, key: str, value: str) -> str:
    """
    8 hex digits for the name of what holds a secret value: they change with the value and cost something to compute.
    """
    digest = hashlib.scrypt(value.encode(), salt=f"{owner}/{key}".encode(), maxmem=2**26, dklen=4, **WORK)
    return digest.hex()
