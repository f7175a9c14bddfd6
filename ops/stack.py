"""
A stack as the engine knows it: its outputs document, and the environment in which the engine is asked.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ops.errors import FlotillaError, MissingToolError, SettingsError

VERSION = 2
"""Of the outputs document, see components/outputs_shape.py: importing that would cost a second of SDKs."""
TIMEOUT_S = 120


def environment(checkout: Path, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """
    The variables of a shell that has sourced the checkout's env.sh: for the sandbox its tokens and endpoints, for real
    stacks the caller's own.

    Raises: MissingToolError where this checkout was never set up, or its sandbox was never started.
    """
    return _sourced(checkout, inherited, ". ./env.sh && exec env -0")


def environment_of_state(checkout: Path, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """
    The same for what asks no cloud: of a sandbox that was never started, it is known where its state is kept, and the
    passphrase.
    """
    return _sourced(checkout, inherited, ". ./env.sh; exec env -0")


def _sourced(checkout: Path, inherited: Mapping[str, str], line: str) -> dict[str, str]:
    answer = subprocess.run(
        ["sh", "-c", line], cwd=checkout, env=inherited, capture_output=True, timeout=TIMEOUT_S, check=False
    )
    if answer.returncode != 0:
        raise MissingToolError(answer.stderr.decode(errors="replace").strip())
    entries = answer.stdout.decode(errors="surrogateescape").split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def outputs(checkout: Path, stack: str | None, known: Mapping[str, str]) -> dict[str, Any]:
    """
    The outputs document of a stack; without a name, of the one that is selected. `known` is what `environment` returned.

    Raises: SettingsError where the stack does not exist, was never brought up, or its document is of another version;
    MissingToolError where there is no engine.
    """
    chosen = ["--stack", stack] if stack else []
    answer = engine(["stack", "output", "--json", "--non-interactive", *chosen], checkout, known)
    if answer.returncode != 0:
        raise _explained(checkout, stack, known, answer.stderr)
    document = dict(json.loads(answer.stdout))
    name = stack or "the selected stack"
    if not document:
        raise SettingsError(
            f"{name}: it has no outputs, so it was never brought up. Nothing was done. Run `pulumi up -s {stack or '<stack>'}`."
        )
    if document.get("version") != VERSION:
        raise SettingsError(
            f"{name}: its outputs are of version {document.get('version')}, and this `flotilla` reads {VERSION}. Nothing was "
            f"done. Run `pulumi up -s {stack or '<stack>'}` with this checkout."
        )
    return document


def engine(
    arguments: Sequence[str],
    checkout: Path,
    known: Mapping[str, str],
    *,
    timeout_s: float = TIMEOUT_S,
    given: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """
    Run `pulumi` in the checkout, without a terminal. `given` is written to its standard input.

    Raises: MissingToolError where there is none, FlotillaError where it does not end in time.
    """
    program = shutil.which("pulumi", path=known.get("PATH"))
    if program is None:
        raise MissingToolError("pulumi: the engine is not there. Nothing was done. Run `make setup`.")
    command = [program, *arguments]
    try:
        return subprocess.run(
            command,
            cwd=checkout,
            env=known,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FlotillaError(
            f"pulumi {arguments[0]}: no answer within {timeout_s:g} s. Nothing was done. Look at where the state is kept: "
            f"`pulumi whoami -v`."
        ) from None


def require(checkout: Path, stack: str, known: Mapping[str, str]) -> None:
    """
    Raises: SettingsError where there is no such stack; FlotillaError where that cannot be told.
    """
    answer = engine(["stack", "--show-name", "--stack", stack, "--non-interactive"], checkout, known)
    if answer.returncode == 0:
        return
    stacks = _there(checkout, known)
    if stacks is None or stack in {row["name"] for row in stacks}:
        said = " ".join(answer.stderr.split()) or "the engine said nothing"
        raise FlotillaError(f"{stack}: its state cannot be read: {said}. Nothing was done.")
    raise SettingsError(
        f"{stack}: there is no such stack where the state is kept ({', '.join(row['name'] for row in stacks) or 'none'}). "
        f"Nothing was done. Make it: `pulumi stack init {stack}`; or is its state elsewhere? See docs/state.md."
    )


def make(checkout: Path, stack: str, known: Mapping[str, str]) -> None:
    """
    An empty stack; the one that is selected stays so.

    Raises: FlotillaError where it cannot be made.
    """
    answer = engine(["stack", "init", stack, "--no-select", "--non-interactive"], checkout, known)
    if answer.returncode != 0:
        said = " ".join(answer.stderr.split()) or "the engine said nothing"
        raise FlotillaError(f"{stack}: the stack cannot be made: {said}. Nothing was done.")


def _there(checkout: Path, known: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """
    The stacks where the state is kept; None where nobody knows.
    """
    listed = engine(["stack", "ls", "--json", "--non-interactive"], checkout, known)
    return list(json.loads(listed.stdout)) if listed.returncode == 0 else None


def _explained(checkout: Path, stack: str | None, known: Mapping[str, str], said: str) -> FlotillaError:
    """
    Why the engine has no outputs: most often there is no such stack, which its list of stacks tells.
    """
    stacks = _there(checkout, known)
    if stacks is not None:
        there = ", ".join(row["name"] for row in stacks) or "none"
        if stack is None and not any(row.get("current") for row in stacks):
            return SettingsError(f"--stack: no stack is selected. Nothing was done. Name one: {there}.")
        if stack is not None and stack not in {row["name"] for row in stacks}:
            return SettingsError(
                f"{stack}: there is no such stack where the state is kept ({there}). Nothing was done. "
                f"Name another one, or bring it up: `pulumi up -s {stack}`."
            )
    said = " ".join(said.split()) or "the engine said nothing"
    return FlotillaError(f"{stack or 'the selected stack'}: its outputs cannot be read: {said}. Nothing was done.")


def config(checkout: Path, stack: str, known: Mapping[str, str]) -> dict[str, Any]:
    """
    The stack's `flotilla:` values by their bare names, secrets in plain: never shown, never written down.

    Raises: SettingsError where they cannot be read or decrypted.
    """
    answer = engine(["config", "--stack", stack, "--show-secrets", "--json", "--non-interactive"], checkout, known)
    if answer.returncode != 0:
        said = " ".join(answer.stderr.split()) or "the engine said nothing"
        raise SettingsError(f"{stack}: its configuration cannot be read: {said}. Nothing was done.")
    entries = json.loads(answer.stdout)
    values = {key: entry.get("objectValue", entry.get("value")) for key, entry in entries.items()}
    return {key.partition(":")[2]: value for key, value in values.items() if key.startswith("flotilla:")}


def deployed_revision(checkout: Path, stack: str, known: Mapping[str, str]) -> str | None:
    """
    The commit of the newest update that succeeded; None where nobody knows.
    """
    answer = engine(["stack", "history", "--stack", stack, "--json", "--page-size", "20"], checkout, known)
    updates = json.loads(answer.stdout or "[]") if answer.returncode == 0 else []
    done = (row for row in updates if row.get("kind") == "update" and row.get("result") == "succeeded")
    newest = next(done, None)
    return newest["environment"].get("git.head") if newest else None
