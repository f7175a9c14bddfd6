"""
`python -m hosts.converge`: make servers what they are to be, or say what is missing. All servers at once, each by itself.

Reads a request on standard input and answers on standard output (hosts/request.py). Runs again without harm at any time.
Exit codes: 0 done; 1 a server failed; 2 no valid request.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import dataclasses  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from itertools import groupby  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import paramiko  # noqa: E402
from pyinfra.api.config import Config  # noqa: E402
from pyinfra.api.exceptions import ConnectError, NestedOperationError, PyinfraError  # noqa: E402
from pyinfra.api.inventory import Inventory  # noqa: E402
from pyinfra.api.state import State  # noqa: E402
from pyinfra.context import ctx_host, ctx_state  # noqa: E402

from hosts import operations, roles  # noqa: E402
from hosts.decide import Change, decide, questions  # noqa: E402
from hosts.host import Host  # noqa: E402
from hosts.request import Done, Outcome, Request, Target, read  # noqa: E402
from ops.errors import FlotillaError  # noqa: E402

CONNECT_TIMEOUT_S = 15
CONNECT_RETRIES = 3


def main() -> int:
    """
    Carry out the request on standard input.
    """
    logging.getLogger("pyinfra").addHandler(logging.NullHandler())
    logging.getLogger("pyinfra").propagate = False
    try:
        request = read(sys.stdin.read())
    except FlotillaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    outcomes = run(request)
    sys.stdout.write(json.dumps([dataclasses.asdict(outcome) for outcome in outcomes]) + "\n")
    for outcome in outcomes:
        if outcome.error:
            sys.stderr.write(f"{outcome.server}: {outcome.error}\n")
    return 1 if any(outcome.error for outcome in outcomes) else 0


def run(request: Request) -> list[Outcome]:
    """
    The outcome of every server, in the order of the request.
    """
    if not request.targets:
        return []
    with tempfile.TemporaryDirectory(prefix="flotilla-hosts-") as folder:
        known_hosts = Path(folder) / "known_hosts"
        known_hosts.write_text("".join(_known_host(target) for target in request.targets))
        names = [(_name(target), _connection(target, known_hosts)) for target in request.targets]
        inventory = Inventory((names, {}))  # type: ignore[no-untyped-call]
        state = State(inventory, Config(CONNECT_TIMEOUT=CONNECT_TIMEOUT_S))  # type: ignore[no-untyped-call]
        state.is_executing = True
        # Around all of them: it is one for the whole process, and the first that ended would take it from the others.
        with ctx_state.use(state):
            jobs = [
                state.pool.spawn(_converge, state, host, target, request.is_dry)
                for host, target in zip((state.inventory.get_host(name) for name, _ in names), request.targets, strict=True)
            ]
            return [job.get() for job in jobs]


def _name(target: Target) -> str:
    return str(target.declaration["server"])


def _known_host(target: Target) -> str:
    place = target.address if target.port == 22 else f"[{target.address}]:{target.port}"
    return f"{place} {target.host_key}\n"


def _connection(target: Target, known_hosts: Path) -> dict[str, Any]:
    credentials: dict[str, Any] = {"ssh_allow_agent": True}
    if target.private_key is not None:
        credentials = {"ssh_allow_agent": False, "ssh_paramiko_connect_kwargs": {"pkey": _key(target.private_key)}}
    return {
        "ssh_hostname": target.address,
        "ssh_port": target.port,
        "ssh_user": "root",
        "ssh_look_for_keys": False,
        "ssh_known_hosts_file": str(known_hosts),
        "ssh_strict_host_key_checking": "yes",
        "ssh_config_file": "/dev/null",
        "ssh_connect_retries": CONNECT_RETRIES,
        **credentials,
    }


def _key(text: str) -> paramiko.PKey:
    """
    The private key in a text, whatever its kind; it never becomes a file.
    """
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except paramiko.SSHException:
            continue
    raise FlotillaError("the private key for SSH is of no kind that is known (Ed25519, ECDSA, RSA). Nothing was changed.")


def _converge(state: State, host: Any, target: Target, is_dry: bool) -> Outcome:
    started, done = time.monotonic(), list[Done]()
    outcome = Outcome(server=_name(target), is_dry=is_dry)
    try:
        with ctx_host.use(host):
            host.connect(raise_exceptions=True)
            wanted = roles.wanted(_host(target))
            decision = decide(wanted, operations.look(host, questions(wanted)))
            outcome = dataclasses.replace(
                outcome, skipped=decision.skipped, unknown=decision.unknown, unchanged=decision.unchanged
            )
            for role, changes in groupby(decision.changes, key=lambda change: change.role):
                _carry_out(state, host, role, list(changes), done, is_dry)
    except (FlotillaError, operations.LookError, ConnectError, PyinfraError, OSError, ValueError, KeyError) as error:
        outcome = dataclasses.replace(outcome, error=str(error) or type(error).__name__)
    finally:
        host.disconnect()
    return dataclasses.replace(outcome, changes=tuple(done), duration_s=round(time.monotonic() - started, 2))


def _host(target: Target) -> Host:
    return Host(
        declaration=target.declaration,
        key=target.key,
        notifications=target.notifications,
        offsite=target.offsite,
        registry_password=target.registry_password,
    )


def _carry_out(state: State, host: Any, role: str, changes: list[Change], done: list[Done], is_dry: bool) -> None:
    """
    Do what is due for a role, in one round trip; whatever was really changed is added to `done`, also where one of them fails.

    Raises: FlotillaError with the server's words.
    """
    answers, failure = [list(change.facts) for change in changes], ""
    if not is_dry:
        answers, failure = _act(state, host, role, changes)
    for change, said in zip(changes, answers, strict=False):
        if facts := tuple(said) if change.act == "program" else change.facts if said else ():
            done.append(Done(role=role, name=change.name, facts=facts, diff=change.diff))
    if failure:
        raise FlotillaError(f"{role}: {changes[len(answers)].name}: {failure}")


def _act(state: State, host: Any, role: str, changes: list[Change]) -> tuple[list[list[str]], str]:
    """
    What each change came to, as far as they came, and what the first that failed said; empty when none did.
    """
    failure = ""
    try:
        meta = operations.perform([{"act": change.act, **change.data} for change in changes], name=role)
    except NestedOperationError as error:
        meta = state.get_op_data_for_host(host, error.args[0]).operation_meta
        if not meta.is_complete():
            return [], "the connection was lost; what came before may have been done"
        failure = " / ".join(meta.stderr_lines[-5:]) or "it ended without a word"
    return [json.loads(line) for line in meta.stdout_lines], failure


if __name__ == "__main__":
    sys.exit(main())
