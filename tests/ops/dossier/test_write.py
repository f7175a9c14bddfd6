"""
A dossier's files: what is compared, what is written, what is left alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops import whole
from ops.dossier import write as files
from ops.dossier.page import Page
from ops.errors import FlotillaError, RefusedError

KEPT = {"is_repeatable": True}
FIRST = (Page("index.md", "Index", "one\n"), Page("projects/a.md", "A", "two\n"))
SECOND = (Page("index.md", "Index", "three\n"),)


def _write(folder: Path, pages: tuple[Page, ...]) -> list[tuple[str, str]]:
    found = files.changes(folder, pages, KEPT)
    files.write(folder, found, pages, KEPT)
    return [(change.path, change.kind.value) for change in found]


def _tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_new_folder(tmp_path: Path) -> None:
    """Everything is written, for everybody to read, and the second time nothing is to be done."""
    folder = tmp_path / "docs" / "production"
    assert _write(folder, FIRST) == [(files.MANIFEST, "missing"), ("index.md", "missing"), ("projects/a.md", "missing")]
    assert (folder / "projects" / "a.md").read_text() == "# A\n\ntwo\n"
    assert (folder / "index.md").stat().st_mode & 0o777 == 0o644
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert _write(folder, FIRST) == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_what_is_left_over_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    """A page that is no more is removed with its folder; a file that somebody put there is kept."""
    _write(tmp_path, FIRST)
    (tmp_path / "notes.md").write_text("mine")
    assert ("projects/a.md", "left over") in _write(tmp_path, SECOND)
    assert set(_tree(tmp_path)) == {files.MANIFEST, "index.md", "notes.md"}
    assert not (tmp_path / "projects").exists()
    assert files.changes(tmp_path, SECOND, KEPT) == []


def test_files_of_others_are_not_replaced(tmp_path: Path) -> None:
    """A folder with a file of the same name that no dossier has written: refused, and nothing is done."""
    (tmp_path / "index.md").write_text("mine")
    with pytest.raises(RefusedError, match=r"no dossier has written index\.md\. Nothing was written\."):
        _write(tmp_path, FIRST)
    assert _tree(tmp_path) == {"index.md": "mine"}


def test_what_was_edited_is_told_as_a_difference(tmp_path: Path) -> None:
    """As `diff -u` has it, also where a file is missing or left over, or has no end of its last line."""
    _write(tmp_path, FIRST)
    (tmp_path / "index.md").write_text("# Index\n\none\nby hand")
    (tmp_path / "projects" / "a.md").unlink()
    found = {change.path: change.difference for change in files.changes(tmp_path, FIRST, KEPT)}
    assert found["index.md"] == (
        "--- index.md\n+++ index.md\n@@ -1,4 +1,3 @@\n # Index\n \n one\n-by hand\n\\ No newline at end of file\n"
    )
    assert found["projects/a.md"].startswith("--- /dev/null\n+++ projects/a.md\n")
    left = {change.path: change.difference for change in files.changes(tmp_path, SECOND, KEPT)}
    assert files.MANIFEST in left


def test_looking_writes_nothing(tmp_path: Path) -> None:
    """Comparing is reading: a folder that is not there is not made."""
    assert len(files.changes(tmp_path / "none", FIRST, KEPT)) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../outside.md", "/etc/hostname", "projects/../../outside.md", "link/outside.md", "", "a\0b"])
def test_a_manifest_reaches_nothing_outside(tmp_path: Path, name: str) -> None:
    """Whoever edits it cannot have files elsewhere removed, by a link neither."""
    folder = tmp_path / "dossier"
    _write(folder, FIRST)
    (tmp_path / "outside.md").write_text("mine")
    (folder / "link").symlink_to(tmp_path)
    (folder / files.MANIFEST).write_text(json.dumps({"files": [name, "index.md", 7], "is_repeatable": True}))
    _write(folder, SECOND)
    assert (tmp_path / "outside.md").read_text() == "mine"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"files": 3}', "\udcff"])
def test_a_broken_manifest_owns_nothing(tmp_path: Path, content: str) -> None:
    """Then files are those of others, until they are moved."""
    _write(tmp_path, FIRST)
    (tmp_path / files.MANIFEST).write_bytes(content.encode(errors="surrogateescape"))
    (tmp_path / "index.md").write_text("by hand")
    with pytest.raises(RefusedError):
        _write(tmp_path, FIRST)
    assert (tmp_path / "index.md").read_text() == "by hand"


def test_broken_off_it_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle: each file is whole, all are known as ours, and the next run finishes."""
    real, written = whole.file, []

    def full(path: Path, **options):
        written.append(path.name)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return real(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(whole, "file", full)
        with pytest.raises(FlotillaError, match="No space left on device"):
            _write(tmp_path, FIRST)
    assert set(_tree(tmp_path)) == {files.MANIFEST, "index.md"}
    assert _write(tmp_path, SECOND)
    assert set(_tree(tmp_path)) == {files.MANIFEST, "index.md"}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """One clear error: where the folder is to be, there is a file."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(FlotillaError, match="it cannot be written to"):
        _write(tmp_path / "taken", FIRST)
