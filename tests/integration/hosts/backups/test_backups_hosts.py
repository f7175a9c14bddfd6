"""
Backups on two real machines: made, listed, tried and given back.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components import caddyfile
from hosts import keys
from hosts.backup import fingerprint, signed
from ops import backup as asked
from ops import restore
from ops.backup import Fleet
from tests.integration import backup_damage, backup_stand
from tests.integration.backup_stand import CERTIFICATES, DATA, DATABASE, OPS, PSQL, VOLUME, Stand

SAMPLE = ("truncated file", "missing segment, listed", "wrong key", "killed during a backup")


def fleet(stand: Stand) -> Fleet:
    """
    As `ops.backup.fleet` finds it in a stack.
    """
    return Fleet(stack="local", keeper=stand.target(OPS), servers={name: stand.target(name) for name in (DATA, OPS)})


# One column of each type that has a hash function of its own, and of some that have none; two rows and one of nothing.
VALUES = (
    ("bool", "true", "false"), ("bytea", "'\\x00'", "'\\x0000'"), ("\"char\"", "'a'", "'b'"), ("name", "'n'", "'m'"),
    ("int2", "1", "2"), ("int4", "1", "2"), ("int8", "1", "2"), ("oid", "1", "2"), ("float4", "0.5", "'NaN'"),
    ("float8", "0.5", "'-Infinity'"), ("numeric", "1.5", "'NaN'"), ("text", "''", "'x'"), ("varchar(9)", "''", "'x'"),
    ("char(9)", "''", "'x'"), ("date", "'2026-11-26'", "'infinity'"), ("time", "'10:00'", "'10:00:01'"),
    ("timetz", "'10:00+02'", "'10:00+01'"), ("timestamp", "'2026-11-26'", "'-infinity'"),
    ("timestamptz", "'2026-11-26Z'", "'infinity'"), ("interval", "'1 day'", "'1 second'"),
    ("uuid", "'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'"),
    ("inet", "'10.0.0.1'", "'::1'"), ("cidr", "'10.0.0.0/8'", "'::/0'"), ("macaddr", "'0:0:0:0:0:1'", "'0:0:0:0:0:2'"),
    ("jsonb", "'{}'", "'[]'"), ("json", "'{}'", "'[]'"), ("int4[]", "'{}'", "'{1}'"), ("point", "'(1,2)'", "'(2,1)'"),
    ("xml", "'<a/>'", "'<b/>'"), ("kind", "'good'", "'bad'"), ("int4range", "'[1,2)'", "'[1,3)'"),
)  # fmt: skip


class Sql:
    """
    Asks the database as the programs on the server do.
    """

    def __init__(self, stand: Stand) -> None:
        self.stand = stand

    def ask(self, statement: str) -> str:
        """
        The answer.
        """
        return self.stand.sql(fingerprint.SETTINGS + statement)


def rows(stand: Stand, database: str = DATABASE) -> int:
    return int(stand.sql("SELECT count(*) FROM entries", database))


def test_second_converge_changes_nothing(stand: Stand) -> None:
    """Servers that are as they should be are left as they are, also when backups were made."""
    assert [outcome.changes for outcome in stand.converge()] == [(), ()]


def test_data_server_has_no_credential_for_the_backup_server(stand: Stand) -> None:
    """Whoever takes it over finds nothing there that opens the backup server, beside sites' own keys, and no way in."""
    places = "/etc/flotilla* /var/lib/flotilla /var/lib/postgresql /root/.ssh"
    found = stand.data.sh(f"grep -rlE --exclude-dir=caddy 'PRIVATE KEY|cipher-pass' {places} || true")
    assert "key" not in found.replace("authorized_keys", "")
    tried = stand.data.run(
        "ssh",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        f"flotilla-backup@{stand.ops.address}",
        "id",
        check=False,
    )
    assert tried.returncode != 0


