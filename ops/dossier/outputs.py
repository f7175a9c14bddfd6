"""
A stack's outputs document, as far as it is one: what is not of its shape is left out, and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BY_NAME = ("servers", "projects")
VERSION = 2


def parse(document: object, stack: str) -> tuple[Mapping[str, Any] | None, list[str]]:
    """
    The document, and sentences about what is wrong with it. None where it is not this stack's, or of another version.
    """
    if not isinstance(document, Mapping) or not document:
        return None, ["there are no outputs: it was never brought up"]
    if document.get("version") != VERSION:
        return None, [f"its outputs are of version {document.get('version')}, and this `flotilla` reads {VERSION}"]
    whose = document.get("environment")
    if not isinstance(whose, Mapping) or whose.get("stack") != stack:
        return None, [f"these are the outputs of another stack, not of {stack}"]
    return _well_formed(document)


def _well_formed(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
    """
    Without what has another shape than components/outputs_shape.py says: single servers and projects, or whole sections.
    """
    from pydantic import TypeAdapter, ValidationError

    from components.outputs_shape import Outputs

    try:
        TypeAdapter(Outputs).validate_python(document)
    except ValidationError as error:
        places = dict.fromkeys(_place(found["loc"], found["type"]) for found in error.errors(include_input=False))
    else:
        return document, []
    left: dict[str, Any] = {key: dict(value) if isinstance(value, Mapping) else value for key, value in document.items()}
    for section, name in places:
        if name is None:
            left.pop(section, None)
        elif isinstance(left.get(section), dict):
            left[section].pop(name, None)
    said = [
        f"the output `{section}{f'.{name}' if name else ''}` is missing or not of the expected shape, and is left out"
        for section, name in places
    ]
    return left, said


def _place(location: tuple[str | int, ...], kind: str) -> tuple[str, str | None]:
    section = str(location[0])
    is_one = section in BY_NAME and len(location) > 1 and kind != "dict_type"
    return section, str(location[1]) if is_one else None
