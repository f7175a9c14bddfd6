"""
The engine's own folder.
"""

from __future__ import annotations

from pathlib import Path

from toolchain import pulumi_home


def test_the_engine_is_kept_from_logging_every_command(tmp_path: Path) -> None:
    """Where it would make a folder for its logs stands a file that says why, and how to have them."""
    pulumi_home.make(tmp_path / "home")

    assert "Remove this file" in (tmp_path / "home" / "logs").read_text()


def test_who_has_the_logs_keeps_them(tmp_path: Path) -> None:
    """A folder with logs stays as it is, however often the setup runs."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "one.log").write_text("told")
    pulumi_home.make(tmp_path)

    assert (tmp_path / "logs" / "one.log").read_text() == "told"