@pytest.mark.parametrize(
    "command",
    ["", "id", "bash -i", "pgbackrest info", "rsync --server --sender -logDtpr . /etc/", "prepare /etc", "census x;id",
     "pgbackrest --pg1-path=/etc --remote-type=pg backup:remote", "rsync --server -logDtpr . /mnt/data/guestbook/data/",
     f"rsync --server --sender -e.LsfxC --files-from=/etc/shadow . {VOLUME}/"],
)  # fmt: skip
def test_gate_gives_out_nothing_else(stand: Stand, command: str) -> None:
    """The backup server's key opens data, and nothing beside it."""
    argv = [
        "runuser",
        "-u",
        "flotilla-backup",
        "--",
        "/usr/local/lib/flotilla/backup-ssh",
        f"flotilla-source@{stand.data.address}",
    ]
    done = stand.ops.run(*argv, *([command] if command else []), check=False)
    assert done.returncode == 1
    assert "may not ask" in done.stderr
    assert not done.stdout


def test_list_is_read_from_the_repository(stand: Stand) -> None:
    """All sources have a backup, whose age and size the repository says, and nothing is wrong."""
    answer = stand.backup("list")
    found = {row["source"]: row for row in answer["sources"]}
    assert set(found) == {f"database:{DATABASE}", "volume:data", f"volume:{CERTIFICATES}"}
    assert all(row["size"] > 10_000 and time.time() - row["at"] < 3600 for row in found.values())
    assert answer["findings"] == []


def test_every_change_of_a_value_is_another_content(stand: Stand) -> None:
    """In each type; also from a value to none, and where two rows or two columns swap their values. Their order is none."""
    columns = ", ".join(f"c{n} {kind}" for n, (kind, _, _) in enumerate(VALUES))
    first, second = (", ".join(row[n] for row in VALUES) for n in (1, 2))
    stand.sql("CREATE TYPE kind AS ENUM ('good', 'bad')")
    stand.sql(f"CREATE TABLE all_kinds ({columns}, a text, b text)")
    stand.sql(
        f"INSERT INTO all_kinds VALUES ({first}, 'x', 'y'), ({second}, 'x', 'z'), ({', '.join(['NULL'] * (len(VALUES) + 2))})"
    )
    table = next(table for table in fingerprint.tables(Sql(stand)) if table.name == "all_kinds")

    changes = [
        *(f"UPDATE public.all_kinds SET c{n} = {new} WHERE b = 'y'" for n, (_, _, new) in enumerate(VALUES)),
        *(f"UPDATE public.all_kinds SET c{n} = NULL WHERE b = 'y'" for n in range(len(VALUES))),
        "UPDATE public.all_kinds SET a = b, b = a WHERE b = 'y'",
        "UPDATE public.all_kinds SET b = CASE b WHEN 'y' THEN 'z' ELSE 'y' END",
        "INSERT INTO public.all_kinds (a) VALUES (NULL)",
    ]
    tried = ("SELECT WHERE false", "UPDATE public.all_kinds SET a = a WHERE b = 'y'", *changes)
    script = "; ".join(f"BEGIN; {change}; {fingerprint.of_table(table)}; ROLLBACK" for change in tried)
    said = stand.data.run(*PSQL, "-d", DATABASE, stdin=f"{fingerprint.SETTINGS} {script};").stdout
    before, rewritten, *changed = said.splitlines()
    stand.sql("DROP TABLE all_kinds; DROP TYPE kind")

    same: dict[str, list[str]] = {before: ["no change"]}
    for change, content in zip(changes, changed, strict=True):
        same.setdefault(content, []).append(change)
    assert rewritten == before
    assert [found for found in same.values() if len(found) > 1] == []


def test_a_manifest_of_another_version_is_not_compared_with(stand: Stand) -> None:
    """It was hashed otherwise: nothing is said to differ, and nothing to be good."""
    label = stand.backup("list", "--project", DATABASE)["sources"][0]["label"]
    path = f"/mnt/data/backups/manifests/{DATA}/{label}.json"
    kept = stand.ops.sh(f"cat {path}")
    older = json.loads(kept) | {"version": 1}
    older.pop("signature")
    secret = keys.secret(backup_stand.KEY, "backup", "record")
    stand.ops.run("tee", path, stdin=json.dumps(signed.sign(older, secret)))
    told = stand.backup("verify", "--project", DATABASE, code=1)
    stand.ops.run("tee", path, stdin=kept)

    assert [found["id"] for found in told["findings"]] == ["manifest-old"]


