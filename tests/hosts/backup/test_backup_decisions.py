"""
What is decided about backups, without a machine: what stays, what is missing, what differs, what may be asked for.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosts.backup import (
    fingerprint,
    gate,
    metrics,
    pgbackrest,
    retention,
    segments,
    serve,
    signed,
    status,
    verify,
    volume,
    volumes,
)
from hosts.backup.config import Project, Source, Stanza
from hosts.backup.errors import BackupError
from hosts.backup.pgbackrest import Backup, Information

STANZA = Stanza(name="data-1", address="10.0.1.2", port=5432, version=15, data_directory="/d", databases={"ledger": "ledger"})
SOURCE = Source(kind="database", name="ledger", server="data-1", address="10.0.1.2")
PROJECT = Project(name="ledger", longest_gap_s=86_400, retention={}, drill_interval_days=7, sources=(SOURCE,))
DAY = timedelta(days=1)
START = datetime(2026, 1, 1, 2, tzinfo=UTC)
POLICY = {"daily": 7, "weekly": 4, "monthly": 6}


def backup(at: datetime, *, full: Backup | None = None, start: str = "000000010000000000000005") -> Backup:
    stamp = at.strftime("%Y%m%d-%H%M%S")
    return Backup(
        label=f"{full.label}_{stamp}D" if full else f"{stamp}F",
        kind="diff" if full else "full",
        archive_id="15-1",
        system_id=7,
        start=start,
        stop=start,
        started=int(at.timestamp()),
        stopped=int(at.timestamp()) + 60,
        size=1000,
        stored=100,
        is_damaged=False,
        reference=(full.label,) if full else (),
    )


def history(days: int) -> list[Backup]:
    """
    A full backup each week, differences in between.
    """
    found: list[Backup] = []
    for day in range(days):
        full = found[-(day % 7)] if day % 7 else None
        found.append(backup(START + day * DAY, full=full))
    return found


def test_retention_keeps_the_last_of_each_day_week_and_month() -> None:
    """After a year there are 7 days, 4 weeks and 6 months, and the full backups that those hang on."""
    backups = history(365)
    gone = set(retention.expired(backups, POLICY))
    kept = [found for found in backups if found.label not in gone]
    days = {datetime.fromtimestamp(found.stopped, UTC).date() for found in kept}
    today = (START + 364 * DAY).date()
    assert {today - day * DAY for day in range(7)} <= days
    assert len({(day.year, day.month) for day in days}) >= 6
    assert len(kept) <= 7 + 4 + 6 + 12


@given(st.integers(1, 120), st.integers(0, 10), st.integers(0, 6), st.integers(0, 6))
def test_retention_never_takes_what_another_needs(days: int, daily: int, weekly: int, monthly: int) -> None:
    """Whatever the policy: the newest stays, and everything that one that stays cannot do without."""
    backups = history(days)
    gone = set(retention.expired(backups, {"daily": daily, "weekly": weekly, "monthly": monthly}))
    assert backups[-1].label not in gone
    for found in backups:
        if found.label not in gone:
            assert not gone & set(found.reference)


def test_full_backup_is_due_once_a_week_and_for_another_cluster() -> None:
    """Differences grow, so that they are taken for a week only; a cluster's first backup is always a full one."""
    backups = history(1)
    now = backups[0].started
    assert retention.kind_due(backups, 7, now + 86_400) == "diff"
    assert retention.kind_due(backups, 7, now + 7 * 86_400) == "full"
    assert retention.kind_due(backups, 8, now + 86_400) == "full"
    assert retention.kind_due([], 7, now) == "full"


def test_data_is_given_back_from_before_a_page_was_damaged() -> None:
    """Neither from a backup with damaged pages nor from one that hangs on it; where there are no others, from what there is."""
    good, full = backup(START), replace(backup(START + DAY), is_damaged=True)
    damaged, after = replace(backup(START + DAY, full=good), is_damaged=True), backup(START + 2 * DAY, full=full)
    assert serve.sound([good, damaged, full, after]) == [good]
    assert serve.sound([full, after]) == [full, after]


