"""
What runs on a server, run here: it looks without touching, and does one thing at a time, wholly or not at all.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hosts import agent
from hosts.decide import decide, questions
from hosts.items import Absent, Directory, File, Item

LOUD = "def converge(data, dry):\n    print('noise')\n    return [f'{data} {dry}']\n"


def sent(name: str, data: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The outcome of a program as it is sent to a server."""
    argv = [sys.executable, "-I", "-"]
    return subprocess.run(argv, input=agent.program(name, data), capture_output=True, text=True, timeout=60, check=False)


def act(kind: str, item: Item, **more: Any) -> subprocess.CompletedProcess[str]:
    return sent("act", {"steps": [{"act": kind, **asdict(item), "notify": [], **more}]})


@pytest.fixture
def mine() -> dict[str, str]:
    """The owner of files here: whoever runs the tests."""
    import grp
    import pwd

    return {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


def look(items: list[Item], **more: Any) -> dict[str, Any]:
    """What `observe` sees of files; what needs systemd or packages is for real machines (tests/integration/hosts)."""
    asked = {**questions({"role": items}), **more}
    program = agent.program("observe", asked).replace('run(["systemd-detect-virt"', 'run(["true"')
    done = subprocess.run([sys.executable, "-I", "-"], input=program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(base64.b64decode(done.stdout)))


def test_a_look_changes_nothing_and_a_written_file_is_as_wanted(tmp_path: Path, mine: dict[str, str]) -> None:
    """Seen as missing; written; seen as it should be, and nothing is left to do."""
    item = File(path=str(tmp_path / "a" / "x"), content="one\ntwo ä\n", mode=0o640, **mine)
    before = decide({"role": [item]}, look([item]))
    assert list(tmp_path.iterdir()) == []
    done = act("file", item)
    after = decide({"role": [item]}, look([item]))

    assert [change.act for change in before.changes] == ["file"]
    assert done.returncode == 0, done.stderr
    assert (after.changes, after.unchanged) == ((), 1)


def test_a_file_that_is_judged_wrong_leaves_the_old_one(tmp_path: Path, mine: dict[str, str]) -> None:
    """The judge's words are told, and nothing of the new one stays behind."""
    path = tmp_path / "x"
    path.write_text("old\n")
    judge = ("sh", "-c", 'grep -q good "$1" || { echo "not good" >&2; exit 3; }', "judge", "{new}")
    item = File(path=str(path), content="bad\n", check=judge, **mine)
    refused = act("file", item)

    assert refused.returncode == 1
    assert "exit code 3: not good" in refused.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]
    assert path.read_text() == "old\n"
    assert act("file", File(path=str(path), content="good\n", check=judge, **mine)).returncode == 0
    assert path.read_text() == "good\n"


def test_a_secret_is_never_readable_for_others(tmp_path: Path, mine: dict[str, str]) -> None:
    """Not even while it is being written, and it is in no argument or message."""
    item = File(path=str(tmp_path / "x"), content="s3cr3t", mode=0o600, check=("false",), is_secret=True, **mine)
    refused = act("file", item)

    assert refused.returncode == 1
    assert "s3cr3t" not in refused.stderr + refused.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_directory_in_the_place_of_a_file_is_not_removed(tmp_path: Path, mine: dict[str, str]) -> None:
    """Somebody has to look at that."""
    (tmp_path / "x").mkdir()
    refused = act("file", File(path=str(tmp_path / "x"), content="", **mine))

    assert refused.returncode == 1
    assert "is a directory" in refused.stderr


def test_only_an_empty_directory_is_removed(tmp_path: Path) -> None:
    """What is in it may be somebody's data."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "data").write_text("x")
    (tmp_path / "file").write_text("x")

    assert act("absent", Absent(path=str(tmp_path / "full"))).returncode == 1
    assert act("absent", Absent(path=str(tmp_path / "file"))).returncode == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["full"]


def test_a_directory_gets_its_mode_and_keeps_what_is_in_it(tmp_path: Path, mine: dict[str, str]) -> None:
    """Made with those above it where it is not there."""
    item = Directory(path=str(tmp_path / "a" / "b"), mode=0o750, **mine)

    assert act("directory", item).returncode == 0
    assert decide({"role": [item]}, look([item])).changes == ()


def test_a_broken_program_is_an_unknown_and_stops_nothing_else(tmp_path: Path, mine: dict[str, str]) -> None:
    """The others are looked at all the same; what it prints is no part of the answer."""
    programs = [
        {"program": "broken", "source": "def converge(data, dry):\n    raise OSError('no such thing')\n", "data": {}},
        {
            "program": "loud",
            "source": "def converge(data, dry):\n    print('noise')\n    return [f'{data} {dry}']\n",
            "data": 7,
        },
    ]
    seen = look([], programs=programs)

    assert seen["programs"] == [{"error": "OSError: no such thing"}, {"changes": ["7 True"]}]


def test_a_look_shows_no_secret_content(tmp_path: Path, mine: dict[str, str]) -> None:
    """Its hash is enough to tell whether it differs."""
    path = tmp_path / "x"
    path.write_text("s3cr3t")
    seen = look([File(path=str(path), content="other", is_secret=True, **mine)])

    assert "content" not in seen["paths"][str(path)]
    assert seen["paths"][str(path)]["kind"] == "file"


def test_what_came_before_a_failure_is_done_and_said_and_nothing_after_it(tmp_path: Path, mine: dict[str, str]) -> None:
    """A line for each change that was made, and the reason why the next was not."""
    first, third = (File(path=str(tmp_path / name), content="x", **mine) for name in ("first", "third"))
    second = File(path=str(tmp_path / "second"), content="x", check=("sh", "-c", "echo no >&2; exit 1"), **mine)
    steps = [{"act": "file", **asdict(item), "notify": []} for item in (first, second, third)]
    done = sent("act", {"steps": steps})

    assert done.returncode == 1
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[f"{tmp_path / 'first'} written"]]
    assert done.stderr == "sh -c echo no >&2; exit 1: exit code 1: no\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["first"]


def test_owed_commands_are_shown_in_the_order_in_which_they_were_noted(tmp_path: Path, mine: dict[str, str]) -> None:
    """A unit's new file has to be read before its restart, also by the run that makes up for an interrupted one."""
    notes, commands = tmp_path / "pending", [[f"command-{number}"] for number in (3, 1, 4, 5, 9, 2, 6)]
    item = File(path=str(tmp_path / "file"), content="x", **mine)

    def moved(name: str, data: dict[str, Any]) -> str:
        text = (
            agent.program(name, data)
            .replace("/var/lib/flotilla/pending", str(notes))
            .replace('["systemd-detect-virt"', '["true"')
        )
        argv = [sys.executable, "-I", "-"]
        return subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=True).stdout

    moved("act", {"steps": [{"act": "file", **asdict(item), "notify": commands}]})
    seen = json.loads(base64.b64decode(moved("observe", {"paths": {}, "packages": [], "units": [], "programs": []})))

    assert seen["pending"] == commands