def test_verify_restores_and_compares(stand: Stand) -> None:
    """A healthy backup is good; what came of it is signed, and Prometheus is told."""
    answer = asked.ask(fleet(stand), ["verify"])
    assert answer["findings"] == []
    database = next(row for row in answer["records"] if row["source"] == f"database:{DATABASE}")
    assert database["rows"] == {DATABASE: 20_050}
    assert database["rpo_s"] <= 300
    assert database["rto_s"] > 0
    assert stand.ops.sh("ls /mnt/data/backups/scratch") == ""
    forged = {**database, "rto_s": 1}
    assert [row["id"] for row in asked.unsigned([forged], backup_stand.KEY)] == ["record-not-genuine"]
    measure = f'flotilla_backup_drill_timestamp_seconds{{project="{DATABASE}",source="database:{DATABASE}"}}'
    backup_stand.eventually(lambda: measure in stand.ops.sh("cat /var/lib/prometheus/node-exporter/flotilla_backup.prom"), 60)


def test_recovery_point_is_recent(stand: Stand) -> None:
    """What was committed a moment ago is on the backup server already, though its segment is far from full."""
    stand.sql("INSERT INTO entries (body) VALUES ('a moment ago')")
    time.sleep(2)
    received, written = stand.sql("SELECT flush_lsn, pg_current_wal_flush_lsn() FROM pg_stat_replication").split("|")
    assert received == written
    stand.sql("DELETE FROM entries WHERE body = 'a moment ago'")


def test_restore_to_a_moment_between_two_inserts(stand: Stand) -> None:
    """A database as it was then has what was committed before and nothing of what came after; the existing one is untouched."""
    before = rows(stand)
    stand.sql("INSERT INTO entries (body) VALUES ('before')")
    time.sleep(1.5)
    moment = datetime.now(UTC)
    time.sleep(1.5)
    stand.sql("INSERT INTO entries (body) VALUES ('after')")
    known = fleet(stand)
    plan = restore.plan(
        known.policies, DATABASE, volume=None, is_over=False, at=moment.timestamp(), label=None, now=time.time()
    )
    document = restore.execute(known, plan)
    assert document["findings"] == []
    (piece,) = document["pieces"]
    assert piece["database"].startswith(f"{DATABASE}_restored_")
    found = stand.sql("SELECT body FROM entries WHERE body IN ('before', 'after')", piece["database"])
    assert (found, rows(stand, piece["database"]), rows(stand)) == ("before", before + 1, before + 2)
    stand.sql(f'DROP DATABASE "{piece["database"]}"', "postgres")


def test_restore_over_the_existing_one_keeps_it(stand: Stand) -> None:
    """The fresh backup has the last row; what was there is kept aside; applications may do what they could before."""
    before = rows(stand)
    rights = stand.sql(f"SELECT datacl FROM pg_database WHERE datname = '{DATABASE}'", "postgres")
    known = fleet(stand)
    plan = restore.plan(known.policies, DATABASE, volume=None, is_over=True, at=None, label=None, now=time.time())
    document = restore.execute(known, plan)
    assert document["findings"] == []
    (piece,) = document["pieces"]
    assert (rows(stand), rows(stand, piece["kept"])) == (before, before)
    assert stand.sql(f"SELECT datacl FROM pg_database WHERE datname = '{DATABASE}'", "postgres") == rights
    stand.sql(f'DROP DATABASE "{piece["kept"]}"', "postgres")


