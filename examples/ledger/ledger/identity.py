"""
Which release this is, and where it runs.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """
    The release that the image was built as, and the process that answers.
    """

    release: str
    process: str

    def facts(self) -> dict[str, str]:
        """
        What `/version` says.
        """
        return {"release": self.release, "process": self.process, "hostname": socket.gethostname()}
