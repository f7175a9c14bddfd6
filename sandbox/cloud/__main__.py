"""
`python -m sandbox.cloud --checkout PATH`: the cloud daemon of a checkout.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ops.errors import FlotillaError, SettingsError
from sandbox.cloud.server import run
from sandbox.instance import load


def main() -> int:
    """
    Serve until told to stop; the exit code says how it went.
    """
    parser = argparse.ArgumentParser(prog="python -m sandbox.cloud", description="The sandbox cloud's daemon.")
    parser.add_argument("--checkout", type=Path, required=True, help="the folder that holds .flotilla/")
    checkout = parser.parse_args().checkout
    try:
        instance = load(checkout)
        if instance is None:
            raise SettingsError(f"{checkout}: there is no sandbox here. Nothing was started. Run `flotilla sandbox start`.")
        run(instance)
    except FlotillaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # an action still at work is given up: the next start marks it as failed and puts its machine right
