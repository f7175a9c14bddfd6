"""
The audit log of a stack: one JSON object a line, each with the hash of the one before, so that a line that was edited, removed,
put in or moved is found.

    {"seq": 7, "at": "2026-11-26T10:00:00.123+00:00", "event": "begun", ..., "previous": "<hash of line 6>", "hash": "..."}

A second file, the head, holds the number and hash of the last line: without it nobody could tell that the last lines are gone.
Who may write to both can make up a whole new history; keep the bucket's versions, or copies of the head, elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ops.errors import FlotillaError
from ops.shelf import Shelf

NAME, HEAD = "history.jsonl", "history.head"
FIRST = "0" * 64
TORN = "torn"
ATTEMPTS = 100
_OWN = frozenset({"seq", "at", "previous", "hash"})


def append(shelf: Shelf, event: Mapping[str, Any], *, at: datetime | None = None) -> dict[str, Any]:
    """
    Write an event down, on disk when this returns. A last line that a power cut tore off is kept as it is, and the next line
    says so.
    """
    if _OWN & event.keys():
        raise ValueError(f"an event has no {', '.join(sorted(_OWN & event.keys()))} of its own")
    for _ in range(ATTEMPTS):
        before = shelf.read(NAME)
        text, moment = _mended(before or b"", at or datetime.now(UTC))
        line = _next(_last(text), event, moment)
        if shelf.swap(NAME, before, text + _text(line).encode() + b"\n"):
            _move_head(shelf, line)
            return line
    raise FlotillaError(f"{shelf.place}/{NAME}: others wrote to it all the time. Nothing was done. Try again.")


def _mended(text: bytes, at: datetime) -> tuple[bytes, datetime]:
    """
    With the end of a line behind the last one; where that one is none, with a line that says what is left of it.
    """
    torn = text.rpartition(b"\n")[2]
    if not torn:
        return text, at
    if _parsed(torn.decode(errors="replace")) is None:
        note = {"event": TORN, "torn": hashlib.sha256(torn).hexdigest(), "what": "A line was torn off, such as by a power cut"}
        text += b"\n" + _text(_next(_last(text), note, at)).encode()
    return text + b"\n", at


def _move_head(shelf: Shelf, line: Mapping[str, Any]) -> None:
    """
    Forwards only: a writer that comes later may have been faster.
    """
    after = json.dumps({"seq": line["seq"], "hash": line["hash"]}).encode()
    for _ in range(ATTEMPTS):
        before = shelf.read(HEAD)
        stands = _parsed(before.decode(errors="replace")) if before else None
        if stands is not None and isinstance(stands.get("seq"), int) and stands["seq"] >= line["seq"]:
            return
        if shelf.swap(HEAD, before, after):
            return


def _last(text: bytes) -> dict[str, Any] | None:
    for line in reversed(text.split(b"\n")):
        parsed = _parsed(line.decode(errors="replace"))
        if parsed is not None and isinstance(parsed.get("seq"), int) and isinstance(parsed.get("hash"), str):
            return parsed
    return None


def _next(last: Mapping[str, Any] | None, event: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    line = {
        "seq": last["seq"] + 1 if last else 1,
        "at": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        **event,
        "previous": last["hash"] if last else FIRST,
    }
    return {**line, "hash": digest(line)}


def digest(line: Mapping[str, Any]) -> str:
    """
    The SHA-256 of a line without its own hash, 64 hex digits.
    """
    return hashlib.sha256(_text({name: value for name, value in line.items() if name != "hash"}).encode()).hexdigest()


def _text(line: Mapping[str, Any]) -> str:
    return json.dumps(line, sort_keys=True, separators=(",", ":"))


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def read(shelf: Shelf) -> list[dict[str, Any]]:
    """
    What was written down, oldest first. Lines that are none are left out; `verify` tells them.
    """
    lines = (line.decode(errors="replace") for line in _lines(shelf.read(NAME) or b""))
    return [parsed for line in lines if (parsed := _parsed(line)) is not None]


def verify(shelf: Shelf) -> list[str]:
    """
    What is wrong with the history, each as a sentence without its full stop.
    """
    head = shelf.read(HEAD)
    return problems(_lines(shelf.read(NAME) or b""), _parsed(head.decode(errors="replace")) if head else None)


def _lines(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def problems(lines: Sequence[bytes], head: Mapping[str, Any] | None) -> list[str]:
    """
    What is wrong with these lines, against the head: pure.
    """
    told: list[str] = []
    seq, previous = 0, FIRST
    for number, text in enumerate(lines, 1):
        line = _parsed(text.decode(errors="replace"))
        if line is None:
            if not _is_noted(text, lines[number : number + 1]):
                told.append(f"line {number} is no event: it was damaged, or torn off by a power cut")
            continue
        if line.get("hash") != digest(line) or text != _text(line).encode():
            told.append(f"line {number} was changed after it was written")
        if line.get("seq") != seq + 1 or line.get("previous") != previous:
            told.append(f"line {number} does not follow the one before: lines were removed, put in or moved")
        found = line.get("seq")
        seq, previous = found if isinstance(found, int) else seq + 1, line.get("hash", "")
    if head is None:
        if lines:
            told.append("the head is missing: whether the last lines are there is not known")
    elif (head.get("seq"), head.get("hash")) != (seq, previous):
        told.append(f"the last line is number {seq}, and it should be number {head.get('seq')}: the end was removed or changed")
    return told


def _is_noted(torn: bytes, following: Sequence[bytes]) -> bool:
    """
    Whether the next line tells of this one, which is none.
    """
    note = _parsed(following[0].decode(errors="replace")) if following else None
    return note is not None and (note.get("event"), note.get("torn")) == (TORN, hashlib.sha256(torn).hexdigest())
