"""
Have exactly these roles in PostgreSQL, with these attributes, memberships, settings and passwords.

Older logins of a project's groups go, and nobody but `postgres` is a superuser. Other roles are left alone: pg_hba.conf lets
none of them in. Passwords come as SCRAM verifiers, so that nothing that could be logged is one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hosts.agent.postgres import document, name, psql, text

LOOK = """
SELECT coalesce(json_object_agg(rolname, json_build_object(
    'super', rolsuper, 'create_role', rolcreaterole, 'create_database', rolcreatedb, 'replication', rolreplication,
    'bypass', rolbypassrls, 'inherit', rolinherit, 'login', rolcanlogin, 'connections', rolconnlimit,
    'verifier', rolpassword, 'expires', rolvaliduntil,
    'settings', (SELECT setconfig FROM pg_db_role_setting WHERE setrole = r.oid AND setdatabase = 0),
    'member_of', (SELECT json_agg(g.rolname) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                  WHERE m.member = r.oid)
)), '{}') FROM pg_authid r WHERE rolname !~ '^pg_';
"""
ATTRIBUTES = {
    "super": ("SUPERUSER", "NOSUPERUSER"),
    "create_role": ("CREATEROLE", "NOCREATEROLE"),
    "create_database": ("CREATEDB", "NOCREATEDB"),
    "replication": ("REPLICATION", "NOREPLICATION"),
    "bypass": ("BYPASSRLS", "NOBYPASSRLS"),
    "inherit": ("INHERIT", "NOINHERIT"),
    "login": ("LOGIN", "NOLOGIN"),
}
Change = tuple[str, str]


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    """
    `data`: `roles`, as hosts/roles/postgresql_roles.py has them, and `cluster`, where the cluster's files are.
    """
    if dry and not Path(data["cluster"], "PG_VERSION").is_file():
        return [f"make role {role['name']}" for role in data["roles"]]
    found = document(LOOK)
    changes = decide(data["roles"], found)
    old = outdated(data["roles"], found)
    if not dry:
        if changes:
            psql("BEGIN;\n" + "".join(f"{sql};\n" for _, sql in changes) + "COMMIT;\n")
        for name in old:
            remove(name)
    return [*(fact for fact, _ in changes if fact), *(f"remove role {name}" for name in old)]


def decide(wanted: list[dict[str, Any]], found: dict[str, Any]) -> list[Change]:
    """
    What has to be done: (fact, statement). Roles first, then what refers to them.
    """
    made: list[Change] = []
    for role in wanted:
        if role["name"] not in found:
            made.append((f"make role {role['name']}", f"CREATE ROLE {name(role['name'])}"))
    changes = [change for role in wanted for change in _role(role, found.get(role["name"]))]
    ours = {role["name"] for role in wanted} | {"postgres"}
    stray = [role for role, state in sorted(found.items()) if state["super"] and role not in ours]
    return [*made, *changes, *((f"{role} is no superuser", f"ALTER ROLE {name(role)} NOSUPERUSER") for role in stray)]


def _role(role: dict[str, Any], found: dict[str, Any] | None) -> list[Change]:
    user = name(role["name"])
    # A role that was just made: PostgreSQL's defaults.
    there = found or {**dict.fromkeys(ATTRIBUTES, False), "inherit": True, "connections": -1, "verifier": None}
    changes: list[Change] = []

    def change(fact: str, sql: str) -> None:
        # Of a new role, one fact says it all.
        changes.append((fact if found else "", sql))

    is_login = role["verifier"] is not None
    wanted = {**dict.fromkeys(ATTRIBUTES, False), "inherit": True, "login": is_login, "replication": role["is_replicating"]}
    for attribute, words in ATTRIBUTES.items():
        if there[attribute] != wanted[attribute]:
            word = words[0] if wanted[attribute] else words[1]
            change(f"{role['name']}: {word}", f"ALTER ROLE {user} {word}")
    if there["connections"] != role["connections"]:
        change(f"{role['name']}: connection limit", f"ALTER ROLE {user} CONNECTION LIMIT {int(role['connections'])}")
    if there["verifier"] != role["verifier"]:
        change(f"{role['name']}: password", f"ALTER ROLE {user} PASSWORD {text(role['verifier'])}")
    if there.get("expires") not in (None, "infinity"):
        change(f"{role['name']}: does not expire", f"ALTER ROLE {user} VALID UNTIL 'infinity'")
    _settings(role, there.get("settings") or [], change)
    _memberships(role, set(there.get("member_of") or []), change)
    return changes


def _settings(role: dict[str, Any], there: list[str], change: Any) -> None:
    user, found = name(role["name"]), dict(setting.partition("=")[::2] for setting in there)
    for key in sorted(found.keys() - role["settings"].keys()):
        change(f"{role['name']}: {key} is not set", f"ALTER ROLE {user} RESET {name(key)}")
    for key, value in role["settings"].items():
        if found.get(key) != value:
            change(f"{role['name']}: {key} = {value}", f"ALTER ROLE {user} SET {name(key)} = {text(value)}")


def _memberships(role: dict[str, Any], there: set[str], change: Any) -> None:
    user, wanted = name(role["name"]), set(role["member_of"])
    for group in sorted(there - wanted):
        change(f"{role['name']} is no member of {group}", f"REVOKE {name(group)} FROM {user}")
    for group in sorted(wanted - there):
        change(f"{role['name']} is a member of {group}", f"GRANT {name(group)} TO {user}")


def outdated(wanted: list[dict[str, Any]], found: dict[str, Any]) -> list[str]:
    """
    Logins of groups that are wanted, of generations that are not.
    """
    ours = {role["name"] for role in wanted}
    groups = {group for role in wanted for group in role["member_of"] if group in ours}
    return [
        role
        for role in sorted(found)
        if role not in ours and re.fullmatch(r"[0-9]+", role.rpartition("_")[2]) and role.rpartition("_")[0] in groups
    ]


def remove(role: str) -> None:
    """
    Take a login away: first what would let it in again, then its connections, then itself. What it owns goes to its group.
    """
    user, group = name(role), name(role.rpartition("_")[0])
    psql(f"ALTER ROLE {user} NOLOGIN;")
    psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {text(role)};")  # noqa: S608 -- quoted
    for database in document("SELECT json_agg(datname) FROM pg_database WHERE datallowconn AND NOT datistemplate"):
        psql(f"REASSIGN OWNED BY {user} TO {group}; DROP OWNED BY {user};", database)
    psql(f"DROP ROLE {user};")
