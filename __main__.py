"""
The program: settings -> components -> outputs. Pulumi runs it once per stack (`pulumi preview -s local`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pulumi

from components import cloudflare_sdk, fleet, outputs
from ops.errors import FlotillaError
from settings import Settings, load

ROOT = Path(__file__).resolve().parent
# What the engine takes for "the program has already said what is wrong" (pulumi-language-python, 3.259.0).
ALREADY_EXPLAINED = 32


def configured() -> Settings:
    """
    The selected stack's settings, all mistakes in one error.
    """
    environment = pulumi.Config("flotilla").get_object("environment")
    return load(pulumi.get_stack(), ROOT, {} if environment is None else {"environment": environment})


def main() -> None:
    settings = configured()
    zone_id = cloudflare_sdk.zone_id(settings.environment.zone)
    machines = fleet.build_machines(settings)
    ingress = fleet.build_platform(settings, machines)
    sites = fleet.build_projects(settings, machines, ingress, zone_id) if ingress else {}
    for key, value in outputs.document(settings, machines.servers, sites, ingress).items():
        pulumi.export(key, value)


try:
    main()
except FlotillaError as error:
    pulumi.log.error(str(error))
    sys.exit(ALREADY_EXPLAINED)
