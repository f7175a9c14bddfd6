"""
The price list from the API's `/pricing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ops import whole
from ops.audit.cloud import HETZNER, LIST_TIMEOUT_S
from ops.errors import FlotillaError, MissingToolError, RefusedError, SettingsError
from settings.prices import EVERYTHING, PriceList, Rate, flat, parse, render

TERABYTE = 1024**4


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """
    What a refresh did. `changed` is {figure: (before, after)}, None for what was or is not there.
    """

    path: Path
    source: str
    priced_on: str
    changed: Mapping[str, tuple[str | None, str | None]]


def refresh(path: Path, known: Mapping[str, str], today: date, *, is_own: bool) -> Refreshed:
    """
    Ask for prices and write them. `is_own`: the file is the checkout's own price list.

    Raises: MissingToolError, RefusedError, FlotillaError
    """
    endpoint = known.get("HCLOUD_ENDPOINT") or HETZNER
    if is_own and urlsplit(endpoint).hostname != urlsplit(HETZNER).hostname:
        raise RefusedError(
            f"{endpoint}: this is not Hetzner's API, and the sandbox makes its prices from the very file. Nothing was changed. "
            "Unset HCLOUD_ENDPOINT and set HCLOUD_TOKEN to a real project's, or give `--out <file>`."
        )
    before = read(path) if path.exists() else None
    after = from_api(ask(endpoint, known.get("HCLOUD_TOKEN", "")), f"GET {endpoint}/pricing", today)
    whole.text(path, render(after))
    return Refreshed(path=path, source=after.source, priced_on=after.priced_on.isoformat(), changed=changes(before, after))


def read(path: Path) -> PriceList:
    """
    Raises: SettingsError
    """
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise SettingsError(
            f"{path}: this is no price list ({type(error).__name__}: {error}). Nothing was changed. "
            "Take the last good one from git, or write another file with `--out <file>`."
        ) from error


def ask(endpoint: str, token: str) -> dict[str, Any]:
    """
    The API's answer.

    Raises: MissingToolError, FlotillaError
    """
    if not token:
        raise MissingToolError("HCLOUD_TOKEN: it is not set, and Hetzner asks for it. Nothing was changed. Set it.")
    import requests

    try:
        answer = requests.get(f"{endpoint}/pricing", headers={"Authorization": f"Bearer {token}"}, timeout=LIST_TIMEOUT_S)
        answer.raise_for_status()
        return dict(answer.json()["pricing"])
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        said = f"it answers {status}" if status else f"no usable answer ({type(error).__name__})"
        raise FlotillaError(
            f"{endpoint}/pricing: {said}. The price list was not changed. Look at HCLOUD_TOKEN and the network."
        ) from None


def from_api(found: Mapping[str, Any], source: str, today: date) -> PriceList:
    """
    The price list in an answer of the API.

    Raises: FlotillaError where something is missing: a part of a list is worse than an old one.
    """
    try:
        if found["currency"] != "EUR":
            raise ValueError(f"prices are in {found['currency']}")
        prices = PriceList(
            source=source,
            priced_on=today,
            confirmed=(EVERYTHING,),
            servers={row["name"]: _rates(row["prices"]) for row in found["server_types"]},
            load_balancers={row["name"]: _rates(row["prices"]) for row in found["load_balancer_types"]},
            primary_ipv4=_places(found["primary_ips"], "ipv4"),
            floating_ipv4=_places(found["floating_ips"], "ipv4"),
            floating_ipv6=_places(found["floating_ips"], "ipv6"),
            volume_gb=_amount(found["volume"]["price_per_gb_month"]["net"]),
            server_backup_percent=_amount(found["server_backup"]["percentage"]),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, StopIteration) as error:
        raise FlotillaError(
            f"{source}: the answer is not a price list ({type(error).__name__}: {error}). The price list was not changed. "
            "Report it with the answer."
        ) from error
    return prices


def _amount(text: str) -> Decimal:
    found = Decimal(text)
    if not found.is_finite() or found < 0:
        raise ValueError(f"{text} is no price")
    return found


def _rates(rows: Iterable[Mapping[str, Any]]) -> dict[str, Rate]:
    return {
        row["location"]: Rate(
            eur=_amount(row["price_monthly"]["net"]),
            traffic_tb=Decimal(row["included_traffic"]) / TERABYTE,
            eur_per_tb=_amount(row["price_per_tb_traffic"]["net"]),
        )
        for row in rows
    }


def _places(rows: Iterable[Mapping[str, Any]], kind: str) -> dict[str, Decimal]:
    found = next(row for row in rows if row["type"] == kind)
    return {row["location"]: _amount(row["price_monthly"]["net"]) for row in found["prices"]}


def changes(before: PriceList | None, after: PriceList) -> dict[str, tuple[str | None, str | None]]:
    """
    Every figure that is another one, new or gone.
    """
    old, new = flat(before) if before else {}, flat(after)
    return {key: (old.get(key), new.get(key)) for key in sorted(old | new) if old.get(key) != new.get(key)}
