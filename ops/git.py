"""
The one way to ask git. Arguments are a list and never a line for a shell; what people wrote stands behind `--end-of-options`
or `--`. Nobody is asked for a password: git has no terminal, and ends within a time limit, with all that it has started.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ops.errors import FlotillaError, MissingToolError, SettingsError

TIMEOUT_S = 30.0
# What goes to a remote, or has hooks run.
LONG_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 5.0
# Who logs in by an address: its name and password are nobody's business.
CREDENTIAL = re.compile(r"(?<=://)[^/@\s]+@")
LONGEST_WORDS = 300
# A hook has these for its own repository: with them git would not look at the folder that it is given.
# Source: `git rev-parse --local-env-vars` of git 2.39, without those that are configuration (read 2026-11-26).
ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)


class NoAnswerError(FlotillaError):
    """
    Git did not end within its time limit, and was stopped.
    """


def ask(
    folder: Path, *arguments: str, given: str = "", timeout_s: float = TIMEOUT_S, config: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """
    What git answers, whatever its exit code. `given` is for its standard input, `config` counts for this once.

    Raises: MissingToolError where there is no git; NoAnswerError where it does not end in time.
    """
    settings = [part for name, value in (config or {}).items() for part in ("-c", f"{name}={value}")]
    command = ["git", *settings, *arguments]
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if error.filename != "git":
            raise
        raise MissingToolError("git: it is not installed. Nothing was done. Install it: `apt-get install git`.") from None
    try:
        printed, said = process.communicate(given, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _stop(process)
        raise NoAnswerError(
            f"{folder}: git {arguments[0]}: no answer within {timeout_s:g} s. It was stopped. Run it by hand to see why."
        ) from None
    except BaseException:
        _stop(process)
        raise
    return subprocess.CompletedProcess(command, process.returncode, printed, said)


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """
    What git is started with.
    """
    kept = {name: value for name, value in inherited.items() if name not in ELSEWHERE}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}


def _stop(process: subprocess.Popen[str]) -> None:
    """
    With all that it has started, such as ssh or a hook. At first so that git can give its locks back.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT_S)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def told(
    folder: Path,
    *arguments: str,
    otherwise: str,
    given: str = "",
    timeout_s: float = TIMEOUT_S,
    config: Mapping[str, str] | None = None,
) -> str:
    """
    What git prints, without the white space around it. `otherwise`: what follows where it refuses, and what to do.

    Raises: as `ask`; FlotillaError with git's words where it refuses.
    """
    answer = ask(folder, *arguments, given=given, timeout_s=timeout_s, config=config)
    if answer.returncode != 0:
        raise FlotillaError(f"{folder}: git {arguments[0]}: {why(answer)}. {otherwise}")
    return answer.stdout.strip()


def known(folder: Path, *arguments: str, timeout_s: float = TIMEOUT_S) -> str:
    """
    What git prints; empty where there is no git or no repository, it refuses, or does not end in time.
    """
    try:
        answer = ask(folder, *arguments, timeout_s=timeout_s)
    except (MissingToolError, NoAnswerError):
        return ""
    return answer.stdout if answer.returncode == 0 else ""


def require_repository(folder: Path, otherwise: str) -> None:
    """
    Raises: SettingsError where git finds no repository, or does not trust it.
    """
    answer = ask(folder, "rev-parse", "--show-toplevel")
    if answer.returncode != 0:
        raise SettingsError(f"{folder}: no git repository: {why(answer)}. {otherwise}")


def why(answer: subprocess.CompletedProcess[str]) -> str:
    """
    Why git refused, in its words.
    """
    return words(answer.stderr or answer.stdout).rstrip(".") or f"it ended with {answer.returncode}"


def words(text: str) -> str:
    """
    What git said, on one line, without anybody's credentials.
    """
    return CREDENTIAL.sub("", " ".join(text.split()))[:LONGEST_WORDS]
