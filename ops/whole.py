"""
Files that are whole or as they were, whatever happens while they are written.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ops.errors import FlotillaError

OWNER_ONLY = 0o600
NAME_LIMIT = 40


@contextmanager
def file(path: Path, *, mode: int = OWNER_ONLY) -> Iterator[BinaryIO]:
    """
    A draft beside the file, which takes its place at the end of the block and is gone where that fails.

    Raises: OSError
    """
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:NAME_LIMIT]}.")
    try:
        with os.fdopen(handle, "wb") as open_file:
            yield open_file
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def text(path: Path, content: str) -> None:
    """
    A text file that everybody may read.

    Raises: FlotillaError where it cannot be written.
    """
    try:
        with file(path, mode=0o644) as open_file:
            open_file.write(content.encode())
    except OSError as error:
        raise FlotillaError(f"{path}: not writable: {error.strerror}. Nothing was changed. Take another path.") from error
