"""
Pages by construction, in CommonMark with GitHub's tables: what is not `Markdown` already is text, and is escaped.

Blocks are pieces of `Markdown` of their own; `body` puts them under each other. `text`, `code`, `link` are for within a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from string import Formatter
from urllib.parse import quote

from ops.dossier.words import Language, Words

# What would turn the direction of the text around, or show nothing at all.
_UNSEEN = dict.fromkeys(
    {
        *(*range(0x20), *range(0x7F, 0xA0), 0xAD),
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF),
        *range(0xD800, 0xE000),
    },
    "\ufffd",
)
# Dots and colons: what GitHub makes links of by itself.
_INLINE = re.compile(r"[\\`*_\[\]<&~$]|!$|:(?=/)|(?i:(?<=www)\.)")
_BLOCK = re.compile(r"([+\-=#>])|(\d{1,9})[.)](?=\s|$)")
_HASH = r"\\#"
_BAR = "\\|"
_SCHEMES = ("https:", "http:", "mailto:")
_SAFE_IN_TARGET = "/#:.-_~?=&%@+,"


class Markdown(str):
    """
    Text that is CommonMark already.
    """

    __slots__ = ()


@dataclass(frozen=True)
class Page:
    """
    One file of the dossier: `path` below its folder, such as `network.md`. The body of what is not Markdown, a picture say, is
    the whole file.
    """

    path: str
    title: str
    body: str

    @property
    def content(self) -> str:
        """
        The file.
        """
        return f"{heading(self.title, 1)}\n{self.body}" if self.path.endswith(".md") else self.body


def plain(value: object) -> str:
    """
    Anything as one line of text, as a reader sees it: what is white space is one space, what cannot be seen is a sign for that.
    """
    return re.sub(r"\s+", " ", str(value)).translate(_UNSEEN)


def text(value: object) -> Markdown:
    """
    Anything as text that can do nothing.
    """
    return value if isinstance(value, Markdown) else Markdown(_INLINE.sub(r"\\\g<0>", plain(value)))


def code(value: object) -> Markdown:
    """
    Anything as code within a line; nothing where there is nothing.
    """
    shown = plain(value).strip()
    if not shown:
        return Markdown()
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return Markdown(f"{fence}{space}{shown}{space}{fence}")


def link(label: object, target: str) -> Markdown:
    """
    A link to another page, a heading, a site. What leads to anything else is the label alone.
    """
    shown, where = text(label), plain(target).strip()
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", where)
    if not where or (scheme and scheme[0].lower() not in _SCHEMES) or where.startswith("//"):
        return shown
    return Markdown(f"[{shown}]({quote(where, safe=_SAFE_IN_TARGET)})")


def image(alternative: object, target: str) -> Markdown:
    """
    A picture, with what it shows in words.
    """
    return Markdown(f"![{text(alternative)}]({quote(plain(target).strip(), safe=_SAFE_IN_TARGET)})")


def prose(value: object) -> Markdown:
    """
    A sentence as errors and reports have it: text, in which what stands between backticks is code.
    """
    if isinstance(value, Markdown):
        return value
    parts = str(value).split("`")
    if len(parts) % 2 == 0:
        return text(value)
    return Markdown("".join(code(part) if number % 2 else text(part) for number, part in enumerate(parts)))


def say(words: Words, language: Language, **values: object) -> Markdown:
    """
    A sentence in a language, with these values in it: `Markdown` as it is, anything else as text.
    """
    parts = []
    for literal, name, _, _ in Formatter().parse(words.of(language)):
        parts.append(prose(literal))
        if name:
            parts.append(text(values[name]))
    return Markdown("".join(parts))


def joined(parts: Iterable[object], between: str = ", ") -> Markdown:
    """
    Several in one line.
    """
    return Markdown(between.join(text(part) for part in parts))


def strong(value: object) -> Markdown:
    """
    Text that stands out; nothing where there is nothing.
    """
    shown = text(value).strip()
    return Markdown(f"**{shown}**" if shown else "")


def paragraph(*parts: object) -> Markdown:
    """
    A block of text that begins no list, heading or quotation.
    """
    return Markdown(f"{_begun(''.join(text(part) for part in parts))}\n")


def heading(value: object, level: int = 2) -> Markdown:
    """
    A heading; level 1 is the page's own.
    """
    return Markdown(f"{'#' * level} {re.sub(r'#(?=#*$)', _HASH, text(value).strip())}\n")


def bullets(items: Iterable[object]) -> Markdown:
    """
    A list; empty for nothing.
    """
    return Markdown("".join(f"- {_begun(text(item))}\n" for item in items))


def table(headers: Sequence[object], rows: Iterable[Sequence[object]]) -> Markdown:
    """
    A table; each row has a cell for each header.

    Raises: ValueError for a row that has not.
    """
    lines = [_row(headers), _row([Markdown("---")] * len(headers))]
    for row in rows:
        if len(row) != len(headers):
            raise ValueError(f"{len(row)} cells under {len(headers)} headers")
        lines.append(_row(row))
    return Markdown("".join(lines))


def block(value: str, language: str = "") -> Markdown:
    """
    Lines of code as they are, such as commands to copy; `language` names their kind.
    """
    lines = [line.translate(_UNSEEN) for line in value.splitlines()]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown("\n".join([f"{fence}{language}", *lines, fence, ""]))


def details(summary: object, content: Markdown) -> Markdown:
    """
    What is shown when a reader asks for it.
    """
    shown = escape(plain(summary))
    return Markdown(f"<details>\n<summary>{shown}</summary>\n\n{content}\n</details>\n")


def body(*blocks: Markdown) -> Markdown:
    """
    Blocks under each other, without those that are empty.
    """
    return Markdown("\n".join(part for part in blocks if part))


def _begun(line: str) -> str:
    """
    A line whose beginning means nothing.
    """
    line = line.strip()
    found = _BLOCK.match(line)
    if not found:
        return line
    return f"\\{line}" if found[1] else f"{found[2]}\\{line[len(found[2]) :]}"


def _row(cells: Iterable[object]) -> str:
    """
    Of a cell GitHub takes the backslash before each bar away, whatever stands around them, and reads what is left.
    """
    return f"| {' | '.join(text(cell).replace('|', _BAR).strip() for cell in cells)} |\n"


SOURCE = Words(en="Source: {origins}.", fr="Source : {origins}.")
SETTING = Words(en="setting", fr="réglage")
OUTPUT = Words(en="stack output", fr="sortie de la pile")
REPORT = Words(en="report", fr="rapport")
FILE = Words(en="file", fr="fichier")


@dataclass(frozen=True)
class Origin:
    """
    Where a fact is from, for a reader who wants to check it: a setting's path, an output's, a report's or a file's name.
    """

    kind: Words
    name: str


def setting(name: str) -> Origin:
    """
    A setting, such as `environment.network` or `projects/shop.yaml: replicas`.
    """
    return Origin(SETTING, name)


def output(name: str) -> Origin:
    """
    A value of the stack's outputs document, such as `servers`.
    """
    return Origin(OUTPUT, name)


def report(name: str) -> Origin:
    """
    A report, by the name of its check or its file.
    """
    return Origin(REPORT, name)


def file(name: str) -> Origin:
    """
    Any other file of the checkout, or what else people can look at.
    """
    return Origin(FILE, name)


def source(language: Language, *origins: Origin) -> Markdown:
    """
    The line that says where the facts above it are from.
    """
    named = joined(Markdown(f"{text(origin.kind.of(language))} {code(origin.name)}") for origin in origins)
    return paragraph(say(SOURCE, language, origins=named))
