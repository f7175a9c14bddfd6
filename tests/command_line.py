"""
The whole command line, by itself: every command and each word that it takes, and a stand in which commands are called with
words of a test's choice, in this process, and what they do to other programs and files is seen.
"""

from __future__ import annotations

import functools
import io
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer.main

from ops import checkout, cli, hosts
from tests.conftest import HOST_KEY, ROOT, make_small_checkout

# What is given to the other words that a command needs; a word of no such name is given PLAIN.
VALID = {
    "first": "1",
    "second": "0",
    "server": "app-1",
    "servers": "app-1",
    "key": "limits.memory_mb",
    "value": "256",
    "name": "guestbook",
}
PLAIN = "guestbook"
# Free text, and what is run where the caller wants it: these may be accepted, and then reach nothing but their place.
FREE = frozenset({"--reason", "--title", "--resolution", "--fix-check", "command"})
# They only note what they were given, and pass it on to nobody; shells and git do as they are told.
NOTING = ("ssh", "scp", "rsync", "docker", "make", "curl", "pulumi")
PASSING = ("sh", "bash", "dash", "git")
SHELLS = frozenset({"sh", "bash", "dash"})
OUTPUTS = f'{{"version": 2, "servers": {{"app-1": {{"ipv4": "127.255.0.1", "host_key": "{HOST_KEY}"}}}}}}'
NOTE = '{ printf "%s\\0" "$(basename "$0")" "$@"; printf "\\0"; } >>"$SHIM_LOG"\n'


@dataclass(frozen=True, kw_only=True)
class Word:
    """
    One argument or option of a command that takes a value. `place` is what errors call it; `is_path`: it names a file.
    """

    command: tuple[str, ...]
    place: str
    is_option: bool
    is_number: bool
    is_path: bool
    others: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{' '.join(self.command)} {self.place}"

    def call(self, text: str) -> list[str]:
        """
        The command with this text in this place, and plain values in all others that it needs.
        """
        options = [f"{_place(other)}={_valid(other)}" for other in self.others if other.param_type_name == "option"]
        arguments = [other for other in self.others if other.param_type_name == "argument"]
        if self.is_option:
            return [*self.command, *options, f"{self.place}={text}", *map(_valid, arguments)]
        given = [text if other.name == self.place else _valid(other) for other in arguments]
        return [*self.command, *options, "--", *given]


def words() -> list[Word]:
    """
    Every argument and option of every command that takes more than a yes, in the order of the commands.
    """
    return list(_words(tree(), ()))


@functools.cache
def tree() -> Any:
    """
    The commands as typer has them.
    """
    return typer.main.get_command(cli.app)


def _words(command: Any, name: tuple[str, ...]) -> Iterator[Word]:
    for parameter in command.params:
        if not getattr(parameter, "is_flag", False) and parameter.name != "help":
            yield Word(
                command=name,
                place=_place(parameter),
                is_option=parameter.param_type_name == "option",
                is_number=parameter.type_descriptor.annotation in (int, float),
                is_path=parameter.type_descriptor.annotation is Path,
                others=tuple(_needed(command, parameter)),
            )
    for below, found in sorted(getattr(command, "commands", {}).items()):
        yield from _words(found, (*name, below))


def _needed(command: Any, asked: Any) -> Iterator[Any]:
    """
    The other words that are required; for an argument, all arguments up to it, and itself.
    """
    arguments = [found for found in command.params if found.param_type_name == "argument"]
    until = arguments.index(asked) if asked in arguments else -1
    for found in command.params:
        is_before = found in arguments and arguments.index(found) <= until
        if is_before or (found.required and found is not asked):
            yield found


def _place(parameter: Any) -> str:
    return next((name for name in parameter.opts if name.startswith("--")), str(parameter.name))


