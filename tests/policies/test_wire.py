"""
Properties on their way from the engine to the rules and back.
"""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi_policy import deserialize, proxy
from pulumi_policy.deserialize import deserialize_properties

from policies.framework import wire
from policies.framework.values import UNKNOWN, Secret, each, get, lacks, number, text
from policies.framework.wire import Late, encoded, properties, with_changes

TEXTS = st.text(max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
WITH_MARKS = st.recursive(
    LEAVES | st.just(UNKNOWN) | TEXTS.map(Secret),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def message(values: Any) -> struct_pb2.Struct:
    """
    The values as the engine sends them.
    """
    sent = struct_pb2.Struct()
    sent.update(values)
    return sent


def told(value: Any) -> Any:
    """
    The value with secrets told from texts, which equality does not do.
    """
    if isinstance(value, Secret):
        return ("secret", str(value))
    if isinstance(value, dict):
        return {key: told(entry) for key, entry in value.items()}
    return [told(entry) for entry in value] if isinstance(value, list) else value


@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_plain_values_are_read_as_the_library_reads_them(values: dict[str, Any]) -> None:
    """
    The short way through the message gives what the library's long one does.
    """
    sent = message(values)
    assert properties(sent) == deserialize_properties(json_format.MessageToDict(sent))


@given(st.dictionaries(TEXTS, WITH_MARKS, max_size=3))
def test_unknown_and_secret_values_survive_the_way_there_and_back(values: dict[str, Any]) -> None:
    """
    What a remedy leaves alone goes back to the engine as it came.
    """
    assert told(properties(message(encoded(values)))) == told(values)


@pytest.mark.parametrize("name", [name for name in vars(proxy) if name.startswith("UNKNOWN_")])
def test_every_mark_of_an_unknown_value_is_understood(name: str) -> None:
    """
    The engine has one for each type of value.
    """
    assert properties(message({"a": getattr(proxy, name)})) == {"a": UNKNOWN}


def test_marks_are_the_librarys() -> None:
    """
    They are written down in two places, so that the library need not be loaded for them.
    """
    assert {text for name, text in vars(proxy).items() if name.startswith("UNKNOWN_")} == wire.UNKNOWN_TEXTS
    assert (wire.SIGNATURE, wire.SECRET) == (deserialize.SPECIAL_SIG_KEY, deserialize.SPECIAL_SECRET_SIG)
    assert wire.UNKNOWN_STRING == proxy.UNKNOWN_STRING_VALUE


def test_all_that_is_within_a_secret_is_secret() -> None:
    """
    Also in lists and mappings, and next to what is not known yet.
    """
    signature = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    inner = {"key": "hunter22", "more": ["x", 3], "later": proxy.UNKNOWN_STRING_VALUE}
    found = properties(message({"data": {**signature, "value": inner}}))["data"]
    assert isinstance(found["key"], Secret)
    assert isinstance(found["more"][0], Secret)
    assert found["more"][1] == 3
    assert found["later"] is UNKNOWN
    assert "hunter22" not in repr(found)


def test_a_remedy_changes_only_what_it_names() -> None:
    """
    The engine's own message is left as it was.
    """
    sent = message(encoded({"size": 10, "name": Secret("x"), "id": UNKNOWN}))
    changed = with_changes(sent, {"deleteProtection": True, "labels": {"a": "b"}})
    assert properties(changed) == {"size": 10, "name": "x", "id": UNKNOWN, "deleteProtection": True, "labels": {"a": "b"}}
    assert "deleteProtection" not in properties(sent)


def test_what_nobody_looks_at_is_not_read() -> None:
    """
    Outputs are decoded when a rule asks for them, and once.
    """
    reads = []
    late = Late(lambda: reads.append(1) or {"a": 1})
    assert not reads
    assert (late["a"], len(late), list(late), get(late, "a")) == (1, 1, ["a"], 1)
    assert reads == [1]


def test_unknown_cannot_be_taken_for_false() -> None:
    """
    `if value` would call an unknown value wrong or right by accident.
    """
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)


def test_reading_tells_absent_from_unknown() -> None:
    """
    Along the whole path: below something unknown everything is unknown, below nothing there is nothing.
    """
    value = {"a": UNKNOWN, "b": {"c": "x", "n": 3, "t": True}, "l": ["x", UNKNOWN, "y"], "s": "text", "e": {}}
    assert get(value, "a.b.c") is UNKNOWN
    assert get(value, "z.b.c") is None
    assert get(value, "s.b") is None
    assert get(value, "b.c") == "x"
    assert [lacks(value, path) for path in ("a", "a.b", "z", "e", "b", "s.b")] == [False, False, True, True, False, True]
    assert (text(value, "a"), text(value, "b.c"), text(value, "b.n")) == ("", "x", "")
    assert (number(value, "b.n"), number(value, "b.t"), number(value, "a")) == (3, None, None)
    assert (list(each(value, "l")), list(each(value, "s")), list(each(value, "a"))) == (["x", "y"], [], [])
