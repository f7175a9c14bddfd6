"""
The outputs of a stack, from an engine that answers as the real one does.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops import stack
from ops.errors import FlotillaError, MissingToolError, SettingsError

DOCUMENT = {"version": 2, "servers": {"app-1": {}}}
STACKS = [{"name": "local", "current": False}, {"name": "staging", "current": False}]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with an engine of its own, which answers with files."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" >>asked\n[ -f "$2" ] || { echo "error: it is broken" >&2; exit 255; }\ncat "$2"\n')
    program.chmod(0o755)
    (tmp_path / "ls").write_text(json.dumps(STACKS))
    return tmp_path


def read(checkout: Path, name: str | None = "local") -> dict[str, object]:
    return stack.outputs(checkout, name, {"PATH": f"{checkout / 'bin'}:/usr/bin:/bin"})


def test_the_document_is_read_as_it_is(checkout: Path) -> None:
    """Of the stack that was named, without secrets and without questions."""
    (checkout / "output").write_text(json.dumps(DOCUMENT))

    assert read(checkout) == DOCUMENT
    assert (checkout / "asked").read_text() == "stack output --json --non-interactive --stack local\n"


def test_without_a_name_the_selected_stack_is_asked(checkout: Path) -> None:
    """The engine knows which one that is."""
    (checkout / "output").write_text(json.dumps(DOCUMENT))
    read(checkout, None)

    assert "--stack" not in (checkout / "asked").read_text()


def test_a_stack_that_does_not_exist_is_bad_input(checkout: Path) -> None:
    """The ones that exist are named."""
    with pytest.raises(SettingsError, match=r"nowhere: there is no such stack .*\(local, staging\)"):
        read(checkout, "nowhere")


def test_no_stack_named_and_none_selected_is_bad_input(checkout: Path) -> None:
    """With those to choose from."""
    with pytest.raises(SettingsError, match=r"no stack is selected.* local, staging"):
        read(checkout, None)


def test_a_stack_that_was_never_brought_up_is_bad_input(checkout: Path) -> None:
    """With the command that brings it up."""
    (checkout / "output").write_text("{}")

    with pytest.raises(SettingsError, match=r"never brought up.*`pulumi up -s local`"):
        read(checkout)


def test_a_document_of_another_version_is_refused(checkout: Path) -> None:
    """Nothing is read into it that it may not mean."""
    (checkout / "output").write_text(json.dumps({**DOCUMENT, "version": 1}))

    with pytest.raises(SettingsError, match="version 1, and this `flotilla` reads 2"):
        read(checkout)


def test_another_failure_is_in_the_engines_own_words(checkout: Path) -> None:
    """The stack exists, but its outputs cannot be read."""
    with pytest.raises(FlotillaError, match="local: its outputs cannot be read: error: it is broken"):
        read(checkout)


def test_no_engine_is_a_missing_tool(checkout: Path) -> None:
    """With the command that gets one."""
    with pytest.raises(MissingToolError, match="make setup"):
        stack.outputs(checkout, "local", {"PATH": "/usr/bin:/bin"})


def test_a_checkout_that_was_never_set_up_says_so(tmp_path: Path) -> None:
    """In the words of env.sh."""
    (tmp_path / "env.sh").write_text((Path(stack.__file__).parents[1] / "env.sh").read_text())

    with pytest.raises(MissingToolError, match="is not a checkout of Flotilla"):
        stack.environment(tmp_path)


def test_the_environment_is_that_of_a_shell_that_sourced_it(tmp_path: Path) -> None:
    """Values with spaces and line breaks too, and what the caller had."""
    (tmp_path / "env.sh").write_text('HCLOUD_TOKEN="one\ntwo = 2"\nexport HCLOUD_TOKEN\n')
    known = stack.environment(tmp_path, {"PATH": "/usr/bin:/bin", "MINE": "kept"})

    assert (known["HCLOUD_TOKEN"], known["MINE"]) == ("one\ntwo = 2", "kept")


def test_the_version_is_that_of_the_program() -> None:
    """What the program exports is what is read here."""
    from components.outputs_shape import VERSION

    assert stack.VERSION == VERSION
