"""
Properties on the wire and back.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.plugins.provider import UNKNOWN, has_unknown
from sandbox.plugins.values import OUTPUT, RESOURCE, SECRET, SIGNATURE, Archive, Asset, decode, encode

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
# 12 leaves nest both kinds in every order; with the 100 that hypothesis would take, one test took 8 s to no other end.
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text().filter(lambda key: not key.startswith("__")), VALUES))
def test_values_survive_the_wire(values):
    """Whatever goes out comes back, but for nulls in objects, which mean absent."""
    assert decode(encode(values)).values == without_nulls(values)


def test_secrets_are_found_at_any_depth():
    """One secret inside makes its whole property secret, and nothing else."""
    sealed = {SIGNATURE: SECRET, "value": "pw"}
    found = decode(encode({"env": [{"name": "PW", "value": sealed}], "open": "x"}))
    assert found.values == {"env": [{"name": "PW", "value": "pw"}], "open": "x"}
    assert found.secrets == {"env"}


def test_properties_named_secret_are_wrapped():
    """The wrapper is Pulumi's own."""
    fields = encode({"password": "pw"}, ["password"]).fields["password"].struct_value.fields
    assert fields[SIGNATURE].string_value == SECRET
    assert fields["value"].string_value == "pw"


def test_outputs_and_references_become_what_they_hold():
    """An output is its value, unknown without one; a reference is its id."""
    wire = encode(
        {
            "known": {SIGNATURE: OUTPUT, "value": 7, "secret": True},
            "unknown": {SIGNATURE: OUTPUT},
            "reference": {SIGNATURE: RESOURCE, "urn": "urn:x", "id": "42"},
        }
    )
    found = decode(wire)
    assert found.values == {"known": 7, "unknown": UNKNOWN, "reference": "42"}
    assert found.secrets == {"known"}


@pytest.mark.parametrize(
    "value", [Asset(text="hello", hash="aa"), Archive(assets={"a.txt": Asset(path="/a")}), Archive(path="/b")]
)
def test_files_survive_the_wire(value):
    """Assets and archives come back as they were."""
    wire = encode({"source": value})
    assert decode(wire).values == {"source": value}


def test_what_cannot_travel_is_an_error():
    """A value of another kind is a defect, and is told as one."""
    with pytest.raises(TypeError, match="cannot hold a set"):
        encode({"bad": {1, 2}})


def test_internal_properties_are_kept_apart():
    """What starts with two underscores is the engine's and ours, not the resource's."""
    found = decode(encode({"__defaults": ["name"], "name": "x"}))
    assert (found.values, found.internal) == ({"name": "x"}, {"__defaults": ["name"]})


def test_unknowns_are_seen_at_any_depth():
    """In lists of objects too."""
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": 1}]})
