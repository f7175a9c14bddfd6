"""
What the engine and the cloud say: what a refresh would find, what the state knows, what there is, and what roles would change.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ops import stack
from ops.audit.drift import KINDS
from ops.errors import FlotillaError

HETZNER = "https://api.hetzner.cloud/v1"
LIST_TIMEOUT_S = (3.05, 15.0)
# Hetzner's word in Pulumi's type tokens: {token: section}.
TOKENS = {
    "hcloud:index/server:Server": "servers",
    "hcloud:index/volume:Volume": "volumes",
    "hcloud:index/network:Network": "networks",
    "hcloud:index/firewall:Firewall": "firewalls",
    "hcloud:index/loadBalancer:LoadBalancer": "load_balancers",
    "hcloud:index/floatingIp:FloatingIp": "floating_ips",
    "hcloud:index/sshKey:SshKey": "ssh_keys",
    "hcloud:index/primaryIp:PrimaryIp": "primary_ips",
}

Section = Mapping[str, Any]


def sections(checkout: Path, name: str, known: Mapping[str, str], timeout_s: float) -> dict[str, Section]:
    """
    Everything that the check `drift` asks for; the slow looks run side by side, none of them longer than `timeout_s`.
    """
    looks: dict[str, Callable[[], Any]] = {
        "refresh": lambda: refresh(checkout, name, known, timeout_s),
        "state": lambda: state(checkout, name, known),
        "roles": lambda: roles(checkout, name, timeout_s),
    }
    with ThreadPoolExecutor(len(looks)) as pool:
        found = pool.map(_tried, looks.values())
        listed = lists(known)
        return {**dict(zip(looks, found, strict=True)), **listed}


def _tried(look: Callable[[], Any]) -> Section:
    try:
        return {"data": look()}
    except (FlotillaError, OSError, ValueError, KeyError) as error:
        return {"error": " ".join(str(error).split()) or type(error).__name__}


def refresh(checkout: Path, name: str, known: Mapping[str, str], timeout_s: float) -> list[dict[str, Any]]:
    """
    What `pulumi refresh` would put into the state, without doing it.

    Raises: FlotillaError in the engine's words, where a provider cannot say how its resources are.
    """
    with tempfile.TemporaryDirectory(prefix="flotilla-audit-") as folder:
        log = Path(folder, "events.jsonl")
        options = ["--stack", name, "--preview-only", "--non-interactive", "--suppress-outputs", "--event-log", str(log)]
        environment = {**known, "PULUMI_DEBUG_COMMANDS": "true"}  # what makes `--event-log` known
        ended = stack.engine(["refresh", *options], checkout, environment, timeout_s=timeout_s)
        if ended.returncode != 0:
            raise FlotillaError(f"pulumi refresh --preview-only ended with {ended.returncode}: {ended.stderr[-500:]}")
        return differences(log.read_text().splitlines())


def differences(lines: Iterable[str]) -> list[dict[str, Any]]:
    """
    The resources that an engine's event log of a refresh finds otherwise than the state has them.
    """
    found = []
    for line in lines:
        event = json.loads(line).get("resOutputsEvent")
        if event and event["metadata"]["op"] not in ("same", "read", "refresh"):
            found.append(_difference(event["metadata"]))
    return found


def _difference(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "operation": metadata["op"],
        "type": metadata["type"],
        "name": metadata["urn"].rpartition("::")[2],
        "id": (metadata.get("old") or {}).get("id", ""),
        "properties": sorted(metadata.get("detailedDiff") or metadata.get("diffs") or []),
    }


def state(checkout: Path, name: str, known: Mapping[str, str]) -> list[tuple[str, int]]:
    """
    Which of the cloud's things the state knows: (section, id).

    Raises: FlotillaError
    """
    ended = stack.engine(["stack", "export", "--stack", name, "--non-interactive"], checkout, known)
    if ended.returncode != 0:
        raise FlotillaError(f"pulumi stack export ended with {ended.returncode}: {ended.stderr[-500:]}")
    resources = (json.loads(ended.stdout)["deployment"] or {}).get("resources") or []
    return sorted((TOKENS[row["type"]], int(row["id"])) for row in resources if row["type"] in TOKENS and row.get("id"))


def roles(checkout: Path, name: str, timeout_s: float) -> list[dict[str, Any]]:
    """
    What converging would change on each server, without doing it; facts only, since a file's difference may hold a secret.

    Raises: FlotillaError
    """
    from ops import hosts

    return [
        {
            "server": outcome.server,
            "changes": [{"role": change.role, "name": change.name, "facts": list(change.facts)} for change in outcome.changes],
            "unknown": [{"role": role, "name": item, "reason": reason} for role, item, reason in outcome.unknown],
            "error": outcome.error,
        }
        for outcome in hosts.converge(hosts.targets(checkout, name), is_dry=True, timeout_s=timeout_s)
    ]


def lists(known: Mapping[str, str]) -> dict[str, Section]:
    """
    What the cloud project has, by kind.
    """
    token = known.get("HCLOUD_TOKEN")
    if not token:
        return {kind: {"error": "HCLOUD_TOKEN is not set"} for kind in KINDS}
    import hcloud

    endpoint = known.get("HCLOUD_ENDPOINT") or HETZNER
    client = hcloud.Client(token=token, application_name="flotilla-audit", timeout=LIST_TIMEOUT_S, api_endpoint=endpoint)
    return {kind: _listed(client, kind) for kind in KINDS}


def _listed(client: Any, kind: str) -> Section:
    import hcloud
    import requests

    try:
        rows = getattr(client, kind).get_all()
    except hcloud.APIException as error:
        return {"error": f"Hetzner answers {error.code}: {error.message}"}
    except requests.RequestException as error:
        return {"error": f"Hetzner's API does not answer ({type(error).__name__})"}
    return {"data": [_row(row) for row in rows]}


def _row(row: Any) -> dict[str, Any]:
    """
    `server_id`: which server it came with, for what goes with its server. `figures`: what its price depends on.
    """
    kind = getattr(row, "type", None)
    sized = {"size_gb": row.size} if isinstance(getattr(row, "size", None), int) else {}
    figures = {"ip_version": int(kind.removeprefix("ipv"))} if kind in ("ipv4", "ipv6") else sized
    server_id = row.assignee_id if getattr(row, "auto_delete", False) and row.assignee_type == "server" else None
    return {"id": row.id, "name": row.name or "", "labels": dict(row.labels or {}), "server_id": server_id, "figures": figures}
