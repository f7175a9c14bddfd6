"""
Keeping secrets out of what is written down: their values, however they are written, and what looks like one.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from hosts import keys, logins, ssh_key

if TYPE_CHECKING:
    from settings import Settings

MASK = "[secret]"
# What a person would find again by chance is no secret, and would hide everything else.
SHORTEST = 4
# Variables of the engine and of the cloud, wherever they stand.
VARIABLES = re.compile(r"(TOKEN|SECRET|PASSPHRASE|PASSWORD|ACCESS_KEY)$")
SHORTEST_VARIABLE = 8
LIKELY = (
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=authorization: )(?:basic|bearer) [^\s\"']+"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{16,}"),
    re.compile(
        r"""(?ix) (?<![a-z]) ((?:pass(?:word|phrase|wd)?|secret|token|api[_-]?key|access[_-]?code) ["']?\s*[=:]\s*["']?)
        [^\s"',;&]{4,}"""
    ),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
)


class Filter:
    """
    Takes every one of these values out of texts, also where it is quoted, escaped or encoded.
    """

    def __init__(self, values: Iterable[str]) -> None:
        known = {value for value in values if len(value) >= SHORTEST}
        forms = {form for value in known for form in _forms(value) if len(form) >= SHORTEST}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """
        The text without them.
        """
        clean = self._pattern.sub(MASK, text) if self._pattern else text
        for pattern in LIKELY:
            clean = pattern.sub(lambda found: f"{found.group(1)}{MASK}" if found.re.groups else MASK, clean)
        return clean

    def data(self, value: Any) -> Any:
        """
        A JSON value without them, keys too.
        """
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(key)): self.data(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(inner) for inner in value]
        return value


def _forms(value: str) -> Iterator[str]:
    """
    A value as it may be met: as it is, each of its lines, and as JSON, URLs and base64 have it.
    """
    yield value
    yield from (line for line in value.splitlines() if len(line) >= SHORTEST * 4)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield from (quote(value, safe=""), quote_plus(value), quote(value))
    raw = value.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
    yield raw.hex()


def filter_of(config: Mapping[str, Any], databases: Iterable[tuple[str, int]], environment: Mapping[str, str]) -> Filter | None:
    """
    What takes a stack's secrets out of texts; None where one of them is there only encrypted.
    """
    if any(isinstance(value, Mapping) and "secure" in value for value in _inner(config.get("secrets") or {})):
        return None
    return Filter(values(config, databases, environment))


def databases(settings: Settings) -> list[tuple[str, int]]:
    """
    The databases that passwords are derived for: (name, generation).
    """
    return [(row.database.name, row.database.generation) for row in settings.projects.values() if row.database]


def _inner(value: Any) -> list[Any]:
    if not isinstance(value, Mapping):
        return [value]
    return [value, *(found for inner in value.values() for found in _inner(inner))]


def values(config: Mapping[str, Any], databases: Iterable[tuple[str, int]], environment: Mapping[str, str]) -> set[str]:
    """
    Every secret of a stack: those of its configuration (decrypted), what is derived from its key for these databases
    (name, generation), and those of the environment in which the engine is asked.
    """
    secrets = config.get("secrets") or {}
    found = set(_leaves(secrets))
    found |= {value for name, value in environment.items() if VARIABLES.search(name) and len(value) >= SHORTEST_VARIABLE}
    key = secrets.get("key")
    if isinstance(key, str) and len(key) >= keys.KEY_MINIMUM_LENGTH:
        found |= set(_derived(key, databases))
    user, password = config.get("environment", {}).get("registry_user"), secrets.get("registry")
    if user and isinstance(password, str):
        found.add(base64.b64encode(f"{user}:{password}".encode()).decode())
    return found


def _derived(key: str, databases: Iterable[tuple[str, int]]) -> Iterator[str]:
    for name, generation in databases:
        for kind in logins.KINDS:
            for number in logins.generations(generation):
                yield keys.secret(key, *logins.purpose(name, kind, number))
    yield from (keys.secret(key, "postgresql", name) for name in ("backup", "monitoring"))
    yield from (keys.secret(key, "backup", name) for name in ("pgbackrest", "restic", "record"))
    yield ssh_key.private(key, "backup", "ssh")


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value
