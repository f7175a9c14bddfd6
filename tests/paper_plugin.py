"""
The sandbox's stand-in plugins, on paper: what is made gets made-up outputs, and nothing is asked of any cloud or server.

With them `pulumi up` gives any stack a state as if it had been brought up, which previews of changes are then compared with.
What differs, and what has to be replaced, is told by the stand-ins' own code. It is started like sandbox/plugins/shim.py.
"""

from __future__ import annotations

import os
import sys
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 -- pathlib is slow to import
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def made_up(number: int) -> dict[str, Any]:
    """
    The outputs that the program reads; addresses are this machine's own, which is all that the stand-ins accept.
    """
    return {
        "ipv4Address": f"127.66.0.{number % 250 + 1}",
        "ipv4": f"127.66.1.{number % 250 + 1}",
        "ipv6Address": f"2001:db8::{number % 9000}",
        "ipv6": f"2001:db8:1::{number % 9000}",
        "ip": f"10.20.1.{number % 250 + 2}",
        "ipAddress": f"127.66.2.{number % 250 + 1}",
        "stdout": HOST_KEY,
    }


def apply() -> None:
    """
    Have every resource made on paper only, for any stack.
    """
    from sandbox.plugins import schema as schemas
    from sandbox.plugins.servicer import Servicer

    find = Servicer.resource

    def resource(servicer: Servicer, urn: str) -> Any:
        found = find(servicer, urn)

        def create(_context: Any, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
            # The same number each time, whatever is made first.
            number = sum(urn.encode())
            names = schemas.load(servicer.name).outputs(found.token, found.computed)
            outputs = {name: value for name, value in made_up(number).items() if name in names and name not in inputs}
            return str(number), {**outputs, **inputs}

        found.create = create  # type: ignore[method-assign]
        return found

    Servicer.resource = resource  # type: ignore[method-assign]
    Servicer.changing = lambda servicer, request, what: None  # type: ignore[method-assign, assignment, return-value]


def main() -> None:
    """
    As the shim does it, but for what is served.
    """
    sys.path.insert(0, ROOT)
    from sandbox.plugins import shim

    serve = shim.serve

    def on_paper(*arguments: Any) -> None:
        sys.path[0:0] = [ROOT, arguments[-1]]
        apply()
        serve(*arguments)

    shim.serve = on_paper
    shim.main(sys.argv[1:])


if __name__ == "__main__":
    main()
