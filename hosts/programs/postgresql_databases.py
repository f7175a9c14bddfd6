"""
Have every project's database, with its owner, its extensions, and exactly these rights on the database and its public schema.

What owners make inside is theirs: tables get their rights from the owner's default privileges, which are kept right here.
Nothing is ever dropped, neither a database nor an extension.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hosts.agent.postgres import document, name, psql, text

LOOK = """
SELECT json_object_agg(datname, json_build_object('owner', pg_get_userbyid(datdba), 'connections', datconnlimit,
    'rights', (SELECT json_agg(coalesce(g.rolname, 'public') || ' ' || privilege_type)
               FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a LEFT JOIN pg_roles g ON g.oid = a.grantee)
)) FROM pg_database;
"""
LOOK_INSIDE = """
SELECT json_build_object(
    'extensions', (SELECT json_agg(extname) FROM pg_extension),
    'schema_owner', (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'public'),
    'schema', (SELECT json_agg(coalesce(g.rolname, 'public') || ' ' || privilege_type) FROM pg_namespace n
               CROSS JOIN aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a LEFT JOIN pg_roles g ON g.oid = a.grantee
               WHERE nspname = 'public'),
    'defaults', (SELECT json_agg(d.defaclobjtype::text || ' ' || coalesce(g.rolname, 'public') || ' ' || privilege_type)
                 FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
                 WHERE pg_get_userbyid(d.defaclrole) = {owner} AND d.defaclnamespace = 0 AND a.grantee <> d.defaclrole
                 AND d.defaclobjtype IN ('r', 'S', 'n')),
    'functions', (SELECT json_agg(g.rolname || ' ' || p.oid::regprocedure::text) FROM pg_proc p
                  CROSS JOIN aclexplode(p.proacl) a JOIN pg_roles g ON g.oid = a.grantee
                  WHERE g.rolname = ANY (string_to_array({callers}, ' ')))
);
"""
# What the owner's new objects let others do: {kind of object: (PostgreSQL's letter, app's rights, read's rights)}.
DEFAULTS = {
    "TABLES": ("r", ("SELECT", "INSERT", "UPDATE", "DELETE"), ("SELECT",)),
    "SEQUENCES": ("S", ("USAGE", "SELECT"), ("SELECT",)),
    "SCHEMAS": ("n", ("USAGE",), ("USAGE",)),
}
SCHEMA_OWNER = "pg_database_owner"
Change = tuple[str, str]


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    """
    `data`: `databases`, as hosts/roles/postgresql_roles.py has them, and `cluster`, where the cluster's files are.
    """
    if dry and not Path(data["cluster"], "PG_VERSION").is_file():
        return [f"make database {database['name']}" for database in data["databases"]]
    there = document(LOOK)
    done: list[str] = []
    for database in data["databases"]:
        if database["name"] not in there:
            done.append(f"make database {database['name']}")
            if dry:
                continue
            psql(f"CREATE DATABASE {name(database['name'])} OWNER {name(database['owner'])} TEMPLATE template0;")
            there = document(LOOK)
        changes = [*outside(database, there[database["name"]]), *inside(database, look_inside(database))]
        if changes and not dry:
            psql("BEGIN;\n" + "".join(f"{sql};\n" for _, sql in changes) + "COMMIT;\n", database["name"])
        done += [f"{database['name']}: {fact}" for fact, _ in changes]
    return done


def look_inside(database: dict[str, Any]) -> dict[str, Any]:
    """
    What can only be seen from within.
    """
    callers = text(" ".join(database["execute"]))
    found: dict[str, Any] = document(LOOK_INSIDE.format(owner=text(database["owner"]), callers=callers), database["name"])
    return found


def outside(database: dict[str, Any], found: dict[str, Any]) -> list[Change]:
    """
    What has to be done to the database as a whole: (fact, statement).
    """
    quoted, changes = name(database["name"]), list[Change]()
    if found["owner"] != database["owner"]:
        changes.append((f"owner {database['owner']}", f"ALTER DATABASE {quoted} OWNER TO {name(database['owner'])}"))
        # Rights move with the owner: they are right after the next look at the latest.
    if found["connections"] != database["connections"]:
        limit = int(database["connections"])
        changes.append((f"connection limit {limit}", f"ALTER DATABASE {quoted} CONNECTION LIMIT {limit}"))
    wanted = {f"{role} {right}" for role, rights in database["connect"].items() for right in rights}
    wanted |= {f"{database['owner']} {right}" for right in ("CREATE", "CONNECT", "TEMPORARY")}
    return [*changes, *rights(f"DATABASE {quoted}", wanted, set(found["rights"] or ()))]


def inside(database: dict[str, Any], found: dict[str, Any]) -> list[Change]:
    """
    What has to be done in it: (fact, statement).
    """
    there = set(found["extensions"] or ())
    changes = [
        (f"extension {extension}", f"CREATE EXTENSION {name(extension)}")
        for extension in database["extensions"]
        if extension not in there
    ]
    if found["schema_owner"] not in (SCHEMA_OWNER, None):
        changes.append((f"owner of schema public is {SCHEMA_OWNER}", f"ALTER SCHEMA public OWNER TO {SCHEMA_OWNER}"))
    members = [database[kind] for kind in ("app", "read") if kind in database]
    if found["schema_owner"] is not None:
        wanted = {f"{SCHEMA_OWNER} USAGE", f"{SCHEMA_OWNER} CREATE", *(f"{role} USAGE" for role in members)}
        changes += rights("SCHEMA public", wanted, set(found["schema"] or ()))
    if members:
        changes += _defaults(database, set(found["defaults"] or ()))
    return [*changes, *_functions(database, set(found["functions"] or ()))]


def _defaults(database: dict[str, Any], found: set[str]) -> list[Change]:
    changes: list[Change] = []
    for kind, (letter, app, read) in DEFAULTS.items():
        wanted = {f"{database['app']} {right}" for right in app} | {f"{database['read']} {right}" for right in read}
        there = {right[2:] for right in found if right.startswith(f"{letter} ")}
        for fact, sql in rights(kind, wanted, there):
            prefix = f"ALTER DEFAULT PRIVILEGES FOR ROLE {name(database['owner'])}"
            changes.append((f"new {fact}", f"{prefix} {sql}"))
    return changes


def _functions(database: dict[str, Any], found: set[str]) -> list[Change]:
    """
    Of functions, as PostgreSQL writes them: without a space after the comma.
    """
    wanted = {
        f"{role} {call.replace(', ', ',')}": (role, call) for role, calls in database["execute"].items() for call in calls
    }
    return [
        (f"{role} may call {call}", f"GRANT EXECUTE ON FUNCTION {call} TO {name(role)}")
        for key, (role, call) in wanted.items()
        if key not in found
    ]


def rights(thing: str, wanted: set[str], found: set[str]) -> list[Change]:
    """
    Statements that make rights on a thing exactly the wanted ones. A right is `<role> <privilege>`.
    """
    changes = []
    for right in sorted(found - wanted):
        role, _, privilege = right.rpartition(" ")
        who = "PUBLIC" if role == "public" else name(role)
        changes.append((f"{thing}: no {privilege} for {role}", f"REVOKE {privilege} ON {thing} FROM {who}"))
    for right in sorted(wanted - found):
        role, _, privilege = right.rpartition(" ")
        changes.append((f"{thing}: {privilege} for {role}", f"GRANT {privilege} ON {thing} TO {name(role)}"))
    return changes
