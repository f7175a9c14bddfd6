"""
The kinds of value that people write in settings, each with an allow-list of what it may be.

Everything that ends in a name, a path, an address or a command on a machine is one of these. They name what is allowed and
refuse the rest, so that nothing has to be escaped later. Numbers are strict: `"10"`, `true` and `1.0` are not 10.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from settings.schedule import on_calendar
from settings.wording import excerpt, refuse, suggest


def one_of(known: Collection[str], what: str) -> tuple[AfterValidator, object]:
    """
    For `Annotated[str, ...]`: refuses words that are not known, and names the nearest one that is.
    """

    def check(value: str) -> str:
        if value not in known:
            raise refuse(f"{excerpt(value)} is not {what}", suggest(value, known))
        return value

    choices: list[JsonValue] = [*sorted(known)]
    return AfterValidator(check), Field(json_schema_extra={"enum": choices})


def _matching(pattern: str, what: str, example: str) -> tuple[AfterValidator, object]:
    expression = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if expression.fullmatch(value) is None:
            raise refuse(f"{excerpt(value)} is not {what}", f"Write it like `{example}`")
        return value

    return AfterValidator(check), Field(json_schema_extra={"pattern": f"^{pattern}$", "examples": [example]})


def _checked(check: Callable[[str], str], example: str) -> tuple[AfterValidator, object]:
    return AfterValidator(check), Field(json_schema_extra={"examples": [example]})


def is_name(value: str) -> bool:
    """
    Whether this is a `Name`: safe in a host name, a service name, a path and a command.
    """
    return re.fullmatch(NAME_PATTERN, value, re.ASCII) is not None


def is_environment_variable(value: str) -> bool:
    """
    Whether this is an `EnvironmentVariable`.
    """
    return re.fullmatch(ENVIRONMENT_VARIABLE_PATTERN, value, re.ASCII) is not None


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise refuse(
            f"{excerpt(value)} is not a network address with its prefix",
            "Write it like `10.0.0.0/16`, with no bit set after the prefix",
        ) from None
    return value


def _ipv4_network(value: str) -> str:
    if ":" in value:
        raise refuse(
            f"{excerpt(value)} is not an IPv4 network; Hetzner's private networks are IPv4", "Write it like `10.0.0.0/16`"
        )
    return _network(value)


def _public_key(value: str) -> str:
    hint = "Paste the one line of the `.pub` file, like `ssh-ed25519 AAAA... name`"
    found = re.fullmatch(
        r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp256) ([A-Za-z0-9+/]+={0,2})( [A-Za-z0-9@._-]{1,80})?", value, re.ASCII
    )
    if found is None:
        raise refuse(f"{excerpt(value)} is not a public SSH key", hint)
    kind = found[1].encode()
    try:
        body = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        raise refuse("the body of this public SSH key is not base64", hint) from None
    if not body.startswith(len(kind).to_bytes(4, "big") + kind) or len(body) < 51:
        raise refuse("the body of this public SSH key is cut short, or of another kind than it says", hint)
    return value


def _path(value: str) -> str:
    if ".." in value.split("/") or re.fullmatch(r"(~/)?[A-Za-z0-9._/-]{1,200}", value, re.ASCII) is None:
        raise refuse(f"{excerpt(value)} is not a plain file path", "Use letters, digits, `.`, `_`, `-` and `/`, without `..`")
    return value


def _text(value: str) -> str:
    if any(not character.isprintable() for character in value):
        raise refuse(f"{excerpt(value)} has control characters", "Remove them; put files into secrets or volumes")
    if "{{" in value:
        raise refuse(f"{excerpt(value)} has `{{{{`, which Docker Swarm would expand as a template", "Write the value itself")
    return value


def is_hostname(value: str) -> bool:
    """
    Whether this is a `Hostname`.
    """
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    return len(value) <= 253 and re.fullmatch(rf"({label}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]", value, re.ASCII) is not None


def _hostname(value: str) -> str:
    if not is_hostname(value):
        raise refuse(
            f"{excerpt(value)} is not a domain name",
            "Write it like `shop.example.com`: lower case, no scheme, no port, no dot at the end",
        )
    return value


NAME_PATTERN = r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?"
ENVIRONMENT_VARIABLE_PATTERN = r"[A-Z_][A-Z0-9_]{0,79}"
_HOST = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?"
_REPOSITORY = r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*){0,4}"
_DAY = r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})( 00:00:00 \+0000 UTC)?"
_DIGEST = r"sha256:[0-9a-f]{64}"


def _ipv4(value: str) -> str:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        raise refuse(f"{excerpt(value)} is not an IPv4 address", "Write it like `10.0.0.2`") from None
    return value


def _day(value: object) -> object:
    """
    A day as text. Without quotes, the engine takes it for a time, and hands it on as `2027-01-31 00:00:00 +0000 UTC`.
    """
    found = re.fullmatch(_DAY, value, re.ASCII) if isinstance(value, str) else None
    try:
        return value if isinstance(value, date) else date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise refuse(f"{excerpt(value)} is not a day", "Write it like `2027-01-31`") from None


def _cron(value: str) -> str:
    try:
        on_calendar(value)
    except ValueError as error:
        raise refuse(f"{excerpt(value)} is not a schedule: {error}", "Write it like `30 2 * * *`") from None
    return value


Name = Annotated[
    str, *_matching(NAME_PATTERN, "a name: a letter, then at most 39 of a-z, 0-9 and `-`, no `-` at the end", "guestbook")
]
Hostname = Annotated[str, *_checked(_hostname, "shop.example.com")]
Network = Annotated[str, *_checked(_network, "203.0.113.0/28")]
Ipv4Network = Annotated[str, *_checked(_ipv4_network, "10.0.0.0/16")]
Ipv4Address = Annotated[str, *_checked(_ipv4, "10.0.0.2")]
RecordName = Annotated[
    str,
    *_matching(
        r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.){1,9}[a-z][a-z0-9-]{0,61}[a-z0-9]",
        "the whole name of a DNS record",
        "_dmarc.example.com",
    ),
]
PublicKey = Annotated[str, *_checked(_public_key, "ssh-ed25519 AAAA... name")]
FilePath = Annotated[str, *_checked(_path, "examples/guestbook")]
Text = Annotated[str, Field(max_length=4096), AfterValidator(_text)]
Person = Annotated[str, *_matching(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,79}", "a person or team", "web-team")]
HttpsUrl = Annotated[
    str,
    *_matching(
        r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?",
        "an https address",
        "https://ca.example.com/directory",
    ),
]
Email = Annotated[str, *_matching(r"[A-Za-z0-9._+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", "an e-mail address", "ops@example.com")]
LoginName = Annotated[str, *_matching(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", "the name that one logs in with", "flotilla")]
EnvironmentVariable = Annotated[
    str, *_matching(ENVIRONMENT_VARIABLE_PATTERN, "the name of an environment variable", "LOG_LEVEL")
]
RegistryHost = Annotated[str, *_matching(_HOST, "a registry's host and port", "registry.example.com:5000")]
# Robots and tokens have names like `robot$flotilla` and `_json_key`; a colon would end the name when one logs in.
RegistryUser = Annotated[
    str, *_matching(r"[A-Za-z0-9_][A-Za-z0-9._@+$-]{0,127}", "the name that a registry is logged in to with", "robot$flotilla")
]
ImageRepository = Annotated[
    str,
    *_matching(
        rf"({_HOST}/)?{_REPOSITORY}", "an image repository without tag or digest (those are in the releases file)", "guestbook"
    ),
]
ImageReference = Annotated[
    str,
    *_matching(
        rf"{_HOST}/{_REPOSITORY}@{_DIGEST}", "an image with its digest", "registry.example.com/guestbook@sha256:<64 hex digits>"
    ),
]
UrlPath = Annotated[str, *_matching(r"/[A-Za-z0-9._~/-]{0,200}", "the path of a URL", "/up")]
MountPath = Annotated[
    str, *_matching(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,60}){1,6}", "an absolute path inside the container", "/data")
]
Argument = Annotated[
    str, *_matching(r"[A-Za-z0-9_./:=@%+,-]{1,200}", "one argument of a command, without shell syntax", "--port=8000")
]
Extension = Annotated[str, *_matching(r"[a-z][a-z0-9_-]{0,62}", "the name of a PostgreSQL extension", "pg_trgm")]
DatabaseName = Annotated[
    str,
    # PostgreSQL's names have 63 bytes at most; the users' are `<name>_owner_<generation>`.
    *_matching(
        r"(?!(postgres|pgbouncer|template[01])$|flotilla_|pg_)[a-z][a-z0-9_]{0,47}",
        "a database's name: a letter, then at most 47 of a-z, 0-9 and `_`, and none that PostgreSQL or Flotilla has itself",
        "ledger",
    ),
]
Place = Annotated[str, *_matching(r"[a-z][a-z0-9-]{0,62}", "the name of a place", "hel1")]
StoragePath = Annotated[str, *_matching(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,200}", "a folder or bucket", "backups/production")]
RuleId = Annotated[str, *_matching(r"[A-Za-z][A-Za-z0-9._-]{0,79}", "the name of a rule", "backup-present")]
ResourceGlob = Annotated[
    str,
    *_matching(
        r"(?=.*[A-Za-z0-9])[A-Za-z0-9_*?][A-Za-z0-9_.*?:/@-]{0,199}",
        "a resource's name, where `*` stands for anything",
        "app-*",
    ),
]
ApprovalSubject = Annotated[
    str,
    *_matching(
        r"(region|personal-data|processor):[a-z0-9][a-z0-9.-]{0,199}",
        "what an approval is for: `region:`, `personal-data:` or `processor:`, then its name",
        "processor:backup.example.net",
    ),
]
CronSchedule = Annotated[str, *_checked(_cron, "30 2 * * *")]
Day = Annotated[
    date, BeforeValidator(_day), Field(json_schema_extra={"type": "string", "format": "date", "examples": ["2027-01-31"]})
]

# Those that PostgreSQL still mends. Source: postgresql.org/support/versioning, read 2026-11-26.
PostgresqlVersion = Annotated[int, Field(strict=True, ge=14, le=18)]
Generation = Annotated[int, Field(strict=True, ge=1, le=9999)]
TimeWindow = Annotated[
    str,
    *_matching(
        r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day with its end, in UTC", "03:30-05:00"
    ),
]
RequestRate = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Count = Annotated[int, Field(strict=True, ge=1, le=100)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=3600)]
UserId = Annotated[int, Field(strict=True, ge=1, le=65533)]
Megabytes = Annotated[int, Field(strict=True, ge=16, le=1_048_576)]
Flag = Annotated[bool, Field(strict=True)]
Days = Annotated[int, Field(strict=True, ge=1, le=3650)]
Copies = Annotated[int, Field(strict=True, ge=0, le=1000)]
Ttl = Annotated[int, Field(strict=True, ge=60, le=86_400)]
Cores = Annotated[float, Field(strict=True, ge=0.05, le=64, allow_inf_nan=False)]