def test_policies_of_one_cluster_are_joined() -> None:
    """A cluster has the databases of several projects: whoever keeps longest decides."""
    assert retention.joint([POLICY, {"daily": 30, "weekly": 1, "monthly": 12}]) == {"daily": 30, "weekly": 4, "monthly": 12}


@given(st.integers(0, 0xFFFFFF), st.integers(0, 600))
def test_segments_are_counted_past_the_end_of_a_file(first: int, count: int) -> None:
    """256 segments have one number in common; the next ones go on after them."""
    names = list(segments.between(segments.named("00000001", first), segments.named("00000001", first + count)))
    assert [segments.number(name) for name in names] == list(range(first, first + count + 1))


@pytest.mark.parametrize(
    ("position", "name"),
    [
        ("0/3000148", "000000010000000000000003"),
        ("0/3000000", "000000010000000000000002"),
        ("1A/FF000001", "000000010000001A000000FF"),
        ("1A/0", "0000000100000019000000FF"),
    ],
)
def test_segment_of_a_position(position: str, name: str) -> None:
    """As PostgreSQL's pg_walfile_name says: seen there. A position between two segments is the end of the first one."""
    assert segments.named("00000001", segments.number_up_to(position)) == name


def test_missing_segment_is_named() -> None:
    """pgBackRest's own check says nothing of a segment that is missing between two others."""
    found = list(segments.between("000000010000000000000003", "000000010000000100000002"))
    lost = found.pop(100)
    assert pgbackrest.gaps(found, "000000010000000000000003") == [lost]
    assert pgbackrest.gaps(found, found[101]) == []


def test_verdict_of_pgbackrest_is_read_from_its_text() -> None:
    """It exits with 0 whatever it found. 2.45 wrote this about a flipped byte in the log and one in a bundle."""
    damaged = (Path(__file__).parent / "verify-damaged.txt").read_text()
    found = list(pgbackrest.parse_verify(STANZA, damaged))
    assert [finding.id for finding in found] == ["archive-damaged", "backup-damaged", "backup-damaged", "repository-damaged"]
    assert "20261126-011948F_20261126-011958D" in found[2].fact
    assert [finding.id for finding in pgbackrest.parse_verify(STANZA, "")] == ["repository-damaged"]
    assert list(pgbackrest.parse_verify(STANZA, "stanza: data-1\nstatus: ok\n")) == []


def test_information_is_what_pgbackrest_says() -> None:
    """Its JSON, as 2.45 wrote it."""
    document = json.loads((Path(__file__).parent / "info.json").read_text())
    known = pgbackrest.parse_information(STANZA, document)
    assert [found.kind for found in known.backups] == ["full", "diff"]
    assert known.system_id == 7712283639088710089
    assert known.backups[1].reference == (known.backups[0].label,)
    document[0]["status"] = {"code": 99, "message": "other"}
    with pytest.raises(BackupError, match="ended with exit code 99"):
        pgbackrest.parse_information(STANZA, document)


def facts(backups: list[Backup], archived: list[str], labels: list[str] | None = None) -> status.ClusterFacts:
    known = Information(backups=tuple(backups), archive_ids=("15-1",), system_ids={"15-1": 7})
    names = [found.label for found in backups]
    return status.ClusterFacts(known=known, labels=tuple(labels or names), archived=tuple(archived), manifests=frozenset(names))


def test_whole_cluster_has_no_findings() -> None:
    """Complete backups with their log and their manifests are good."""
    assert list(status.of_cluster(STANZA, facts(history(3), ["000000010000000000000005"]))) == []


def test_what_is_wrong_with_a_cluster_is_named() -> None:
    """An interrupted backup, a missing segment, a missing manifest: each by its name."""
    backups = history(1)
    found = facts(backups, [], [*(row.label for row in backups), "20260301-010101F"])
    told = {finding.id: finding.fact for finding in status.of_cluster(STANZA, found)}
    assert "20260301-010101F" in told["backup-interrupted"]
    assert "000000010000000000000005" in told["log-missing"]


