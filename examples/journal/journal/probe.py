"""
Ask the process in this container whether it is healthy: `python3 -m journal.probe` exits 0 or 1. For the image's HEALTHCHECK.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_S = 2.0


def main() -> int:
    """
    0 if `/up` answers 200 in time, else 1 with the reason.
    """
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8080")), timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/up")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"no answer: {error}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(f"{status}\n")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
