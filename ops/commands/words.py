"""
The kinds of text that the command line takes, each with an allow-list of what it may be. Every argument and option that takes
text is one of these, so that nothing has to be escaped later; a test goes through all commands and finds one that is not.

Whether there is such a project, server or release is found out later, by whoever knows them.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from typing import Any

import typer

from ops.errors import SettingsError

SHOWN, LONGEST_SENTENCE, LONGEST_PATH, LONGEST_COMMAND, LONGEST_ARGUMENT = 40, 1000, 1000, 4096, 100_000

Kind = Callable[[typer.CallbackParam, Any], Any]


def _kind(is_one: Callable[[str], bool], what: str, example: str) -> Kind:
    """
    For `typer.Option(..., callback=...)` and `typer.Argument(..., callback=...)`.
    """

    def check(parameter: typer.CallbackParam, value: Any) -> Any:
        if value is None or value == parameter.default:
            return value
        for text in map(str, value if isinstance(value, list | tuple) else [value]):
            if not is_one(text):
                raise SettingsError(
                    f"{_place(parameter)}: {_shown(text)} is not {what}. Nothing was done. Write it like {example}."
                )
        return value

    return check


def _place(parameter: typer.CallbackParam) -> str:
    """
    An option by its long name, an argument as `--help` has it.
    """
    return next((name for name in parameter.opts if name.startswith("--")), str(parameter.name))


def _shown(text: str) -> str:
    """
    Quoted, with whatever a terminal would obey as its code, without passwords, and never long.
    """
    from ops.secrecy import MASK, Filter

    clean = _LOGIN.sub(MASK, Filter(())(text[:LONGEST_COMMAND]))
    return repr(clean) if len(clean) <= SHOWN else f"{clean[:SHOWN]!r}..."


def _like(pattern: str, what: str, example: str) -> Kind:
    expression = re.compile(pattern, re.ASCII)
    return _kind(lambda text: expression.fullmatch(text) is not None, what, f"`{example}`")


def _is_sentence(text: str) -> bool:
    return text.isprintable() and not text.lstrip().startswith("-") and len(text) <= LONGEST_SENTENCE


def _is_path(text: str) -> bool:
    """
    Of a file or folder of the caller's choice, also above this one. A `~` that no shell has replaced would be a folder's name.
    """
    return (
        0 < len(text) <= LONGEST_PATH
        and text.isprintable()
        and text == text.strip()
        and not text.startswith(("-", "~"))
        and _ADDRESS.match(text) is None
    )


def _is_command(text: str) -> bool:
    """
    A program and its arguments, which are split as a shell would, and given to none.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        return False
    return (
        len(text) <= LONGEST_COMMAND
        and bool(words)
        and re.fullmatch(_PROGRAM, words[0], re.ASCII) is not None
        and all(re.fullmatch(_ARGUMENT, word, re.ASCII) for word in words)
    )


def _is_argument(text: str) -> bool:
    """
    Anything that a program can be given; quoting keeps it together on its way.
    """
    try:
        return b"\0" not in os.fsencode(text) and len(text) <= LONGEST_ARGUMENT
    except UnicodeEncodeError:
        return False


# Of an address that became a path on its way here, which has one slash only.
_LOGIN = re.compile(r"(?<=:/)[^/\s:@]+:[^/\s@]+(?=@)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
_WORD = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_PLAIN = r"[a-z0-9][a-z0-9-]{0,39}"
_REPOSITORY = (
    r"(?:[a-z0-9][a-z0-9.-]{0,252}(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*){0,5}"
)
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_REFERENCE = rf"(?:(?:{_REPOSITORY})?(?::{_TAG}|@sha256:[0-9a-f]{{64}})|{_TAG})"
_PROGRAM = r"(?!.*(\.\.|//))[A-Za-z0-9_./][A-Za-z0-9_./+-]{0,199}"
_ARGUMENT = r"[A-Za-z0-9_./:=@%+,-]{1,200}"

name = _like(_WORD, "a name", "guestbook")
place = _like(rf"@checkout|{_WORD}", "the name of a stack", "local` or `@checkout")
remote = _like(rf"{_WORD}(?:/{_WORD})*", "the name of a git remote", "origin")
image = _like(rf"(?:{_PLAIN}=)?{_REFERENCE}", "an image", ":v2` or `guestbook@sha256:<64 hex digits>")
asked = _like(rf"{_PLAIN}(?:/{_PLAIN})?(?:={_REFERENCE})?", "a project, or a project with an image", "guestbook=:v2")
repository = _like(rf"(?=.{{1,255}}\Z){_REPOSITORY}", "an image's repository without tag", "guestbook")
release = _like(r"[0-9]{1,3}|(?:sha256:)?[0-9a-f]{1,64}", "a release's number or digest", "1")
resource = _like(
    r"urn:pulumi:[A-Za-z0-9._/:$*@-]{1,500}", "the URN of a resource", "urn:pulumi:local::flotilla::<type>::<name>"
)
secret = _like(r"[A-Za-z0-9_-]{1,80}(?:\.[A-Za-z0-9_-]{1,80}){0,2}", "the name of a secret", "projects.ledger.API_TOKEN")
moment = _like(r"[0-9]{4}[0-9T:.+Z -]{1,40}", "a moment", "2026-11-26T01:30:00Z")
person = _like(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,79}", "a person or team", "web-team")
url_path = _like(r"(?!.*(\.\.|//))/[A-Za-z0-9._~/-]{0,200}", "the path of a URL", "/up")
schedule = _like(r"[0-9*/,-]+(?: [0-9A-Za-z*/,-]+){4}", "a schedule of five fields", "30 2 * * *")
value = _like(r"(?!.*(\.\.|//))[A-Za-z0-9][A-Za-z0-9._/:@-]{0,199}", "a number or a plain word", "256")
path = _kind(
    _is_path,
    "a path: printable letters, no dash, `~` or blank first, no blank last, no address",
    "`plans/local.json`",
)
sentence = _kind(
    _is_sentence,
    f"a sentence: printable letters on one line, at most {LONGEST_SENTENCE}, with no dash before the first",
    '"the disk is full"',
)
command = _kind(_is_command, "a program with its arguments; no shell is between", "`make check`")
argument = _kind(_is_argument, "an argument that a program can be given", "`df -h`")
