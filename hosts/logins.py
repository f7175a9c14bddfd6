"""
The names that projects log in to their databases by.

Nobody logs in as the group that has the rights: logins are `<database>_<kind>_<generation>`, of the generation of now and the
one before. So a password is changed by making another login, while the old one goes on working until the next change.
"""

from __future__ import annotations

OWNER, APP, READ = KINDS = ("owner", "app", "read")


def login(database: str, kind: str, generation: int) -> str:
    """
    One login's name.
    """
    return f"{database}_{kind}_{generation}"


def generations(now: int) -> list[int]:
    """
    Those whose passwords work.
    """
    return [now, now - 1] if now > 1 else [now]


def purpose(database: str, kind: str, generation: int) -> tuple[str | int, ...]:
    """
    What its password is derived for: see hosts/keys.py.
    """
    return ("postgresql", database, kind, generation)
