"""
The committed schemas are those of the installed SDKs.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.plugins.registry import PROVIDERS
from sandbox.plugins.schema import FOLDER

CHECKOUT = Path(__file__).resolve().parents[2]
DESCRIBE = """
import sys
from sandbox.plugins.schemas.introspection import describe, render
from sandbox.plugins.registry import provider_class
sys.stdout.write(render(describe(provider_class(sys.argv[1]))))
"""


@pytest.mark.parametrize("name", PROVIDERS)
def test_schemas_are_fresh(name):
    """Generating a schema again gives the committed file, byte for byte (python -m sandbox.plugins.schemas)."""
    answer = subprocess.run(
        [sys.executable, "-c", DESCRIBE, name], cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == (FOLDER / f"{name}.json").read_text()