def test_restored_volume_is_the_same(stand: Stand) -> None:
    """Files, owners, modes and links are as they were, beside the volume; its SQLite database is whole."""
    known = fleet(stand)
    plan = restore.plan(known.policies, "guestbook", volume="data", is_over=False, at=None, label=None, now=time.time())
    document = restore.execute(known, plan)
    assert document["findings"] == []
    path = document["pieces"][0]["path"]
    stat = "find . ! -name '*.db*' -printf '%p %U %G %m %y %l\\n' | sort"
    assert stand.data.sh(f"cd {path}; {stat}") == stand.data.sh(f"cd {VOLUME}; {stat}")
    script = "import sqlite3; print(sqlite3.connect('guestbook.db').execute('SELECT count(*) FROM entries').fetchone()[0])"
    assert stand.data.sh(f'cd {path}; python3 -c "{script}"') == "1000"


def test_certificates_come_back_over_what_a_new_server_has(stand: Stand) -> None:
    """
    Those of the last backup, with keys, owners and modes, and not those that the new server began with; locks are not kept, and
    neither they nor files that come and go while it is fetched are in the way of a backup.
    """
    busy = f"""cd {caddyfile.DATA}/caddy
    while n=$((n + 1)); do
        : > locks/busy.lock; echo 1 > locks/busy.lock; echo 1 > rw_test_$n; rm rw_test_$n
    done"""
    stand.data.sh(f"setsid sh -c '{busy}' > /dev/null 2>&1 & echo $! > /run/busy")
    try:
        assert [stand.backup("run", "--project", "ingress")["findings"] for _ in range(3)] == [[]] * 3
    finally:
        stand.data.sh("kill -- -$(cat /run/busy)")
    stand.data.sh(f"rm -f {caddyfile.DATA}/caddy/rw_test_*")
    assert stand.backup("run", "--project", "ingress")["findings"] == []
    assert stand.backup("verify", "--project", "ingress")["findings"] == []
    state = (
        f"find . ! -path './{caddyfile.LOCKS}*' -printf '%p %U %G %m %y\\n' | sort; "
        "find . -type f -name 'shop.*' ! -name '*.lock' | sort | xargs sha256sum"
    )
    before = stand.data.sh(f"cd {caddyfile.DATA}; {state}")
    stand.data.sh(f"rm -r {caddyfile.DATA}/caddy; echo new > {caddyfile.DATA}/new")
    known = fleet(stand)
    plan = restore.plan(known.policies, "ingress", volume=CERTIFICATES, is_over=True, at=None, label=None, now=time.time())
    document = restore.execute(known, plan)
    assert document["findings"] == []
    (piece,) = document["pieces"]
    assert piece["path"] == caddyfile.DATA
    assert stand.data.sh(f"cd {caddyfile.DATA}; {state}") == before
    assert stand.data.sh(f"ls {caddyfile.DATA}/caddy") == "acme\ncertificates\nocsp"
    assert stand.data.sh(f"ls {piece['kept']}") == "new"


@pytest.mark.parametrize(
    "damage", [found for found in backup_damage.DAMAGES if found.name in SAMPLE], ids=lambda found: found.name
)
def test_damage_is_found_out(stand: Stand, damage: backup_damage.Damage) -> None:
    """A sample of what tests/proof/test_backup_damage.py does in full."""
    backup_damage.keep(stand)
    backup_damage.is_caught(stand, damage)


def test_lost_server_is_rebuilt(stand: Stand, tmp_path: Path) -> None:
    """Another machine in its place, its roles, one command: everything that was committed is there, and backups go on."""
    stand.sql("INSERT INTO entries (body) VALUES ('the last one')")
    time.sleep(2)
    before = rows(stand)
    backup_stand.replaced(stand, tmp_path, DATA)
    stand.converge()
    assert stand.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"
    refused = stand.backup("run", "--project", DATABASE, code=1)
    assert "other-cluster" in {found["id"] for found in refused["findings"]}
    known = fleet(stand)
    document = restore.execute(known, restore.plan_all(known.policies, None, time.time()))
    assert document["findings"] == []
    assert rows(stand) == before
    assert stand.sql("SELECT count(*) FROM entries WHERE body = 'the last one'") == "1"
    assert stand.backup("list", "--project", DATABASE)["findings"] == []
    assert stand.backup("verify", "--project", DATABASE)["findings"] == []
