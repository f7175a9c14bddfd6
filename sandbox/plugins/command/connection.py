"""
The `connection` of the command plugin's remote resources, and scripts run over it.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from ops.errors import FlotillaError
from sandbox.plugins import ssh
from sandbox.plugins.command.process import Job, Outcome, run
from sandbox.plugins.loopback import require_loopback_host
from sandbox.plugins.provider import UNKNOWN, Context, Failure, Provider

UNSUPPORTED: Final = {
    "password": "the sandbox logs in with a key. Give privateKey or agentSocketPath",
    "privateKeyPassword": "the sandbox takes keys without a password, or an agent. Give agentSocketPath",
    "proxy": "the sandbox's machines are all reached directly. Leave it out",
}
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
GREETING: Final = b"flotilla:started"
# ssh says 255 for a lost connection and for a script that ends so. A lost one takes the master with it, a moment later.
LOST_S: Final = 2.0

# Read the script's length and the script, leave the rest of standard input to it. `eval` keeps the script out of every argv
# and runs it in the user's login shell, as sshd does with a command.
_LAUNCHER: Final = (
    f"echo {GREETING.decode()}; IFS= read -r flotilla_n; "
    'flotilla_s=$(head -c "$flotilla_n"; printf .); eval "${flotilla_s%.}"'
)


class ConnectedProvider(Provider):
    """
    A provider that holds connections to hosts.
    """

    connections: ssh.Connections


def check_connection(connection: Any) -> list[Failure]:
    """
    What the schema takes and this stand-in cannot do.
    """
    if not isinstance(connection, dict):
        return []
    return [
        Failure(property=f"connection.{key}", reason=f"{why}: this stand-in plugin does not support it.")
        for key, why in UNSUPPORTED.items()
        if connection.get(key) is not None
    ]


def check_environment(environment: Any) -> list[Failure]:
    """
    Names that a shell cannot hold are refused here, before anything runs.
    """
    if environment is UNKNOWN or not environment:
        return []
    return [
        Failure(property=f"environment.{name}", reason="a variable's name has only letters, digits and _")
        for name in environment
        if not NAME.match(name)
    ]


def target_of(connection: Mapping[str, Any]) -> ssh.Target:
    """
    Whom to connect to.

    Raises: RefusedError for a host that is not loopback.
    """
    require_loopback_host(str(connection["host"]), "connection.host")
    key = connection.get("privateKey")
    return ssh.Target(
        host=connection["host"],
        port=int(connection.get("port", 22)),
        user=connection.get("user", "root"),
        private_key=key,
        agent_socket=connection.get("agentSocketPath") or os.environ.get("SSH_AUTH_SOCK"),
        host_key=connection.get("hostKey"),
        options=() if key else ("-o", "IdentityFile=none"),
    )


def patience_of(connection: Mapping[str, Any], context: Context) -> ssh.Patience:
    """
    How long to go on dialling a host that may still be booting.
    """
    return ssh.Patience(
        dial_error_limit=int(connection.get("dialErrorLimit", ssh.DIAL_ERROR_LIMIT)),
        per_dial_timeout_s=int(connection.get("perDialTimeout", ssh.PER_DIAL_TIMEOUT_S)),
        cancelled=context.cancelled,
        on_failure=lambda text: context.log("status", text),
    )


def run_script(
    connections: ssh.Connections,
    connection: Mapping[str, Any],
    context: Context,
    script: str,
    *,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    logged: frozenset[str] = frozenset(),
) -> Outcome:
    """
    Run a script in the login shell of a host's user. A session that the host did not start is tried again.

    Raises: FlotillaError when the host cannot be reached or the script fails; its last output is in the text.
    """
    target, patience = target_of(connection), patience_of(connection, context)
    framed = frame(with_environment(script, environment or {}), stdin)
    for _ in range(ssh.DIAL_ERROR_LIMIT):
        channel = connections.open(target, patience)
        with channel.sessions:
            job = Job(argv=channel.session(_LAUNCHER), stdin=framed, greeting=GREETING, logged=logged)
            outcome = run(job, context, context.timeout_s)
        if outcome.is_greeted or context.cancelled.is_set():
            break
        patience.cancelled.wait(ssh.FIRST_PAUSE_S)
    if outcome.exit_code != 0:
        raise _failure(target, channel, outcome)
    return outcome


def with_environment(script: str, environment: Mapping[str, str]) -> str:
    """
    The script with its variables exported first.
    """
    exports = "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in environment.items())
    return exports + script


def frame(script: str, stdin: bytes) -> bytes:
    """
    What the launcher reads: the script's length in bytes, the script, then the script's own input.
    """
    if "\0" in script:
        raise FlotillaError("command: the script has a NUL character, which no shell takes. Nothing was run.")
    text = script.encode()
    return b"%d\n" % len(text) + text + stdin


def _failure(target: ssh.Target, channel: ssh.Channel, outcome: Outcome) -> FlotillaError:
    fact = f"it ended with exit code {outcome.exit_code}"
    if not outcome.is_greeted:
        fact = "the host started no session"
    elif outcome.exit_code == 255 and channel.ends_within(LOST_S):
        fact = f"the connection was lost while it ran ({channel.last_words or 'ssh said nothing'})"
    return FlotillaError(
        f"command on {target.address}: {fact}. It counts as not done and runs again next time."
        f" Look at the host: {ssh.by_hand(target)}. Its last output:\n{outcome.tail}"
    )
