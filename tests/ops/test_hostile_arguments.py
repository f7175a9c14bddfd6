"""
Strings that would do harm somewhere, in every argument and option of every command: a few in each place. All of them in each
are in tests/proof/test_hostile_arguments.py.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.incidents import folder, postmortem
from tests import command_line
from tests.command_line import FREE, Stand, make_stand, require_harmless, require_named
from tests.hostile import LOOK_ALIKES, hostile_words

WORDS = command_line.words()
SAMPLE = 10


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """A checkout of its own, and programs that only note how they are started."""
    return make_stand(tmp_path, monkeypatch)


def test_every_word_of_the_command_line_is_found() -> None:
    """Arguments, options, those of groups and those of commands in them, each once; and every place for free text."""
    found = {str(word) for word in WORDS}
    assert len(WORDS) == len(found) > 150
    assert {"rollback project", "costs --stack", "history --lines", "host ssh command", "canary start --image"} <= found
    assert {word.place for word in WORDS} >= FREE


def test_a_stand_notices_what_is_obeyed(stand: Stand) -> None:
    """A shell that is given a hostile word makes the canary, and is noted with all that it was given."""
    subprocess.run(["sh", "-c", f"true; touch {stand.canary}"], check=True)
    subprocess.run(["ssh", "root@host", "two words"], check=False, capture_output=True)
    assert stand.canary.exists()
    assert stand.started() == [["sh", "-c", f"true; touch {stand.canary}"], ["ssh", "root@host", "two words"]]
    assert stand.started() == []


def test_hostile_words_are_refused(stand: Stand) -> None:
    """Each place refuses its few of the 1,000 by its name, and no shell sees one; over all places, all are tried."""
    texts = hostile_words(1000, stand.canary)
    for number, word in enumerate(WORDS):
        require_harmless(stand, word, [texts[(number * SAMPLE + turn) % len(texts)] for turn in range(SAMPLE)])


@pytest.mark.parametrize("before", [(), ("sandbox",), ("doctor",), ("doctor", "--")], ids=" ".join)
def test_hostile_words_are_no_commands(stand: Stand, before: tuple[str, ...]) -> None:
    """Where a command, an option, or nothing is expected, they are bad input, and are not shown as they are."""
    for text in hostile_words(1000, stand.canary)[:: 1000 // SAMPLE]:
        answer = stand.run([*before, text])
        assert answer.code == 2 and "Error: " in answer.err and answer.out == "", (text, answer)
        assert all(letter.isprintable() or letter == "\n" for letter in answer.err) and len(answer.err) < 600, text


def test_a_remote_command_is_one_word(stand: Stand) -> None:
    """What is run on a server arrives there as it was given, whatever a shell would make of it."""
    stand.bring_up(is_up=True)
    for text in [text for text in hostile_words(1000, stand.canary)[: SAMPLE * 4] if "\0" not in text]:
        stand.run(["host", "ssh", "app-1", "--", "echo", text])
        [remote] = [arguments[-1] for program, *arguments in stand.started() if program == "ssh"]
        assert shlex.split(remote) == ["echo", text]
    assert not stand.canary.exists()


def test_a_reason_is_kept_to_the_letter(stand: Stand) -> None:
    """Free text that may be meant arrives as it is, in the report and the history, and is obeyed by nobody on its way."""
    require_kept(stand, hostile_words(1000, stand.canary)[:SAMPLE])


def require_kept(stand: Stand, texts: list[str]) -> int:
    """
    Take a project out for each of these reasons. Returns how many of them were accepted.
    """
    paths = ("projects/guestbook.yaml", "releases/local.yaml", "Pulumi.local.yaml")
    files = {stand.checkout / name: (stand.checkout / name).read_bytes() for name in paths}
    accepted = 0
    for text in texts:
        answer = stand.run(["project", "remove", "guestbook", "--approve=critical", f"--reason={text}", "--json"])
        if answer.code == 2:
            assert answer.err.startswith("--reason: "), (text, answer)
            continue
        accepted += 1
        assert answer.code == 0, (text, answer)
        report = json.loads(answer.out)
        assert (report["reason"], json.loads(Path(report["report"]).read_text())["reason"]) == (text, text)
        for path, content in files.items():
            path.write_bytes(content)
    lines = json.loads(stand.run(["history", "--json", "--lines=5000"]).out)["lines"]
    assert len({line["reason"] for line in lines}) == accepted
    assert stand.run(["history", "verify"]).code == 0
    assert not stand.canary.exists()
    return accepted


def test_a_path_is_taken_to_the_letter(stand: Stand) -> None:
    """Blanks, accents, quotes, `..` and what a shell would obey are names of files here, and of nothing else."""
    texts = hostile_words(1000, stand.canary)
    assert require_named(stand, [*texts[: SAMPLE * 4], *LOOK_ALIKES]) > SAMPLE


def test_a_title_never_leads_out_of_its_folder(tmp_path: Path) -> None:
    """Whatever an incident is called, its folder has a plain name."""
    for text in hostile_words(1000, tmp_path / "canary"):
        assert folder.ID.fullmatch(folder.new_id(text, datetime.now(UTC)))


def test_words_of_an_incident_are_no_html() -> None:
    """A title and a resolution are one line of text each in the post-mortem."""
    known = {"status": "OK", "servers": [], "timeline": [], "findings": [], "changes": [], "runbooks": [], "notes": ["<b>"]}
    incident = {"id": "1", "stack": "local", "project": None, "started": "now", "who": "me"}
    for text in [text for text in hostile_words(1000, Path("canary")) if text.isprintable()]:
        lines = postmortem.render({**incident, "title": text, "resolution": text}, known).splitlines()
        assert lines[0].startswith("# ") and lines[2] == "| | |"
        assert not any("<" in line for line in lines), text


def test_numbers_are_numbers(stand: Stand) -> None:
    """Neither less than nothing nor what is no number is taken for one, in each place that takes one."""
    for word in [word for word in WORDS if word.is_number]:
        for number in ("nan", "-1", "-inf", "0x10", "1e999999"):
            answer = stand.run(word.call(number))
            assert answer.code == 2 and word.place in answer.err and "unexpected" not in answer.err, (str(word), answer)


@pytest.mark.parametrize("place", ["/proc/plan", ".", "missing/folder/plan", "a" * 300], ids=lambda place: place[:20])
@pytest.mark.parametrize("words", ["dashboard --out", "costs --stack=local --plot", "settings schema --out"])
def test_where_nothing_can_be_written(stand: Stand, words: str, place: str) -> None:
    """A place that is none is one error, or the place is made; nothing is unexpected."""
    answer = stand.run(f"{words}={place}".split())
    assert answer.code in (0, 1, 2) and "unexpected" not in answer.err, answer
    assert answer.code == 0 or place[:50] in answer.err