@pytest.mark.parametrize(("age_h", "expected"), [(1, []), (29, []), (31, ["backup-old"]), (48, ["backup-old"])])
def test_backup_is_old_when_its_schedule_was_missed(age_h: int, expected: list[str]) -> None:
    """A day, and six hours for taking time: after that somebody has to look."""
    state = status.State(
        project="ledger", source="database:ledger", label="x", at=1000, size=1, verified_at=None, verified_label=None, backups=1
    )
    found = status.of_state(PROJECT, SOURCE, state, 1000 + age_h * 3600)
    assert [finding.id for finding in found] == expected


def test_what_was_never_done_has_no_measure() -> None:
    """An absent measure is what the alert for it looks at; a 0 would be 1970."""
    state = status.State(
        project="a", source="database:a", label="x", at=5, size=7, verified_at=None, verified_label=None, backups=1
    )
    text = metrics.text(status.measures([state], {}))
    assert 'flotilla_backup_success_timestamp_seconds{project="a",source="database:a"} 5\n' in text
    assert "drill" not in text
    assert "offsite" not in text


def test_moment_is_reached_from_the_backup_before_it() -> None:
    """A backup that had not ended by then cannot be rolled back; a moment before all of them is refused."""
    backups = history(3)
    assert verify.choose_for_time(STANZA, backups, backups[1].stopped + 1) is backups[1]
    assert verify.choose_for_time(STANZA, backups, backups[1].stopped) is backups[0]
    with pytest.raises(BackupError, match="no backup is as old as that"):
        verify.choose_for_time(STANZA, backups, backups[0].started)


@pytest.mark.parametrize(
    ("written", "reached", "last", "expected"),
    [
        (None, "0/5", None, None),
        ({"position": "0/5", "now": 100}, "0/5", None, 0.0),
        ({"position": "0/6", "now": 100}, "0/5", None, None),
        ({"position": "0/6", "now": 100}, "0/5", "1970-01-01 00:01:00.5+00", 39.5),
    ],
)
def test_recovery_point_is_unknown_and_not_zero(
    written: dict[str, object] | None, reached: str, last: str | None, expected: float | None
) -> None:
    """Where the server does not answer, nobody knows what was lost."""
    assert verify.rpo_s(written, reached, last) == expected


HELD = {
    "tables": {"public.a": {"rows": 2, "hash": "5"}, "public.b": {"rows": 0, "hash": "0"}},
    "sequences": {"public.s": 10},
    "large_objects": {"rows": 0, "hash": "0"},
    "definitions": {"count": 3, "hash": "9"},
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"sequences": {"public.s": 42}}, []),
        ({"sequences": {"public.s": 9}}, ["sequence public.s stands at 9 instead of 10"]),
        ({"tables": {"public.a": {"rows": 2, "hash": "5"}}}, ["table public.b is missing"]),
        (
            {"tables": {"public.a": {"rows": 2, "hash": "6"}, "public.b": {"rows": 1, "hash": "0"}}},
            [
                "table public.a has 2 rows as it should, but not with the same content",
                "table public.b has 1 rows instead of 0",
            ],
        ),
        ({"large_objects": {"rows": 1, "hash": "0"}}, ["large objects differ"]),
    ],
)
def test_differences_are_told(change: dict[str, object], expected: list[str]) -> None:
    """What is missing, too much, or another: each table by its name."""
    assert fingerprint.differences(HELD, {**HELD, **change}) == expected


def test_files_differ_by_kind_size_and_content() -> None:
    """And a file is never the same because its name is."""
    wanted = {"a": {"kind": "file", "size": 1, "hash": "x"}, "b": {"kind": "link", "hash": "y"}, "c": {"kind": "directory"}}
    assert volumes.differences(wanted, wanted) == []
    other = {"a": {"kind": "file", "size": 1, "hash": "z"}, "b": {"kind": "file", "size": 0, "hash": "y"}}
    assert volumes.differences(wanted, other) == [
        "file c is missing",
        "file a has another content",
        "b is a file instead of a link",
    ]


