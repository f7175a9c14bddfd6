"""
The audit log: whatever is done to its lines is found.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops import history
from ops.shelf import Folder

EVENTS = st.lists(st.dictionaries(st.sampled_from(["event", "what", "reason"]), st.text(max_size=20)), min_size=3, max_size=8)


def written(path: Path, count: int = 5) -> Folder:
    """
    A history of some events.
    """
    shelf = Folder(path)
    for number in range(count):
        history.append(shelf, {"event": "begun", "what": f"Do thing {number}"})
    return shelf


def lines(shelf: Folder) -> list[str]:
    """
    Its lines as text.
    """
    return (shelf.path / history.NAME).read_text().splitlines()


def told(text: list[str], head: dict[str, object]) -> list[str]:
    """
    What is wrong with these lines.
    """
    return history.problems([line.encode() for line in text], head)


def test_a_history_as_it_was_written_is_whole(tmp_path: Path) -> None:
    """Numbers go up by one, each line has the hash of the one before, and there is nothing to find."""
    shelf = written(tmp_path)

    found = history.read(shelf)

    assert [line["seq"] for line in found] == [1, 2, 3, 4, 5]
    assert [line["previous"] for line in found] == [history.FIRST, *(line["hash"] for line in found[:-1])]
    assert history.verify(shelf) == []


@settings(deadline=None)
@given(EVENTS, st.data())
def test_any_edit_removal_or_move_is_found(events: list[dict[str, str]], data: st.DataObject) -> None:
    """Whichever line it is, whatever it says."""
    made: list[dict[str, object]] = []
    for event in events:
        line = history._next(made[-1] if made else None, event, history.datetime(2026, 11, 26, tzinfo=history.UTC))
        made.append(line)
    head = {"seq": made[-1]["seq"], "hash": made[-1]["hash"]}
    text = [history._text(line) for line in made]
    assert told(text, head) == []

    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.integers(0, len(text) - 1).filter(lambda found: found != at))
    moved = list(text)
    moved[at], moved[other] = moved[other], moved[at]
    edited = [*text[:at], history._text({**made[at], "what": "something else entirely, in the place of it"}), *text[at + 1 :]]
    forged = dict(made[at], what="something else entirely, in the place of it")
    rehashed = [*text[:at], history._text({**forged, "hash": history.digest(forged)}), *text[at + 1 :]]
    for damaged in (text[:at] + text[at + 1 :], moved, edited, rehashed, [*text[:at], text[at], *text[at:]]):
        assert told(damaged, head)
    assert told([*text[:at], text[at].replace(",", ", ", 1), *text[at + 1 :]], head)


def test_a_history_without_its_end_is_found(tmp_path: Path) -> None:
    """The head says how far it has to go; without the head that is not known, and said."""
    shelf = written(tmp_path)
    (tmp_path / history.NAME).write_text("\n".join(lines(shelf)[:3]) + "\n")

    assert history.verify(shelf) == ["the last line is number 3, and it should be number 5: the end was removed or changed"]
    (tmp_path / history.HEAD).unlink()
    assert history.verify(shelf) == ["the head is missing: whether the last lines are there is not known"]


def test_a_torn_line_is_noted_and_the_history_goes_on(tmp_path: Path) -> None:
    """After a power cut in the midst of a line its rest is kept, and the history says so; edited later, it is found."""
    shelf = written(tmp_path, 2)
    with (tmp_path / history.NAME).open("a") as file:
        file.write('{"seq": 3, "at": "2026')

    history.append(shelf, {"event": "begun", "what": "Go on"})

    assert [(line["seq"], line["event"]) for line in history.read(shelf)] == [
        *((1, "begun"), (2, "begun"), (3, history.TORN), (4, "begun"))
    ]
    assert history.verify(shelf) == []
    path = tmp_path / history.NAME
    path.write_text(path.read_text().replace('"at": "2026', '"at": "2025'))
    assert history.verify(shelf) == ["line 3 is no event: it was damaged, or torn off by a power cut"]


def test_a_line_that_is_whole_but_for_its_end_is_kept(tmp_path: Path) -> None:
    """Only the end of the line is missing: nothing is lost, and there is nothing to note."""
    shelf = written(tmp_path, 2)
    path = tmp_path / history.NAME
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))

    history.append(shelf, {"event": "begun", "what": "Go on"})

    assert [line["event"] for line in history.read(shelf)] == ["begun"] * 3
    assert history.verify(shelf) == []


def test_an_event_cannot_say_what_the_history_says(tmp_path: Path) -> None:
    """Numbers and hashes are not for whoever writes to choose."""
    with pytest.raises(ValueError, match="hash, seq"):
        history.append(Folder(tmp_path), {"seq": 1, "hash": "0"})


def test_lines_are_one_json_object_each(tmp_path: Path) -> None:
    """Also where what is written down has line breaks in it."""
    shelf = Folder(tmp_path)
    history.append(shelf, {"event": "begun", "what": "two\nlines\u2028or three"})

    assert len((tmp_path / history.NAME).read_bytes().split(b"\n")) == 2
    assert json.loads(lines(shelf)[0])["what"] == "two\nlines\u2028or three"
    assert history.verify(shelf) == []
