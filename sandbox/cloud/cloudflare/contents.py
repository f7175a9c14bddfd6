"""
What a record says, by type: checks `content`, `data` and `priority`, and writes them as Cloudflare stores them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cloud.cloudflare.envelope import MX_RECORDS, invalid, missing
from sandbox.cloud.cloudflare.names import host_name
from sandbox.cloud.dns.character_strings import character_strings, wire_length
from sandbox.cloud.store import Document

Fields = Mapping[str, Any]

CAA_TAG = re.compile(r"[a-z0-9]{1,15}", re.IGNORECASE)  # RFC 8659, 4.1
PRINTABLE = re.compile(r"[\x20-\x7e]*")
TXT_WIRE_LENGTH = 4096  # error 9015 of the real API, quoted in cisagov/manage.get.gov issue 5244
SHORT_MAX = 65535
BYTE_MAX = 255


def _text(fields: Fields, field: str = "content") -> str:
    value = fields.get(field)
    if value is None or value == "":
        raise missing(field)
    if not isinstance(value, str):
        raise invalid(1004, f"DNS Validation Error: {field} must be a string.")
    return value


def whole_number(fields: Fields, field: str, largest: int, where: str = "") -> int | None:
    """
    A number from 0 to the largest, None where the field is absent; clients send 10 as 10.0 too.
    """
    value = fields.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or not 0 <= value <= largest:
        raise invalid(1004, f"DNS Validation Error: {where}{field} must be a whole number between 0 and {largest}.")
    return int(value)


def _address4(fields: Fields) -> Document:
    try:
        return {"content": str(ipaddress.IPv4Address(_text(fields)))}
    except ipaddress.AddressValueError:
        raise invalid(9005, "Content for A record must be a valid IPv4 address.") from None


def _address6(fields: Fields) -> Document:
    try:
        address = ipaddress.IPv6Address(_text(fields))
    except ipaddress.AddressValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise invalid(9006, "Content for AAAA record must be a valid IPv6 address.")
    return {"content": address.compressed}


def _alias(fields: Fields) -> Document:
    target = host_name(_text(fields), invalid(9007, "Content for CNAME record is invalid."))
    if target.lower() == fields["name"]:
        raise invalid(9039, "CNAME content cannot reference itself.")
    return {"content": target}


def _name_server(fields: Fields) -> Document:
    return {"content": host_name(_text(fields), invalid(1004, "DNS Validation Error: Content for NS record is invalid."))}


def _text_record(fields: Fields) -> Document:
    content = _text(fields)
    strings = character_strings(content)
    if strings is None:
        raise invalid(1004, "DNS Validation Error: Content for TXT record has a quotation mark that is not closed.")
    if wire_length(strings) > TXT_WIRE_LENGTH:
        raise invalid(9015, f"Record content exceeds the allowed length of {TXT_WIRE_LENGTH} wire format bytes.")
    return {"content": content}


def _mail(fields: Fields) -> Document:
    priority = whole_number(fields, "priority", SHORT_MAX)
    if priority is None:
        raise missing("priority")
    content = _text(fields)
    if content == ".":  # RFC 7505: this name takes no mail
        return {"content": content, "priority": priority}
    error = invalid(
        9009,
        "Change the content of your MX record to be a hostname (and not an IP address). "
        f"For more details, refer to {MX_RECORDS}.",
    )
    return {"content": host_name(content, error), "priority": priority}


def _data(fields: Fields, *names: str) -> Fields:
    data = fields.get("data")
    if not isinstance(data, Mapping):
        raise missing("data")
    for name in names:
        if data.get(name) is None:
            raise invalid(9101, f"{name} is a required data field.")
    return data


def _authority(fields: Fields) -> Document:
    data = _data(fields, "flags", "tag", "value")
    flags, tag, value = whole_number(data, "flags", BYTE_MAX, "data."), data["tag"], data["value"]
    if not isinstance(tag, str) or not CAA_TAG.fullmatch(tag):
        raise invalid(1004, "DNS Validation Error: data.tag must be up to 15 letters and digits.")
    if not isinstance(value, str) or not PRINTABLE.fullmatch(value) or '"' in value or len(value) > TXT_WIRE_LENGTH:
        raise invalid(1004, "DNS Validation Error: data.value must be printable text without quotation marks.")
    return {"content": f'{flags} {tag} "{value}"', "data": {"flags": flags, "tag": tag, "value": value}}


def _service(fields: Fields) -> Document:
    data = _data(fields, "priority", "weight", "port", "target")
    priority, weight, port = (whole_number(data, name, SHORT_MAX, "data.") for name in ("priority", "weight", "port"))
    target = data["target"]
    error = invalid(1004, "DNS Validation Error: data.target must be a host name.")
    if not isinstance(target, str):
        raise error
    if target != ".":  # RFC 2782: the service is decidedly not available
        target = host_name(target, error)
    return {
        "content": f"{weight} {port} {target}",  # as in caddyserver/caddy issue 6975
        "priority": priority,
        "data": {"priority": priority, "weight": weight, "port": port, "target": target},
    }


CONTENTS: Mapping[str, Callable[[Fields], Document]] = {
    "A": _address4,
    "AAAA": _address6,
    "CNAME": _alias,
    "TXT": _text_record,
    "MX": _mail,
    "CAA": _authority,
    "SRV": _service,
    "NS": _name_server,
}
