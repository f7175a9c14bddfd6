"""
What a database holds, in numbers that can be compared: its tables with their rows and a hash of all that is in them, where its
sequences stand, its large objects, and how everything is defined.

The hash of a table is the sum of its rows' hashes (64 bits, added in 128), so the order of rows does not matter, and nothing
is sorted. It is the same wherever PostgreSQL of the same major version runs on the same kind of processor. Not compared,
because a restore cannot have them: what is in unlogged and temporary tables, and in foreign ones.

A row's hash is made of its columns', each with a seed of its own. Types of `_HASHED` are hashed as PostgreSQL itself does
it, values that it takes for equal alike (1.0 and 1.00), all others as text. Asking for the hash of the whole record, which
PostgreSQL builds for that, takes up to twice as long, and hashing a row's text three times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

# How content is hashed; another number with every change of that, so that nothing is compared with what was hashed otherwise.
VERSION = 2
# Text of values that does not depend on whoever asks.
SETTINGS = """\
SET search_path = pg_catalog; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres';
SET bytea_output = 'hex'; SET extra_float_digits = 1; SET lc_monetary = 'C'; SET lc_numeric = 'C'; SET lc_time = 'C';
SET row_security = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET jit = off;
"""

_OWN = (
    "n.nspname NOT IN ('pg_catalog', 'information_schema') "
    "AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'"
)

# What a value of a type is hashed by: PostgreSQL's own functions of 64 bits, or of a type whose values are the same to the bit
# where a type has none that can be called by a name. `{0}` is the column, `{1}` the seed.
# Source: PostgreSQL 15, src/include/catalog/pg_amproc.dat, those with amprocnum 2.
_HASHED = {
    **{
        name: f"hash{name}extended({{0}}, {{1}})"
        for name in ("int2", "int4", "int8", "oid", "text", "float4", "float8", "bpchar", "name", "char", "inet", "macaddr")
    },
    **{name: f"{name}_hash_extended({{0}}, {{1}})" for name in ("time", "timetz", "timestamp", "interval", "uuid")},
    "varchar": "hashtextextended({0}, {1})",
    "cidr": "hashinetextended({0}, {1})",
    "numeric": "hash_numeric_extended({0}, {1})",
    "bool": "hashint4extended(({0}::int4), {1})",
    "bytea": "hash_array_extended(ARRAY[{0}], {1})",
    "timestamptz": "timestamp_hash_extended(timezone(INTERVAL '0', {0}), {1})",
    "date": "timestamp_hash_extended(({0}::timestamp), {1})",
    # PostgreSQL takes an empty list and an empty object for one.
    "jsonb": "jsonb_hash_extended({0}, CASE WHEN {0} @> '[]' THEN -{1} ELSE {1} END)",
}
_AS_TEXT = "hashtextextended({0}::text, {1})"
# No hash of a value: PostgreSQL takes the seed itself for those of zero and of what is not a number.
_NOTHING = 0x5851F42D4C957F2D

TABLES = f"""\
SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), (
SELECT coalesce(json_agg(json_build_array(format('t.%I', a.attname), CASE WHEN y.typnamespace = 'pg_catalog'::regnamespace
THEN y.typname ELSE '' END) ORDER BY a.attnum), '[]')
FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
)) ORDER BY n.nspname, c.relname)::text, '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND {_OWN}"""

_SEQUENCES = """\
SELECT coalesce(json_object_agg(format('%I.%I', schemaname, sequencename), coalesce(last_value, 0))::text, '{}')
FROM pg_sequences"""

_LARGE_OBJECTS = """\
SELECT json_build_object('rows', count(*), 'hash',
coalesce(sum(hashtextextended(loid || ':' || pageno || ':' || encode(data, 'hex'), 0)), 0)::text)::text
FROM pg_largeobject"""

_DEFINITIONS = f"""\
SELECT json_build_object('count', count(*), 'hash', coalesce(sum(hashtextextended(d, 0)), 0)::text)::text FROM (
SELECT 'column ' || format('%I.%I.%I %s %s %s', n.nspname, c.relname, a.attname,
format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(f.adbin, f.adrelid))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') AND {_OWN}
UNION ALL SELECT 'index ' || pg_get_indexdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('i', 'I') AND {_OWN}
UNION ALL SELECT 'constraint ' || format('%I.%I %I ', n.nspname, c.relname, k.conname) || pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}
UNION ALL SELECT 'view ' || format('%I.%I ', n.nspname, c.relname) || pg_get_viewdef(c.oid) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND {_OWN}
UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p') AND {_OWN}
UNION ALL SELECT 'extension ' || extname || ' ' || extversion FROM pg_extension
) AS all_definitions(d)"""


