"""
The program: settings -> components -> outputs. Pulumi runs it once per stack (`pulumi preview -s local`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from components import cloudflare_sdk, lean_sdk
from ops.errors import FlotillaError
from settings.stacks import named_zones

ROOT = Path(__file__).resolve().parent
# What the engine takes for "the program has already said what is wrong" (pulumi-language-python, 3.259.0).
ALREADY_EXPLAINED = 32


def configuration() -> dict[str, Any]:
    """
    The selected stack's `flotilla:` values. Those of secrets are plain here: only components that wrap them get them.
    """
    config = pulumi.Config("flotilla")
    values = {key: config.get_object(key) for key in ("environment", "secrets")}
    return {key: value for key, value in values.items() if value is not None}


def main() -> None:
    lean_sdk.apply()
    config = configuration()
    lookups = cloudflare_sdk.ZoneLookups(named_zones(config.get("environment")))
    # A third of a second of SDKs and models: the zones are looked up meanwhile.
    from components import fleet, outputs, workloads
    from settings import load

    settings = load(pulumi.get_stack(), ROOT, config)
    secrets: Mapping[str, Any] = config.get("secrets", {})
    # Before anything is declared: the SDK registers what a program declared also where the program then fails.
    zone_ids = lookups.ids()
    foundation = fleet.build(settings, secrets)
    workloads.build(settings, foundation, zone_ids, secrets.get("projects", {}))
    for key, value in outputs.document(settings, foundation).items():
        pulumi.export(key, value)


try:
    main()
except FlotillaError as error:
    pulumi.log.error(str(error))
    sys.exit(ALREADY_EXPLAINED)
