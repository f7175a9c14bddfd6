"""
Run by the launcher as `python -I -S __main__.py`: without `site`, so what the host needs is put on the path here.
"""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VIRTUALENV = Path(sys.executable).parent.parent
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"

sys.path[:0] = [str(CHECKOUT), str(VIRTUALENV / "lib" / VERSION / "site-packages")]

from toolchain.language_host.server import main  # noqa: E402  the path has to be right first

sys.exit(main(sys.argv[1:]))
