"""
What can go wrong with machines.
"""

from __future__ import annotations

from collections.abc import Sequence

from ops.errors import FlotillaError


class CommandFailedError(FlotillaError):
    """
    A command in a container ended with an error; `output` is what it printed.
    """

    def __init__(self, container: str, argv: Sequence[str], code: int, output: str) -> None:
        self.code = code
        self.output = output.strip()
        super().__init__(
            f"{container}: `{' '.join(argv[:3])}` ended with code {code}: {self.output[-500:] or 'it printed nothing'}. "
            f"The machine is not as asked for. See `docker logs {container}` and `flotilla sandbox logs`."
        )


class BalancerError(FlotillaError):
    """
    A load balancer's container does not do what it should; `reason` is what HAProxy said.
    """

    def __init__(self, container: str, reason: str) -> None:
        super().__init__(
            f"{container}: {reason.strip()[-500:] or 'HAProxy gave no reason'}. The load balancer goes on as it was before. "
            f"See `docker logs {container}` and `flotilla sandbox logs`."
        )
