"""
The schema: plain SQL files in `migrations/`, applied once each, in the order of their names.
"""

from __future__ import annotations

from pathlib import Path

from ledger.storage import Storage, StorageError, Work

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(storage: Storage) -> list[str]:
    """
    Apply what is missing, all or nothing; several processes may do so at once. Returns the names that were applied.

    Raises: StorageError.
    """
    with storage.writing() as work:
        work.run("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
        missing = [path for path in _files() if path.stem not in _applied(work)]
        for path in missing:
            work.script(path.read_text(encoding="utf-8"))
            work.run("INSERT INTO migrations (name) VALUES (:name)", name=path.stem)
    return [path.stem for path in missing]


def check(storage: Storage) -> None:
    """
    Raises: StorageError if the database does not answer, or lacks a migration that this release needs.
    """
    with storage.reading() as work:
        missing = [path.stem for path in _files() if path.stem not in _applied(work)]
    if missing:
        raise StorageError(f"the schema lacks {', '.join(missing)}; run `python3 -m ledger migrate`")


def _files() -> list[Path]:
    files = sorted(MIGRATIONS.glob("*.sql"))
    if not files:
        raise StorageError(f"{MIGRATIONS} is empty: this release was not built as a whole")
    return files


def _applied(work: Work) -> set[object]:
    return {row["name"] for row in work.rows("SELECT name FROM migrations")}
