"""
Servers and their roles: from a stack's settings, outputs and secrets to what `hosts.converge` is asked, in its own process.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from hosts.request import Done, Outcome, Request, Target
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, MissingToolError, SettingsError

CODE = Path(__file__).parents[1]
TIMEOUT_S = 3600


def targets(checkout: Path, stack: str, names: Sequence[str] = ()) -> tuple[Target, ...]:
    """
    The servers of a stack (or those of these names) with what each is to be.

    Raises: SettingsError for mistakes in the settings, for a server that there is none of, and where the stack was never
    brought up; MissingToolError where there is no engine.
    """
    from components import declarations
    from components.declarations import docker
    from settings import Role, load

    known = stacks.environment(checkout)
    outputs = stacks.outputs(checkout, stack, known)
    servers, entry = outputs["servers"], leads_to(outputs.get("entry") or {})
    config = stacks.config(checkout, stack, known)
    settings = load(stack, checkout, config)
    addresses = {name: server["private_ip"] for name, server in servers.items()}
    host_keys = {name: server["host_key"] for name, server in servers.items()}
    for name in names:
        if name not in servers:
            raise SettingsError(f"{name}: there is no such server. Nothing was done. Choose of: {', '.join(sorted(servers))}.")
    return tuple(
        Target(
            address=server["ipv4"],
            host_key=server["host_key"],
            declaration=declarations.declaration(settings, name, addresses, host_keys, entry),
            private_key=_private_key(checkout, settings.environment.access.private_key_file),
            key=config.get("secrets", {}).get("key", ""),
            notifications=config.get("secrets", {}).get("notifications", {}) if Role.MONITORING in server["roles"] else {},
            offsite=config.get("secrets", {}).get("offsite", {}) if Role.BACKUP in server["roles"] else {},
            registry_password=config.get("secrets", {}).get("registry", "") if docker.ROLES & set(server["roles"]) else "",
        )
        for name, server in sorted(servers.items())
        if not names or name in names
    )


def leads_to(entry: Mapping[str, Any]) -> dict[str, str]:
    """
    Where names lead, of the outputs' `entry`: {kind of record: address}.
    """
    found = {"A": entry.get("ipv4"), "AAAA": entry.get("ipv6")}
    return {record: address for record, address in found.items() if address}


def converge(asked: Sequence[Target], *, is_dry: bool, timeout_s: float = TIMEOUT_S) -> list[Outcome]:
    """
    Make the servers what they are to be, or only look. What fails on a server is in its outcome.

    Raises: FlotillaError when the process ends without an answer, or does not end in time.
    """
    request = Request(targets=tuple(asked), is_dry=is_dry)
    argv = [sys.executable, "-m", "hosts.converge"]
    try:
        done = subprocess.run(
            argv, cwd=CODE, input=request.text(), capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise FlotillaError(
            f"hosts.converge: no answer within {timeout_s:g} s. "
            f"{'Nothing was changed.' if is_dry else 'Servers may have been changed in part.'} It is safe to run it again."
        ) from None
    try:
        return [_outcome(document) for document in json.loads(done.stdout)]
    except ValueError:
        words = " / ".join(done.stderr.strip().splitlines()[-3:]) or "no word of why"
        raise FlotillaError(
            f"hosts.converge: it ended with exit code {done.returncode} and no answer: {words}. "
            f"Servers may have been changed in part; it is safe to run it again."
        ) from None


def change(
    checkout: Path, stack: str, asked: Sequence[Target], approval: Approval, *, lock_wait_s: float = 0.0
) -> list[Outcome]:
    """
    Converge as an operation: confirmed, locked, kept in the history. What fails on a server is in its outcome.

    Raises: RefusedError where it was not confirmed, FlotillaError where a server failed.
    """
    from ops.mutation import Operation, OperationFailedError, mutate
    from ops.steps import Context, Sequential, Step

    names = ", ".join(str(target.declaration["server"]) for target in asked)
    seen: list[Outcome] = []

    def run(context: Context) -> str:
        seen.extend(converge(asked, is_dry=False))
        context.facts["changes"] = {outcome.server: len(outcome.changes) for outcome in seen}
        require_success(seen)
        return ", ".join(f"{outcome.server}: {len(outcome.changes)} changes" for outcome in seen)

    operation = Operation(
        name="host converge",
        what=f"Converge {names}",
        level=Level.IMPORTANT,
        stack=stack,
        steps=Sequential(steps=(Step(name="converge", run=run),)),
    )
    try:
        mutate(checkout, operation, approval, lock_wait_s=lock_wait_s)
    except OperationFailedError:
        if not seen:
            raise
    return seen


def _outcome(document: Mapping[str, Any]) -> Outcome:
    changes = tuple(Done(**{**change, "facts": tuple(change["facts"])}) for change in document["changes"])
    lists = {name: tuple(tuple(row) for row in document[name]) for name in ("skipped", "unknown")}
    return Outcome(**{**document, **lists, "changes": changes})


def _private_key(checkout: Path, file: str | None) -> str | None:
    if file is None:
        return None
    try:
        return (checkout / Path(file).expanduser()).read_text()
    except OSError as error:
        raise SettingsError(f"access.private_key_file: {file}: {error.strerror}. Nothing was done. Correct the path.") from None


def require_success(outcomes: Sequence[Outcome]) -> None:
    """
    Raises: FlotillaError where a server failed; what it said is in its outcome, and was shown.
    """
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        words = "; ".join(f"{outcome.server}: {outcome.error}" for outcome in failed)
        raise FlotillaError(f"hosts: {words}. What came before it was done; it is safe to run it again.")


def log_in(checkout: Path, stack: str, server: str, command: Sequence[str]) -> NoReturn:
    """
    Become an `ssh` to the server: a shell, or one command.

    Raises: SettingsError for a server that there is none of; MissingToolError where there is no ssh.
    """
    from settings import load, read_stack_config

    known = stacks.environment(checkout)
    servers = stacks.outputs(checkout, stack, known)["servers"]
    if server not in servers:
        raise SettingsError(f"{server}: there is no such server. Nothing was done. Choose of: {', '.join(sorted(servers))}.")
    program = shutil.which("ssh")
    if program is None:
        raise MissingToolError("ssh: there is no OpenSSH client. Nothing was done. Install `openssh-client`.")
    access = load(stack, checkout, read_stack_config(checkout, stack)).environment.access
    known_hosts = checkout / ".flotilla" / f"known_hosts.{stack}"
    known_hosts.write_text("".join(f"{found['ipv4']} {found['host_key']}\n" for found in servers.values()))
    options = [f"UserKnownHostsFile={known_hosts}", "StrictHostKeyChecking=yes", "HostKeyAlgorithms=ssh-ed25519"]
    argv = ["ssh", *(part for option in options for part in ("-o", option))]
    if access.private_key_file:
        argv += ["-o", "IdentitiesOnly=yes", "-i", str(checkout / Path(access.private_key_file).expanduser())]
    quoted = [shlex.join(command)] if command else []
    os.execv(program, [*argv, f"root@{servers[server]['ipv4']}", *quoted])  # noqa: S606 -- it takes this process' place