def _valid(parameter: Any) -> str:
    return VALID.get(str(parameter.name), PLAIN)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    What a command said, and its exit code.
    """

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Stand:
    """
    A folder with a checkout in it and nothing else that a command may write to, and programs that note how they are started.
    """

    root: Path

    @property
    def checkout(self) -> Path:
        """
        Where commands work.
        """
        return self.root / "checkout"

    @property
    def canary(self) -> Path:
        """
        The file that hostile words make, where a shell obeys them.
        """
        return self.root / "canary"

    def bring_up(self, *, is_up: bool) -> None:
        """
        From now on the engine knows of one server, or of nothing.
        """
        outputs = self.root / "outputs.json"
        outputs.write_text(OUTPUTS) if is_up else outputs.unlink(missing_ok=True)

    def run(self, words: Sequence[str]) -> Answer:
        """
        Call `flotilla` with these words, without a terminal.
        """
        out, err, before = io.StringIO(), io.StringIO(), sys.argv
        sys.argv = ["flotilla", *words]
        try:
            with redirect_stdout(out), redirect_stderr(err):
                cli.main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        finally:
            sys.argv = before
        return Answer(code=code, out=out.getvalue(), err=err.getvalue())

    def started(self) -> list[list[str]]:
        """
        Every program that was started since this was last asked: its name and arguments.
        """
        log = self.root / "shims.log"
        text = log.read_bytes().decode(errors="surrogateescape") if log.exists() else ""
        log.unlink(missing_ok=True)
        return [entry.split("\0") for entry in text.split("\0\0") if entry]

    def files(self) -> set[str]:
        """
        All files and folders of the stand, by their paths in it.
        """
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}


def make_stand(root: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """
    A stand in a folder; this process works in it until `monkeypatch` ends.
    """
    stand = Stand(root)
    stand.checkout.mkdir()
    (root / "home").mkdir()
    made = make_small_checkout(stand.checkout)
    (stand.checkout / "env.sh").write_text((ROOT / "env.sh").read_text())
    for name in ("toolchain/setup.py", ".flotilla/toolchain/engine.json"):
        path = made.root / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    # Where nothing answers, and no name has to be found out.
    for path in (made.root / "Pulumi.local.yaml", made.root / "releases" / "local.yaml"):
        path.write_text(path.read_text().replace("registry.flotilla.test:5000", "127.0.0.1:9"))
    _shims(root / "programs")
    for name, value in {
        "PATH": f"{root / 'programs'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(root / "home"),
        "SHIM_LOG": str(root / "shims.log"),
        "SHIM_OUTPUTS": str(root / "outputs.json"),
        "PULUMI_BACKEND_URL": f"file://{stand.checkout}/state",
        "GIT_CEILING_DIRECTORIES": str(root),
        "NO_COLOR": "1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("FLOTILLA_VERBOSE", "HCLOUD_TOKEN", "HCLOUD_ENDPOINT", "SKIP_PUSH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(checkout, "CODE", stand.checkout)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    # Building all commands anew takes longer than a command does.
    known = tree()
    monkeypatch.setattr(typer.main, "get_command", lambda _: known)
    monkeypatch.setattr(hosts.os, "execv", _beside)
    monkeypatch.chdir(stand.checkout)
    return stand


def _shims(folder: Path) -> None:
    folder.mkdir()
    for name in NOTING:
        answer = 'case "$*" in "stack output"*) cat "$SHIM_OUTPUTS" 2>/dev/null && exit 0;; esac\n' if name == "pulumi" else ""
        _program(folder / name, f"{NOTE}{answer}echo '{name}: it does nothing here' >&2\nexit 1\n")
    for name in PASSING:
        real = next(path for path in map(Path, (f"/bin/{name}", f"/usr/bin/{name}")) if path.exists())
        _program(folder / name, f'{NOTE}exec {real} "$@"\n')


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


def _beside(program: str, argv: Sequence[str]) -> NoReturn:
    """
    In the place of `os.execv`, which would end the tests: the same program with the same arguments.
    """
    sys.exit(subprocess.run([program, *argv[1:]], capture_output=True, check=False).returncode)


def names_a_file(text: str) -> bool:
    """
    Whether a hostile text may be meant where a path is asked for, such as that of a folder with blanks and quotes.
    """
    is_address = text.partition(":/")[0].isalnum() and ":/" in text
    return text.isprintable() and text.strip() == text and 0 < len(text) <= 1000 and text[0] not in "-~" and not is_address


def require_harmless(stand: Stand, word: Word, texts: Sequence[str]) -> int:
    """
    Call a command with each of these hostile texts in one place. Returns how many of them were accepted as free text. Those
    that name a file where a path is asked for are left out: `require_named` has them, where nobody's files are.

    Raises: AssertionError where one of them is obeyed, is written where it does not belong, or is not refused as it has to be.
    """
    stand.bring_up(is_up=word.command == ("host", "ssh"))
    before = stand.files()
    accepted = 0
    for text in texts:
        if word.is_path and names_a_file(text):
            continue
        answer = stand.run(word.call(text))
        told = f"{word}: {text[:80]!r}: exit {answer.code}: {answer.err[:400]!r}"
        assert all(letter.isprintable() or letter in "\n\t" for letter in answer.err + answer.out), told
        assert "Traceback" not in answer.err and "unexpected" not in answer.err, told
        if word.place in FREE and not _is_refused(word, answer):
            accepted += 1
            assert answer.code in range(8), told
        else:
            assert _is_refused(word, answer), told
            assert len(answer.err) < 600 and answer.out == "", told
            assert answer.err.startswith("Usage: ") or "user:secret" not in answer.err, told
        _require_quoted(stand, text, told)
        assert not stand.canary.exists(), told
    _require_in_place(stand.files() - before, word)
    return accepted


def require_named(stand: Stand, texts: Sequence[str]) -> int:
    """
    Have a picture written under each of these names, in a folder that two others lead to. Returns how many there are.

    Raises: AssertionError where a name is not kept to the letter, or anything obeys it.
    """
    folder = stand.root / "Été 2026" / "plans (new)"
    folder.mkdir(parents=True)
    wanted = {text for text in texts if names_a_file(text) and "/" not in text and text not in (".", "..") and len(text) < 60}
    for text in sorted(wanted):
        path = f"../{folder.parent.name}/../{folder.parent.name}/{folder.name}/{text}"
        answer = stand.run(["costs", "--stack=local", f"--plot={path}"])
        assert answer.code == 0, (text, answer)
        assert not any(text in argument for started in stand.started() for argument in started), text
    assert {path.name for path in folder.iterdir()} == wanted
    assert not stand.canary.exists()
    return len(wanted)


def _is_refused(word: Word, answer: Answer) -> bool:
    """
    With 2, in one error that begins with the place, or as typer says it.
    """
    usage = "Error: Invalid value for "
    begins = answer.err.startswith(f"{word.place}: ") and answer.err.count("\n") == 1
    return answer.code == 2 and (begins or (usage in answer.err and f"'{word.place}'" in answer.err.partition(usage)[2]))


def _require_quoted(stand: Stand, text: str, told: str) -> None:
    """
    Programs see the text as one argument, or not at all; a shell sees it as one word.
    """
    for program, *arguments in stand.started():
        seen = [argument for argument in arguments if len(text) > 5 and text in argument]
        assert not (seen and program in SHELLS), told
        for argument in seen:
            assert argument == text or (program == "ssh" and shlex.split(argument) == [text]), (
                f"{told}: {program}: {argument!r}"
            )


def _require_in_place(new: set[str], word: Word) -> None:
    """
    What commands keep is in the checkout, under names that are theirs.
    """
    kept = ("checkout/state", "checkout/.flotilla", "checkout/reports")
    strange = [path for path in new if not path.startswith(kept) or not path.isprintable() or "touch" in path]
    assert strange == [], f"{word}: {strange[:5]}"
