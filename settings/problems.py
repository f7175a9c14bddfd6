"""
What is wrong in the settings, as lines for people: `<file>:<line>: <path>: <fact>. Nothing was changed. <next step>.`

Problems are collected, never raised one by one: a person sees all of them at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ops.errors import SettingsError
from settings.model import Model
from settings.wording import REFUSED, excerpt, suggest

Location = tuple[str | int, ...]
AnyModel = TypeVar("AnyModel", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """
    One mistake: where it is (`line` is None if unknown, `path` is empty for the whole file), what it is, and how to mend it.
    """

    file: str
    fact: str
    next_step: str
    path: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        whole = f"{where}: {self.path}" if self.path else where
        return f"{whole}: {self.fact}. Nothing was changed. {self.next_step}."


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    What a check found at a place inside one file.
    """

    location: Location
    fact: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    Where a value was written: the file's name for people, and {location: line}. `prefix` is the value's own place in the file.
    """

    file: str
    lines: Mapping[Location, int]
    prefix: Location = ()

    def problem(self, finding: Finding) -> Problem:
        """
        The finding with its file, its path from the top of the file, and its line or that of the nearest thing around it.
        """
        location = self.prefix + finding.location
        nearest = next((location[:end] for end in range(len(location), -1, -1) if location[:end] in self.lines), None)
        line = self.lines[nearest] if nearest is not None else None
        path = dotted(location[1:] if self.prefix else location)
        return Problem(file=self.file, line=line, path=path, fact=finding.fact, next_step=finding.next_step)


def repeated(location: Location, values: Iterable[str], what: str) -> Iterator[Finding]:
    """
    A finding for each value that is there more than once.
    """
    for value, times in Counter(values).items():
        if times > 1:
            yield Finding(location=location, fact=f"the {what} `{value}` is there {times} times", next_step="Keep one of them")


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """
    Each problem once, in the order of files and lines.
    """
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line or 0, problem.path))


def error_of(problems: Iterable[Problem]) -> SettingsError:
    """
    All problems as one error, in the order of files and lines.
    """
    return SettingsError("\n".join(dict.fromkeys(str(problem) for problem in in_order(problems))))


def dotted(location: Location) -> str:
    """
    A location as people write it: `servers.app.volume_gb`, `domains[0]`; odd keys are quoted.
    """
    parts: list[str] = []
    for part in location:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif part.replace("_", "a").replace("-", "a").replace(":", "a").isalnum() and part.isascii():
            parts.append(f".{part}")
        else:
            parts.append(f"[{excerpt(part)}]")
    return "".join(parts).removeprefix(".")


def validate(model: type[AnyModel], data: object) -> tuple[AnyModel | None, list[Finding]]:
    """
    The data as this model, or None and everything that is wrong with it.
    """
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        details = [dict(detail) for detail in error.errors(include_url=False)]
        return None, [_finding(model, detail) for detail in details if not _is_echo(detail)]


def _is_echo(detail: dict[str, Any]) -> bool:
    """
    Whether this only repeats other errors: entries with mistakes are not counted, so their list looks too short.
    """
    return detail["type"] == "too_short" and bool(detail["input"])


def _finding(model: type[BaseModel], detail: dict[str, Any]) -> Finding:
    is_key = detail["loc"][-1:] == ("[key]",)
    location: Location = tuple(detail["loc"][:-1] if is_key else detail["loc"])
    fact, next_step = _explain(model, location, detail)
    return Finding(location=location, fact=fact, next_step=next_step)


def _explain(model: type[BaseModel], location: Location, detail: dict[str, Any]) -> tuple[str, str]:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == REFUSED:
        return context["fact"], context["next_step"]
    if kind == "missing":
        return "this is missing", f"Add it: {_description(model, location)}"
    if kind == "extra_forbidden":
        return "unknown key", suggest(str(location[-1]), _fields(model, location[:-1]))
    if kind == "enum":
        return f"{excerpt(value)} is not known here", suggest(str(value), _choices(context["expected"]))
    if value is None:
        return "there is no value after the key", f"Write one, or remove the key: {_description(model, location)}"
    return _explain_size(kind, value, context) or (f"{excerpt(value)} is not {_WANTED.get(kind, 'valid')}", "Correct it")


def _explain_size(kind: str, value: object, context: dict[str, Any]) -> tuple[str, str] | None:
    match kind:
        case "greater_than_equal":
            return f"{excerpt(value)} is below the minimum of {context['ge']}", "Raise it"
        case "less_than_equal":
            return f"{excerpt(value)} is above the maximum of {context['le']}", "Lower it"
        case "too_short":
            return "this is empty", "Add an entry"
        case "too_long":
            return f"this has more than {context['max_length']} entries", "Remove some"
        case "string_too_long":
            return f"{excerpt(value)} is longer than {context['max_length']} characters", "Shorten it"
    return None


_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text; numbers and true or false that are meant as text need quotes",
    "string_unicode": "valid Unicode text",
    "model_type": "a block of keys and values",
    "model_attributes_type": "a block of keys and values",
    "mapping_type": "a block of keys and values",
    "dict_type": "a block of keys and values",
    "tuple_type": "a list",
    "timezone_aware": "a time with its zone, such as 2026-11-20T12:00:00Z",
    "datetime_type": "a time with its zone, such as 2026-11-20T12:00:00Z",
    "datetime_parsing": "a time with its zone, such as 2026-11-20T12:00:00Z",
    "datetime_from_date_parsing": "a time with its zone, such as 2026-11-20T12:00:00Z",
}


def _choices(expected: str) -> list[str]:
    """
    The members that pydantic lists as `'a', 'b' or 'c'`.
    """
    return [part.strip(" '") for part in expected.replace(" or ", ",").split(",")]


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    inner = _model_at(model, location)
    return list(inner.model_fields) if inner else []


def _description(model: type[BaseModel], location: Location) -> str:
    """
    What the field at this location is for, as the end of a sentence.
    """
    inner = _model_at(model, location[:-1])
    field = inner.model_fields.get(str(location[-1])) if inner and location else None
    return (field.description if field and field.description else "see docs/settings.md").rstrip(".")


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    steps = iter(location)
    for step in steps:
        field = current.model_fields.get(str(step)) if current else None
        if field is None:
            return None
        current = _inner_model(field.annotation)
        if get_origin(field.annotation) in (tuple, Mapping):
            next(steps, None)  # the index or the key inside the container
    return current


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner_model(part))), None)