class Asks(Protocol):
    """
    A session that answers one statement with text.
    """

    def ask(self, statement: str) -> str:
        """
        The answer.
        """


class Column(NamedTuple):
    """
    One column. `written` is its name as SQL writes it, `type` PostgreSQL's own name of its type, empty for any other type.
    """

    written: str
    type: str


class Table(NamedTuple):
    """
    One table. `written` is its name as SQL writes it; `columns` are in their order.
    """

    schema: str
    name: str
    written: str
    columns: tuple[Column, ...]


def tables(session: Asks) -> list[Table]:
    """
    The tables of a database.
    """
    return [
        Table(schema, name, written, tuple(Column(*column) for column in columns))
        for schema, name, written, columns in json.loads(session.ask(TABLES))
    ]


def sequences(session: Asks) -> dict[str, int]:
    """
    Where the sequences of a database stand: {name: the last value that was drawn}.
    """
    return dict(json.loads(session.ask(_SEQUENCES)))


def of_table(table: Table) -> str:
    """
    The statement that counts and hashes a table's rows.
    """
    # Of what is joined by `#`, two that are swapped are the same; the seeds keep columns apart, the hash around it rows.
    row = " # ".join(_of_column(column, seed) for seed, column in enumerate(table.columns, start=1)) or "0"
    return (
        f"SELECT json_build_object('rows', count(*), 'hash', coalesce(sum(hashint8extended({row}, 0)), 0)::text)::text "
        f"FROM ONLY {table.written} AS t"
    )


def _of_column(column: Column, seed: int) -> str:
    """
    The hash of nothing is a number of its own: PostgreSQL's is nothing, and would make the whole row's nothing.
    """
    hashed = _HASHED.get(column.type, _AS_TEXT).format(column.written, seed)
    return f"CASE WHEN {column.written} IS NOT DISTINCT FROM NULL THEN {_NOTHING + seed} ELSE {hashed} END"


def take(session: Asks, found: Iterable[Table]) -> dict[str, Any]:
    """
    The whole of a database, as the session sees it. `SETTINGS` are in force there.
    """
    return {
        "tables": {table.written: json.loads(session.ask(of_table(table))) for table in found},
        "sequences": sequences(session),
        "large_objects": json.loads(session.ask(_LARGE_OBJECTS)),
        "definitions": json.loads(session.ask(_DEFINITIONS)),
    }


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """
    How what was found differs from what should be there, each as a sentence without its full stop. A sequence may stand
    further: PostgreSQL logs 32 values ahead.
    """
    told = [f"table {name} is missing" for name in wanted["tables"] if name not in found["tables"]]
    told += [f"table {name} should not be there" for name in found["tables"] if name not in wanted["tables"]]
    for name in sorted(wanted["tables"].keys() & found["tables"].keys()):
        before, after = wanted["tables"][name], found["tables"][name]
        if before["rows"] != after["rows"]:
            told.append(f"table {name} has {after['rows']} rows instead of {before['rows']}")
        elif before["hash"] != after["hash"]:
            told.append(f"table {name} has {after['rows']} rows as it should, but not with the same content")
    for name, value in wanted["sequences"].items():
        stands = found["sequences"].get(name)
        if stands is None or stands < value:
            told.append(f"sequence {name} stands at {'nothing' if stands is None else stands} instead of {value}")
    if wanted["large_objects"] != found["large_objects"]:
        told.append("large objects differ")
    if wanted["definitions"] != found["definitions"]:
        count, other = wanted["definitions"]["count"], found["definitions"]["count"]
        told.append(f"definitions of columns, indexes, constraints, views or functions differ ({other} instead of {count})")
    return told


def total_rows(databases: Sequence[Mapping[str, Any]]) -> int:
    """
    How many rows there are in all of them.
    """
    return sum(table["rows"] for database in databases for table in database["tables"].values())
