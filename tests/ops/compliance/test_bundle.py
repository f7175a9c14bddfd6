"""
The bundle: the same bytes for the same evidence, whatever is done to it is found, and no secret is in it.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.compliance import bundle
from ops.compliance.assess import assess, document
from ops.compliance.bundle import MANIFEST, File
from ops.compliance.evidence import Evidence
from ops.compliance.gather import files
from ops.compliance.record import record
from ops.errors import SettingsError
from ops.secrecy import Filter
from tests.complete_fleet import PLANTED, complete
from tests.compliance_scenes import NOW, evidence, log, report
from tests.conftest import Checkout

TWO = (
    File(path="b/two.json", content=b"{}\n", what="two", when="2026-11-26T00:00:00+00:00"),
    File(path="one.md", content=b"# one\n", what="one"),
)


def made(path: Path, contents: tuple[File, ...] = TWO) -> Path:
    """A bundle of these files."""
    bundle.write(path, bundle.manifest("production", "2026-11-26T12:00:00+00:00", "c0ffee", contents), contents)
    return path


def gathered(known: Evidence, hide: Filter | None = None) -> tuple[File, ...]:
    """The files about this evidence."""
    return files(known, document(known, assess(known)), record(known.settings), hide)


def test_the_same_evidence_is_the_same_archive(tmp_path: Path) -> None:
    """Whatever the clock, the order of the files, or their place."""
    first, second = made(tmp_path / "a.tar.gz"), made(tmp_path / "b.tar.gz", TWO[::-1])
    assert first.read_bytes() == second.read_bytes()
    assert gathered(evidence({"reports_days": 1})) == gathered(evidence({"reports_days": 1}))


@pytest.mark.parametrize("name", ["evidence.tar.gz", "folder"])
def test_a_bundle_is_as_its_manifest_says(tmp_path: Path, name: str) -> None:
    """As an archive and as a folder; each file has its hash and the time that it is of."""
    found = bundle.check(made(tmp_path / name))
    assert found.problems == ()
    assert [(row["path"], row["when"]) for row in found.manifest["files"]] == [
        ("b/two.json", "2026-11-26T00:00:00+00:00"),
        ("one.md", ""),
    ]


def test_what_is_done_to_a_folder_is_found(tmp_path: Path) -> None:
    """A file that was changed, taken away or added, and one that leads elsewhere."""
    place = made(tmp_path / "folder")
    (place / "one.md").write_bytes(b"# One\n")
    (place / "b" / "two.json").unlink()
    (place / "three").write_text("x")
    (place / "four").symlink_to("/etc/hostname")
    assert sorted(bundle.check(place).problems) == [
        "b/two.json: it is not there",
        "four: it is a link",
        "one.md: it was changed after the manifest was written",
        "three: the manifest does not know it",
    ]


@given(position=st.integers(0, 10_000), value=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_no_changed_byte_passes(tmp_path: Path, position: int, value: int) -> None:
    """Any byte of any file in the archive that is another one is found, or there is no bundle any more."""
    raw = bytearray(gzip.decompress(made(tmp_path / "good.tar.gz").read_bytes()))
    with tarfile.open(fileobj=io.BytesIO(bytes(raw))) as archive:
        places = [at for row in archive if row.name != MANIFEST for at in range(row.offset_data, row.offset_data + row.size)]
    at = places[position % len(places)]
    raw[at] ^= value
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(gzip.compress(bytes(raw)))
    assert bundle.check(bad).problems


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a\nb"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    """And nothing of an archive is ever written to the disk."""
    path = tmp_path / "strange.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for entry, content in ((MANIFEST, b'{"files": []}'), (name, b"x")):
            row = tarfile.TarInfo(entry)
            row.size = len(content)
            archive.addfile(row, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    problems = bundle.check(path).problems
    assert len(problems) == 2
    assert all(problem.endswith("no bundle has such an entry") for problem in problems)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [b"", b"not an archive", gzip.compress(b"neither", mtime=0), gzip.compress(b"x" * 2048, mtime=0)],
    ids=["empty", "text", "short", "long"],
)
def test_what_is_no_bundle_is_told(tmp_path: Path, content: bytes) -> None:
    """In one sentence, whatever it is."""
    path = tmp_path / "file.tar.gz"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="this is no bundle"):
        bundle.check(path)


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    """A folder with something in it stays as it is."""
    place = made(tmp_path / "folder")
    with pytest.raises(SettingsError, match="there is something already"):
        made(place)


def test_no_secret_is_in_it(checkout: Checkout) -> None:
    """Not in settings, and not where a server, a person or a plan has written one of them down."""
    fleet = complete(checkout)
    loaded = fleet.settings("production")
    said = f"it failed with {' and '.join(PLANTED)}"
    known = replace(
        evidence({"history_problems": []}),
        settings=loaded,
        reports={
            "security": report("security", NOW - NOW, [{"id": "security.key-unknown", "severity": "CRITICAL", "message": said}])
        },
        history=({**log(1), "reason": said},),
        plan={"violations": [{"policy": "backup-offsite", "message": said, "is_stopping": True}]},
    )
    contents = gathered(known, Filter(PLANTED))
    everything = b"".join(file.content for file in contents).decode()
    assert [secret for secret in PLANTED if secret in everything or json.dumps(secret)[1:-1] in everything] == []
    assert {file.path for file in contents if file.is_masked} >= {"compliance.json", "history.jsonl", "plan.json"}


def test_without_the_secrets_settings_still_have_none(checkout: Checkout) -> None:
    """Where nobody can decrypt them here, no value of one is anywhere near."""
    loaded = complete(checkout).settings("production")
    contents = gathered(replace(evidence({}), settings=loaded))
    everything = b"".join(file.content for file in contents).decode()
    assert not [secret for secret in PLANTED if secret in everything]
    assert "v1:" not in everything
