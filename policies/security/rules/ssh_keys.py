"""
Administrators' SSH keys.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from policies.framework import UNKNOWN, Finding, Fixtures, Level, Option, Options, Resource, Rule, Stack, StackRule, lacks, text
from policies.framework.kinds import SERVER, SSH_KEY

from .references import anssi_hygiene, cwe

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID2yuOuBiZDw2qd3CU2+Wcb+D11DpX5a2q7T1D4iZzc2 alice"
PERSONS = anssi_hygiene(8, "identify each person by name and tell user from administrator")


def rsa(bits: int) -> str:
    """
    An RSA key of that size; nobody has its private half.
    """
    modulus = b"\0" + b"\xc5" * (bits // 8)
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-rsa", b"\x01\x00\x01", modulus))
    return f"ssh-rsa {base64.b64encode(parts).decode()} bob"


def key(public_key: Any, name: str = "alice") -> Resource:
    """
    An example of a key at Hetzner.
    """
    return Resource(type=SSH_KEY, name=name, props={"name": name, "publicKey": public_key})


def rsa_bits(public_key: str) -> int | None:
    """
    The size of an RSA key's modulus; None for another key or one that cannot be read. The format is RFC 4253's, section 6.6.
    """
    words = public_key.split()
    if len(words) < 2 or words[0] != "ssh-rsa":
        return None
    try:
        blob, parts = base64.b64decode(words[1], validate=True), []
    except (binascii.Error, ValueError):
        return None
    while len(blob) >= 4:
        length = int.from_bytes(blob[:4], "big")
        parts.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return int.from_bytes(parts[2], "big").bit_length() if len(parts) == 3 else None


def _weak(resource: Resource, options: Options) -> Iterator[str]:
    public_key = text(resource.props, "publicKey").strip()
    kind = public_key.partition(" ")[0]
    bits = rsa_bits(public_key)
    if public_key and kind not in options["kinds"]:
        yield f"it is a key of the kind {kind[:40]}"
    elif bits is not None and bits < options["rsa_bits"]:
        yield f"it is an RSA key of {bits} bits"


WEAK = Rule(
    id="ssh-key-weak",
    description="Administrators' keys are of a kind and size that holds for years.",
    level=Level.MANDATORY,
    types=(SSH_KEY,),
    remediation="Make a new one with `ssh-keygen -t ed25519` and put it into `access.public_keys` in Pulumi.<stack>.yaml.",
    references=(cwe(326, "inadequate encryption strength"),),
    options={
        "kinds": Option(
            (
                "ssh-ed25519",
                "sk-ssh-ed25519@openssh.com",
                "sk-ecdsa-sha2-nistp256@openssh.com",
                "ecdsa-sha2-nistp256",
                "ecdsa-sha2-nistp384",
                "ecdsa-sha2-nistp521",
                "ssh-rsa",
            ),
            "Kinds of keys that are accepted.",
        ),
        "rsa_bits": Option(3072, "The smallest RSA key, in bits."),
    },
    check=_weak,
    fixtures=Fixtures(
        passes=[key(ED25519), key(rsa(4096)), key(rsa(3072))],
        fails=[key(rsa(2048)), key("ssh-dss AAAAB3NzaC1kc3MAAACBAP old")],
        unknown=[key(UNKNOWN)],
        absent=[Resource(type=SSH_KEY, props={})],
        absent_fails=False,
    ),
)


def _shared(stack: Stack, options: Options) -> Iterator[Finding]:
    owners: dict[str, Resource] = {}
    for found in stack.of(SSH_KEY):
        material = " ".join(text(found.props, "publicKey").split()[:2])
        first = owners.setdefault(material, found) if material else found
        if first is not found:
            yield Finding(resource=found, message=f"it is the same key as {first.name}")


SHARED = StackRule(
    id="ssh-key-shared",
    description="Every administrator has a key of their own.",
    level=Level.MANDATORY,
    types=(SSH_KEY,),
    remediation="Give each name in `access.public_keys` in Pulumi.<stack>.yaml its own key.",
    references=(PERSONS,),
    check=_shared,
    fixtures=Fixtures(
        passes=[[key(ED25519), key(rsa(4096), "bob")]],
        fails=[[key(ED25519), key(f"{ED25519}@laptop", "bob")]],
        unknown=[[key(UNKNOWN), key(UNKNOWN, "bob")]],
        absent=[[Resource(type=SSH_KEY, name="a"), Resource(type=SSH_KEY, name="b")]],
        absent_fails=False,
    ),
)


def _many(stack: Stack, options: Options) -> Iterator[Finding]:
    count = len(stack.of(SSH_KEY))
    if count > options["most"]:
        yield Finding(message=f"{count} keys open every server")


MANY = StackRule(
    id="ssh-keys-too-many",
    description="Few people administer servers.",
    level=Level.ADVISORY,
    types=(SSH_KEY,),
    remediation="Take the keys of people who left out of `access.public_keys` in Pulumi.<stack>.yaml.",
    references=(PERSONS,),
    options={"most": Option(8, "How many keys there may be.")},
    check=_many,
    fixtures=Fixtures(
        passes=[[key(ED25519, f"admin-{number}") for number in range(8)]],
        fails=[[key(ED25519, f"admin-{number}") for number in range(9)]],
        unknown=[[key(UNKNOWN)]],
        absent=[[]],
        absent_fails=False,
    ),
)


def _keyless(resource: Resource, options: Options) -> Iterator[str]:
    if lacks(resource.props, "sshKeys"):
        yield "it is made without a key, so Hetzner sets a password for root and sends it by mail"


KEYLESS = Rule(
    id="server-without-ssh-key",
    description="Servers are made with SSH keys, so that no password ever exists.",
    level=Level.MANDATORY,
    types=(SERVER,),
    remediation="Give the server the `ssh_keys` of the environment's administrators.",
    references=(cwe(522, "insufficiently protected credentials"),),
    check=_keyless,
    fixtures=Fixtures(
        passes=[Resource(type=SERVER, props={"sshKeys": ["12"]}), Resource(type=SERVER, props={"sshKeys": [UNKNOWN]})],
        fails=[Resource(type=SERVER, props={"sshKeys": []})],
        unknown=[Resource(type=SERVER, props={"sshKeys": UNKNOWN})],
        absent=[Resource(type=SERVER, props={"name": "app-1"})],
        absent_fails=True,
    ),
)

RULES = (WEAK, SHARED, MANY, KEYLESS)
