"""
`. ./env.sh`: what a shell has afterwards.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SHELLS = [name for name in ("sh", "dash", "bash", "zsh") if shutil.which(name)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """
    A checkout that was set up and whose sandbox was started once, at a path with a space.
    """
    folder = tmp_path / "a checkout"
    (folder / ".flotilla" / "secrets").mkdir(parents=True)
    (folder / ".flotilla" / "toolchain").mkdir()
    (folder / "toolchain").mkdir()
    (folder / "toolchain" / "setup.py").touch()
    shutil.copy(CHECKOUT / "env.sh", folder)
    (folder / ".flotilla" / "toolchain" / "engine.json").write_text("{}")
    document = {"id": "01234567", "checkout": str(folder), "block": 42}
    (folder / ".flotilla" / "instance.json").write_text(json.dumps(document, indent=2) + "\n")
    (folder / ".flotilla" / "secrets" / "hcloud.token").write_text("hetzner-token")
    (folder / ".flotilla" / "secrets" / "cloudflare.token").write_text("cloudflare-token")
    return folder


def source(
    shell: str, checkout: Path, environment: dict[str, str] | None = None, times: int = 1
) -> tuple[dict[str, str], str, int]:
    """
    The variables, standard error and exit code of a shell that sources it and prints its environment.
    """
    script = ". ./env.sh; status=$?; " * times + "env -0; exit $status"
    answer = subprocess.run(
        [shell, "-c", script],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    variables = dict(entry.split("=", 1) for entry in answer.stdout.split("\0") if "=" in entry)
    return variables, answer.stderr, answer.returncode


@pytest.mark.parametrize("shell", SHELLS)
def test_a_started_sandbox_gives_the_whole_environment_quietly(shell: str, checkout: Path) -> None:
    """
    The engine is first on PATH, and state, plugins, tokens and endpoints are the sandbox's; twice is like once.
    """
    home = checkout / ".flotilla"
    for times in (1, 2):
        variables, said, code = source(shell, checkout, {"PULUMI_CONFIG_PASSPHRASE": "another stack's"}, times)
        assert (said, code) == ("", 0)
        assert variables["PATH"] == f"{checkout}/.venv/bin:{home}/toolchain/bin:/usr/bin:/bin"
        assert variables["PULUMI_HOME"] == f"{home}/pulumi-home"
        assert variables["PULUMI_BACKEND_URL"] == f"file://{home}/pulumi"
        assert variables["PULUMI_CONFIG_PASSPHRASE_FILE"] == f"{checkout}/sandbox/passphrase"
        assert "PULUMI_CONFIG_PASSPHRASE" not in variables
        assert variables["PULUMI_SKIP_UPDATE_CHECK"] == "true"
        assert (variables["HCLOUD_TOKEN"], variables["CLOUDFLARE_API_TOKEN"]) == ("hetzner-token", "cloudflare-token")
        assert variables["HCLOUD_ENDPOINT"] == "http://127.10.42.1:8001/v1"
        assert variables["CLOUDFLARE_BASE_URL"] == "http://127.10.42.1:8002/client/v4"
        assert not [name for name in variables if name.startswith("_flotilla")]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_backend_of_ones_own_keeps_everything_but_path(shell: str, checkout: Path) -> None:
    """
    Who works on real stacks must not get the sandbox's tokens, plugins or passphrase without noticing.
    """
    mine = {"PULUMI_BACKEND_URL": "s3://state", "HCLOUD_TOKEN": "real", "PULUMI_CONFIG_PASSPHRASE": "real"}
    variables, said, code = source(shell, checkout, mine)
    assert code == 0
    assert said.count("\n") == 1
    assert "s3://state" in said
    assert {name: variables[name] for name in mine} == mine
    assert not {"PULUMI_HOME", "HCLOUD_ENDPOINT", "CLOUDFLARE_API_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(variables)
    assert variables["PATH"].startswith(f"{checkout}/.venv/bin:")


def test_another_checkouts_environment_is_replaced(checkout: Path) -> None:
    """
    A backend that an env.sh has set is not the user's own.
    """
    variables, said, code = source("sh", checkout, {"PULUMI_BACKEND_URL": "file:///other/.flotilla/pulumi"})
    assert (said, code) == ("", 0)
    assert variables["PULUMI_BACKEND_URL"] == f"file://{checkout}/.flotilla/pulumi"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (".flotilla/toolchain/engine.json", "was never set up"),
        (".flotilla/instance.json", "was never started"),
        (".flotilla/secrets/hcloud.token", "was never started"),
        ("toolchain/setup.py", "is not a checkout of Flotilla"),
    ],
)
def test_what_is_missing_is_said_in_one_line(shell: str, checkout: Path, missing: str, said: str) -> None:
    """
    The line names the checkout; the status is 1, so that `. ./env.sh && pulumi up` stops; no token is set.
    """
    (checkout / missing).unlink()
    variables, error, code = source(shell, checkout)
    assert code == 1
    assert error.count("\n") == 1
    assert said in error
    assert str(checkout) in error
    assert "HCLOUD_TOKEN" not in variables
