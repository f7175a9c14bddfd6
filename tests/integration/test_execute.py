"""
Commands in containers, on a computer that is too busy to read their output while they print it.
"""

from __future__ import annotations

import http.client
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.execute import Execution, execute, follow
from sandbox.images import MACHINE, machine_image
from tests.integration.docker_engine import client_with

BUSY_S = 0.3


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A container that waits."""
    client = client_with(tmp_path_factory.mktemp("log"), MACHINE)
    made = client.containers.run(
        machine_image(), ["sleep", "infinity"], name=f"flotilla-test-{uuid.uuid4().hex[:8]}", detach=True
    )
    try:
        yield made
    finally:
        made.remove(force=True)
        client.close()


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Docker answers is read a while later, when a fast command has ended."""
    begin = http.client.HTTPResponse.begin

    def later(response: http.client.HTTPResponse) -> None:
        time.sleep(BUSY_S)
        begin(response)

    monkeypatch.setattr(http.client.HTTPResponse, "begin", later)


@pytest.mark.usefixtures("busy")
def test_both_outputs_of_a_fast_command_are_whole(container: Any) -> None:
    """Also when it has ended before anybody listens; with its code."""
    ended = execute(container.client, container.id, ["sh", "-c", "echo out; echo err >&2; exit 3"])

    assert ended == Execution(3, "out\n", "err\n")


@pytest.mark.usefixtures("busy")
def test_what_is_followed_is_whole(container: Any) -> None:
    """From its first line on; a letter of two bytes that comes in two pieces is one letter."""
    script = r"echo first; printf '\303'; sleep 0.2; printf '\251\n'"

    assert "".join(follow(container.client, container.id, ["sh", "-c", script])) == "first\né\n"


@pytest.mark.parametrize(
    "stdin", ["", "one\ntwo\n", "\n", "no newline", "x" * 300_000], ids=["none", "lines", "newline", "word", "long"]
)
def test_the_input_arrives_as_it_was_given(container: Any, stdin: str) -> None:
    """All of it, and nothing more."""
    assert execute(container.client, container.id, ["cat"], stdin) == Execution(0, stdin, "")


def test_arguments_are_words_and_no_script(container: Any) -> None:
    """What a shell would understand is not understood."""
    words = ["$HOME", "a b", "-n", "'", '"', "`id`", "*"]

    assert execute(container.client, container.id, ["printf", "%s\n", *words]).stdout.splitlines() == words


def test_a_command_that_is_not_there_has_a_code(container: Any) -> None:
    """As in every shell."""
    ended = execute(container.client, container.id, ["no-such-command"])

    assert ended.code == 127
    assert "no-such-command" in ended.stderr