def test_files_that_go_meanwhile_are_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caddy's temporary files may be gone before they were looked at; a volume that is not there at all is one."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "site.crt").touch(mode=0o600)
    monkeypatch.setattr(volume, "_names", lambda _: [".", "site.crt", "site.crt.new"])
    monkeypatch.setattr(gate, "SNAPSHOTS", tmp_path / "snapshots")

    assert volume.prepare(tmp_path / "data", gate.SNAPSHOTS)["files"].keys() == {".", "site.crt"}
    with pytest.raises(FileNotFoundError):
        volume.prepare(tmp_path / "lost", gate.SNAPSHOTS)


def test_changed_document_is_not_genuine(tmp_path: Path) -> None:
    """Whoever has no key cannot change a record, and another environment's key opens none."""
    path = tmp_path / "record.json"
    signed.write(path, {"rto_s": 10, "findings": []}, "key")
    assert signed.read(path, "key") is not None
    assert signed.read(path, "another") is None
    path.write_text(path.read_text().replace("10", "11"))
    assert signed.read(path, "key") is None
    assert signed.read(tmp_path / "absent", "key") is None


CONFIG = {
    "volumes": ["/mnt/data/a/data"],
    "database": {"port": 5432, "version": 15, "data_directory": "/mnt/data/postgresql/15/main"},
}
SEEN = (
    "--exec-id=1059-1273caa0 --log-level-console=off --log-level-file=off --log-level-stderr=error "
    "--pg1-path=/mnt/data/postgresql/15/main --pg1-socket-path=/var/run/postgresql --process=0 --remote-type=pg "
    "--stanza=data-1 backup:remote"
)


def test_gate_lets_pgbackrest_through_as_it_asks() -> None:
    """The command line is one that 2.45 sent."""
    assert gate.pgbackrest(SEEN.split(), CONFIG) == ["/usr/bin/pgbackrest", *SEEN.split()]


@pytest.mark.parametrize(
    "words",
    [
        SEEN.replace("/mnt/data/postgresql/15/main", "/etc"),
        SEEN.replace("backup:remote", "restore:remote"),
        SEEN.replace("backup:remote", "backup"),
        SEEN.replace("--process=0", "--config=/tmp/x"),
        SEEN.replace("--process=0", "--log-path=/etc"),
        SEEN.replace("--remote-type=pg", "--remote-type=repo"),
        SEEN.replace("--pg1-path=/mnt/data/postgresql/15/main ", ""),
        "",
    ],
)
def test_gate_lets_nothing_else_of_pgbackrest_through(words: str) -> None:
    """Another folder, command, configuration or side of it is refused."""
    with pytest.raises(gate.GateError):
        gate.pgbackrest(words.split(), CONFIG)


@pytest.mark.parametrize(
    ("rest", "is_allowed"),
    [
        (["-logDtprze.iLsfxCIvu", ".", "/mnt/data/a/data/"], True),
        (["-ltHpre.iLsfxCIvu", ".", "/var/lib/flotilla/snapshots/mnt-data-a-data/"], True),
        (["-ltHpre.iLsfxCIvu", ".", "/mnt/data/a/data/../../b/"], False),
        (["-ltHpre.iLsfxCIvu", ".", "/mnt/data/"], False),
        (["-ltHpre.iLsfxCIvu", "--files-from=/etc/shadow", ".", "/mnt/data/a/data/"], False),
        (["-ltHpre.iLsfxCIvu", ".", "/mnt/data/a/data/", "/etc/"], False),
        ([".", "/mnt/data/a/data/"], False),
    ],
)
def test_gate_sends_volumes_and_nothing_else(rest: list[str], is_allowed: bool) -> None:
    """rsync's own options can read and write anything, so that only its letters pass."""
    if is_allowed:
        assert gate.rsync(rest, CONFIG["volumes"])[-1] == rest[-1]  # type: ignore[arg-type]
    else:
        with pytest.raises(gate.GateError):
            gate.rsync(rest, CONFIG["volumes"])  # type: ignore[arg-type]
