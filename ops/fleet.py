"""
A stack's servers, asked a program each over SSH: in one round trip, all at the same time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import ssh, stack
from ops.audit import audit, collect, wanted
from ops.errors import FlotillaError, SettingsError
from settings import Settings, load


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """
    What is known of a stack before anybody is asked.
    """

    checkout: Path
    stack: str
    outputs: Mapping[str, Any]
    settings: Settings
    private_key: Path | None

    def require(self, server: str) -> None:
        """
        Raises: SettingsError where there is no such server.
        """
        if server not in self.outputs["servers"]:
            there = ", ".join(sorted(self.outputs["servers"]))
            raise SettingsError(f"{server}: there is no such server. Nothing was done. Choose of: {there}.")

    def ask(self, programs: Mapping[str, str], *, timeout_s: float) -> dict[str, ssh.Answer]:
        """
        What each of these servers answers: `programs` is {server: text for python3}.
        """
        return asyncio.run(self._ask(programs, timeout_s))

    async def _ask(self, programs: Mapping[str, str], timeout_s: float) -> dict[str, ssh.Answer]:
        async def one(name: str, text: str) -> ssh.Answer:
            host = collect.host_of(self.stack, name, self.outputs["servers"][name])
            target = ssh.Target(name=name, address=host.address, host_key=host.host_key)
            answers = await ssh.run_everywhere(
                [target], collect.COMMAND, stdin=text, private_key=self.private_key, timeout_s=timeout_s
            )
            return answers[name]

        found = await asyncio.gather(*(one(name, text) for name, text in programs.items()))
        return dict(zip(programs, found, strict=True))

    def told(self, server: str, program: str, *, timeout_s: float) -> Any:
        """
        The JSON document that one server answers.

        Raises: FlotillaError where it does not.
        """
        answer = self.ask({server: program}, timeout_s=timeout_s)[server]
        if answer.problem:
            raise FlotillaError(f"{server}: {answer.problem}. Look at it: `flotilla host ssh -s {self.stack} {server}`.")
        return parsed(server, answer)

    def run(self, server: str, *argv: str, timeout_s: float = 30.0) -> str:
        """
        What a command prints on a server.

        Raises: FlotillaError where it fails, or the server does not answer.
        """
        answer = self.told(server, command(argv), timeout_s=timeout_s)
        if answer["code"] != 0:
            said = " ".join(answer["stderr"].split())[:300] or f"exit code {answer['code']}"
            raise FlotillaError(f"{server}: {' '.join(argv[:3])}: {said}. Nothing more was done there.")
        return str(answer["stdout"])


def parsed(server: str, answer: ssh.Answer) -> Any:
    """
    Raises: FlotillaError where it is no JSON.
    """
    try:
        return json.loads(answer.stdout)
    except ValueError:
        raise FlotillaError(f"{server}: what it printed is no answer. Run the same command again.") from None


def of(checkout: Path, name: str) -> Fleet:
    """
    The fleet of a stack.

    Raises: SettingsError, MissingToolError
    """
    known = stack.environment(checkout)
    outputs = stack.outputs(checkout, name, known)
    settings = load(name, checkout, audit.config_of(checkout, name, known))
    return Fleet(checkout=checkout, stack=name, outputs=outputs, settings=settings, private_key=wanted.private_key(settings))


_COMMAND = """\
import json, subprocess
done = subprocess.run(json.loads({argv}), capture_output=True, text=True)
print(json.dumps({{"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr[-2000:]}}))
"""


def command(argv: Sequence[str]) -> str:
    """
    The program that runs one command and answers {code, stdout, stderr}.
    """
    return _COMMAND.format(argv=repr(json.dumps(list(argv))))
