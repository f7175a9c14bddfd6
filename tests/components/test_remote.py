"""
Scripts get their data whole, whatever is in it, and never as a part of a command.
"""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.remote import SCRIPTS, assignments, script
from tests.conftest import CA_KEY, PRIVATE_KEY, Checkout

SHELL_SCRIPTS = sorted(SCRIPTS.glob("*.sh"))


@hypothesis.settings(deadline=None)  # each example starts a shell
@given(st.text(alphabet=st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_a_shell_reads_back_exactly_what_was_written(value: str) -> None:
    """No string breaks out of its quotes, or loses a character on the way."""
    result = subprocess.run(
        ["sh", "-c", 'eval "$(cat)"; printf "%s" "$VALUE"'],
        input=assignments({"VALUE": value}).encode(),
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )

    assert result.stdout.decode() == value


@pytest.mark.parametrize("path", SHELL_SCRIPTS, ids=lambda path: path.name)
def test_a_script_stops_at_the_first_error_and_parses(path: Path) -> None:
    """Each shell script says what it is for, runs with `set -eu`, and is valid for a plain POSIX shell."""
    lines = path.read_text().splitlines()

    assert lines[0].startswith("# ")
    assert "set -eu" in lines
    assert subprocess.run(["sh", "-n", str(path)], capture_output=True).returncode == 0


def test_a_python_program_is_one_quoted_argument() -> None:
    """The remote shell hands the program to Python unchanged."""
    command = script("switch.py").replace("exec python3 -c", "printf %s", 1)
    printed = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True).stdout

    assert printed == (SCRIPTS / "switch.py").read_text()
    ast.parse(printed, feature_version=(3, 9))


def test_secrets_are_on_standard_input_or_in_the_connection_and_secret(checkout: Checkout) -> None:
    """The authority's key and the SSH key are nowhere but in inputs that the engine encrypts."""
    commands = checkout.program().of("command:remote:Command")
    configuration = next(found for found in commands if found.name == "local-app-1-configuration")

    assert CA_KEY.replace("'", "'\"'\"'") in configuration.inputs["stdin"]
    assert {"stdin", "connection"} <= configuration.secrets
    for command in commands:
        assert PRIVATE_KEY in command.inputs["connection"]["privateKey"]
        assert "connection" in command.secrets
        assert PRIVATE_KEY not in command.inputs["create"]
        assert CA_KEY not in command.inputs["create"]


def test_swarm_steps_begin_with_docker_and_read_their_data_once(checkout: Checkout) -> None:
    """The preparing script goes before the step's own in one shell, which still has the data when the second asks for it."""
    swarm = next(found for found in checkout.program().of("command:remote:Command") if found.name.endswith("-swarm"))
    assert swarm.inputs["create"] == script("docker.sh") + script("swarm.sh")

    opening = 'set -eu\neval "$(cat)"\n: "${PRIVATE_IP:?}"\n'
    assert opening in swarm.inputs["create"]
    run = subprocess.run(
        ["sh", "-c", opening * 2 + 'printf %s "$PRIVATE_IP"'],
        input=swarm.inputs["stdin"].encode(),
        capture_output=True,
        check=True,
    )
    assert f"PRIVATE_IP={run.stdout.decode()}\n" in swarm.inputs["stdin"]


def test_every_step_runs_again_on_another_server_and_is_not_undone_for_it(checkout: Checkout) -> None:
    """The server's id is part of the data, which updates in place: a replaced command's undo would run after the new step."""
    recording = checkout.program()
    server = recording.named("app-1-server")

    for command in recording.of("command:remote:Command"):
        server_id = recording.outputs[server.parent]["server_id"]
        assert f"server_id={server_id}\n" in command.inputs["stdin"] or f'"server_id": "{server_id}"' in command.inputs["stdin"]
        assert "triggers" not in command.inputs
        assert command.request.deletedWith == server.urn
        assert command.inputs["addPreviousOutputInEnv"] is False
