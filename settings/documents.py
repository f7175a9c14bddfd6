"""
Read one YAML file strictly: every mistake has its line, nothing is guessed.

Stricter than YAML on purpose: keys are text and never repeat, `yes` and `12:30` are text (YAML 1.2), and anchors, tags and
further documents are refused. Built from parser events with an explicit stack, so that no file can exhaust memory or the stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from settings.problems import Location, Problem, Source
from settings.wording import excerpt

FILE_MAXIMUM_BYTES = 256 * 1024
DEPTH_MAXIMUM = 20

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}([eE][-+]?[0-9]{1,3})?", re.ASCII)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, kw_only=True)
class Document:
    """
    One file: its data, and where each part of it was written.
    """

    data: object
    source: Source


class _RefusedError(Exception):
    """
    A construct that is not used in settings.
    """

    def __init__(self, fact: str, next_step: str, line: int | None = None) -> None:
        super().__init__(fact)
        self.fact, self.next_step, self.line = fact, next_step, line


@dataclass
class _Frame:
    """
    A mapping or list that is being filled; `key` is the mapping's key that waits for its value, in `key_line`.
    """

    container: dict[str, Any] | list[Any]
    location: Location
    key: str | None = None
    key_line: int = 0


@dataclass
class _Builder:
    """
    Turns parser events into plain values, and remembers the line of each.
    """

    data: object = None
    lines: dict[Location, int] = field(default_factory=dict)
    frames: list[_Frame] = field(default_factory=list)
    documents: int = 0

    def add(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise _RefusedError("a second document starts here", "Keep one document per file", line)
            case yaml.MappingStartEvent():
                self._open({}, event, line)
            case yaml.SequenceStartEvent():
                self._open([], event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.frames.pop()
            case yaml.AliasEvent():
                raise _RefusedError("anchors and aliases are not used in settings", "Write the value out", line)
            case yaml.ScalarEvent():
                self._scalar(event, line)

    def _open(self, container: dict[str, Any] | list[Any], event: Any, line: int) -> None:
        if event.tag is not None or event.anchor is not None:
            raise _RefusedError("tags and anchors are not used in settings", "Remove it", line)
        if self.frames and isinstance(self.frames[-1].container, dict) and self.frames[-1].key is None:
            raise _RefusedError("a list or a block is used as a key", "Use plain text as the key", line)
        if len(self.frames) == DEPTH_MAXIMUM:
            raise _RefusedError(f"this is nested more than {DEPTH_MAXIMUM} deep", "Settings need no such depth", line)
        self.frames.append(_Frame(container=container, location=self._place(container, line)))

    def _scalar(self, event: Any, line: int) -> None:
        if event.tag is not None or event.anchor is not None:
            raise _RefusedError("tags and anchors are not used in settings", "Remove it", line)
        frame = self.frames[-1] if self.frames else None
        if frame and isinstance(frame.container, dict) and frame.key is None:
            if event.value in frame.container:
                first = self.lines[(*frame.location, event.value)]
                raise _RefusedError(f"the key {excerpt(event.value)} is already in line {first}", "Keep one of them", line)
            frame.key, frame.key_line = event.value, line
        else:
            self._place(_plain(event.value) if event.implicit[0] else event.value, line)

    def _place(self, value: Any, line: int) -> Location:
        """
        Put a value where the parser stands, and return its location.
        """
        location: Location = ()
        if not self.frames:
            self.data = value
        else:
            frame = self.frames[-1]
            if isinstance(frame.container, list):
                location = (*frame.location, len(frame.container))
                frame.container.append(value)
            else:
                key, line, frame.key = str(frame.key), frame.key_line, None
                location = (*frame.location, key)
                frame.container[key] = value
        self.lines[location] = line
        return location


def read_document(path: Path, name: str) -> Document | Problem:
    """
    The file's content, or what keeps it from being read. `name` is how the file is called in errors.
    """
    builder = _Builder()
    try:
        for event in _events(_text(path)):
            builder.add(event)
        if builder.data is None:
            raise _RefusedError("the file is empty", "Fill it in as docs/settings.md says, or remove it")
    except _RefusedError as refusal:
        return Problem(file=name, line=refusal.line, fact=refusal.fact, next_step=refusal.next_step)
    return Document(data=builder.data, source=Source(file=name, lines=builder.lines))


def _events(text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _RefusedError(f"this is not valid YAML: {error.problem}", "Correct the line or the one before it", line) from None
    except yaml.YAMLError as error:
        raise _RefusedError(f"this is not valid YAML: {' '.join(str(error).split())}", "Remove the character") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _RefusedError("there is no such file", "Write it as docs/settings.md says, or choose another stack") from None
    except OSError as error:
        raise _RefusedError(f"the file cannot be read ({error.strerror})", "Check the file and its permissions") from None
    if len(content) > FILE_MAXIMUM_BYTES:
        raise _RefusedError(f"the file is larger than {FILE_MAXIMUM_BYTES} bytes", "Settings are short; remove what is not one")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _RefusedError(f"byte 0x{content[error.start]:02x} is not UTF-8", "Save the file as UTF-8", line) from None


def _plain(text: str) -> str | int | float | bool | None:
    """
    A scalar without quotes, as YAML 1.2's core schema reads it.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
