"""
The packet filter's table as the kernel has it: compared with what the rules come to, and replaced in one step.
"""

import ipaddress
import os
import subprocess
from typing import Any

# Where a machine of the sandbox sees the computer that it runs on: the first address of a bridge, as in the rules
# (hosts/roles/common/firewall.py).
SANDBOX, BRIDGE_SIZE = ipaddress.ip_network("100.64.0.0/10"), 1024


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    wanted = _in_an_empty_network(data["text"], data["table"])
    if _listed(data["table"]) == wanted:
        return []
    _refuse_to_lock_out(data)
    if not dry:
        _nft(data["text"], "-f", "-")
    return ["load the packet filter's rules"]


def _refuse_to_lock_out(data: dict[str, Any]) -> None:
    """
    The connection that this runs over must be one that the new rules let in, or nobody could mend them.
    """
    words = os.environ.get("SSH_CONNECTION", "").split()
    if not words:
        return
    client = ipaddress.ip_address(words[0].partition("%")[0])
    client = getattr(client, "ipv4_mapped", None) or client
    admitted = [ipaddress.ip_network(network) for network in data["admitted"]]
    if data["is_sandbox"] and client in SANDBOX and int(client) % BRIDGE_SIZE == 1:
        return
    if not any(client.version == network.version and client in network for network in admitted):
        raise ValueError(
            f"access.sources: {client}, where this connection comes from, is in none of them. "
            "It would be locked out. The packet filter was not changed. Add its range."
        )


def _in_an_empty_network(text: str, table: str) -> str:
    """
    The rules as the kernel lists them, from a network of their own: no packet ever meets them there.
    """
    script = f"nft -f - && nft --stateless list table inet {table}"
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError(f"nft refuses the rules: {done.stderr.strip()}")
    return done.stdout


def _listed(table: str) -> str:
    argv = ["nft", "--stateless", "list", "table", "inet", table]
    return subprocess.run(argv, capture_output=True, text=True).stdout


def _nft(text: str, *arguments: str) -> None:
    done = subprocess.run(["nft", *arguments], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"nft: {done.stderr.strip()}")
