"""
What has to hold before anything is installed, and what is pinned where.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from toolchain.version import ENGINE_VERSION

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_setup_needs_only_the_standard_library() -> None:
    """
    On a fresh machine there is nothing else: its modules are imported without any installed package.
    """
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import ops.progress, toolchain.layout, toolchain.virtualenv"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_an_old_python_is_refused_before_anything_else() -> None:
    """
    One clear line and exit code 7, not a syntax error of some module.
    """
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = ['setup.py'];"
        f"runpy.run_path({str(CHECKOUT / 'toolchain' / 'setup.py')!r}, run_name='__main__')"
    )
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '');{code}"], capture_output=True, text=True
    )
    assert answer.returncode == 7
    assert "it is Python 3.9.2, and Flotilla needs 3.11 or newer. Nothing was set up." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_all_pins_name_one_version() -> None:
    """
    The SDK, the Go module and the release archive move together.
    """
    lock = (CHECKOUT / "requirements.lock").read_text()
    assert re.search(rf"^pulumi=={re.escape(ENGINE_VERSION)} ", lock, re.MULTILINE)
    module = (CHECKOUT / "toolchain" / "go.mod").read_text()
    for part in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{part}/v3 v{ENGINE_VERSION} " in module
