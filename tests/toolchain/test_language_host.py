"""
The language host's own parts: which interpreter, which packages, which commands, and how a child ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops.errors import MissingToolError, SettingsError
from toolchain.language_host.child import Child, Command
from toolchain.language_host.interpreter import Interpreter, choose
from toolchain.language_host.packages import Plugin, installed_packages, installed_plugins

CHECKOUT = Path(__file__).resolve().parents[2]


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_virtualenv_option_is_relative_to_the_project(tmp_path: Path) -> None:
    """
    And may be absolute.
    """
    python = executable(tmp_path / "venv" / "bin" / "python")
    for option in ("venv", str(tmp_path / "venv")):
        assert choose(tmp_path, {"virtualenv": option}, {}) == Interpreter(python, tmp_path / "venv")


def test_a_virtual_environment_is_activated_for_the_program() -> None:
    """
    Tools that the program starts are its own, and PYTHONHOME does not lead elsewhere.
    """
    environment = Interpreter(Path("/v/bin/python"), Path("/v")).environment({"PATH": "/bin", "PYTHONHOME": "/x", "A": "1"})
    assert environment == {"PATH": "/v/bin:/bin", "VIRTUAL_ENV": "/v", "A": "1"}


def test_without_the_option_the_python_on_path_is_taken(tmp_path: Path) -> None:
    """
    PULUMI_PYTHON_CMD goes first, then python3, then python; none is an error that says so.
    """
    python = executable(tmp_path / "bin" / "python")
    path = {"PATH": str(tmp_path / "bin")}
    assert choose(tmp_path, {}, path).executable == python
    python3 = executable(tmp_path / "bin" / "python3")
    assert choose(tmp_path, {}, path).executable == python3
    assert choose(tmp_path, {}, {**path, "PULUMI_PYTHON_CMD": "python"}).executable == python
    with pytest.raises(MissingToolError, match="no python3"):
        choose(tmp_path, {}, {"PATH": str(tmp_path)})


@pytest.mark.parametrize("options", [{"toolchain": "poetry"}, {"toolchain": "uv"}, {"typechecker": "mypy"}])
def test_an_option_that_is_not_honoured_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    """
    The official host would run another Python, or a type checker: ours does not pretend.
    """
    with pytest.raises(SettingsError, match=f"runtime.options.{next(iter(options))}"):
        choose(tmp_path, options, dict(os.environ))


def test_only_plugins_that_are_there_are_asked_for(tmp_path: Path) -> None:
    """
    The engine downloads what is asked for and missing, before the program runs.
    """
    for package, document in {
        "pulumi_hcloud": {"resource": True, "name": "hcloud", "version": "1.2.3"},
        "pulumi_docker": {"resource": True, "version": "v5.0.0", "server": "https://example.test"},
        "pulumi_missing": {"resource": True, "name": "missing", "version": "1.0.0"},
        "pulumi_policy": {"resource": False},
    }.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "pulumi-plugin.json").write_text(json.dumps(document))
    home = tmp_path / "home"
    executable(home / "plugins" / "resource-hcloud-v1.2.3" / "pulumi-resource-hcloud")
    executable(home / "plugins" / "resource-docker-v5.0.0" / "pulumi-resource-docker")
    executable(home / "plugins" / "resource-missing-v0.9.0" / "pulumi-resource-missing")
    assert installed_plugins([tmp_path], {"PULUMI_HOME": str(home)}) == [
        Plugin("docker", "5.0.0", "https://example.test"),
        Plugin("hcloud", "1.2.3"),
    ]


def test_direct_packages_are_those_that_nothing_else_requires() -> None:
    """
    `pulumi about` without --transitive leaves out what came along.
    """
    site_packages = [Path(pytest.__file__).resolve().parents[1]]
    everything = {package.name for package in installed_packages(site_packages, is_transitive=True)}
    direct = {package.name for package in installed_packages(site_packages, is_transitive=False)}
    assert direct < everything
    assert "pulumi-hcloud" in direct
    assert "grpcio" in everything - direct


def command(code: str, tmp_path: Path) -> Command:
    script = tmp_path / "script.py"
    script.write_text(code)
    return Command(
        interpreter=sys.executable,
        kind="script",
        target=str(script),
        arguments=["an argument"],
        folder=str(tmp_path),
        environment=os.environ,
    )


def test_a_child_passes_its_output_apart_and_then_its_code(tmp_path: Path) -> None:
    """
    Output and errors stay apart, arguments arrive, the exit code comes last.
    """
    child = Child.start(
        command("import sys; print(sys.argv[1]); sys.stderr.write('e'); sys.exit(3)", tmp_path), is_captured=True
    )
    items = list(child.output())
    assert items[-1] == 3
    assert b"".join(item[1] for item in items[:-1] if item[0] == "stdout") == b"an argument\n"
    assert b"".join(item[1] for item in items[:-1] if item[0] == "stderr") == b"e"


def test_a_child_that_ignores_being_asked_is_ended_all_the_same(tmp_path: Path) -> None:
    """
    It gets two seconds; whatever it started goes with it.
    """
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen(['sleep', '300']).pid, flush=True)\n"
        "time.sleep(300)\n"
    )
    child = Child.start(command(code, tmp_path), is_captured=True)
    output = child.output()
    name, pid = next(output)
    assert name == "stdout"
    started = time.monotonic()
    child.end()
    assert list(output)[-1] == -9
    assert time.monotonic() - started < 10
    assert not is_alive(int(pid))


def test_what_a_finished_program_left_in_the_background_ends_with_it(tmp_path: Path) -> None:
    """
    Otherwise it would hold the engine's pipe, and the engine would wait for it.
    """
    code = "import subprocess; print(subprocess.Popen(['sleep', '300']).pid, flush=True)"
    items = list(Child.start(command(code, tmp_path), is_captured=True).output())
    assert items[-1] == 0
    assert not is_alive(int(items[0][1]))


def is_alive(pid: int) -> bool:
    for _ in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except (FileNotFoundError, ProcessLookupError):
            return False
        time.sleep(0.05)
    return True


LOADED_ALONE = """
import sys
from toolchain.protocol import load
pb, rpc = load("provider_pb2", "provider_pb2_grpc")
assert pb.CheckRequest(urn="u").urn == "u" and rpc.ResourceProviderServicer
assert not [name for name in sys.modules if name.startswith("pulumi") and "_pb2" not in name], "more than the stubs was loaded"
(again,) = load("provider_pb2")
assert again is pb
"""

THE_SDK_AFTERWARDS = """
import pulumi, pulumi.provider.server, pulumi.automation
from pulumi.runtime.proto import provider_pb2
assert provider_pb2 is pb and pulumi.runtime.proto.CheckRequest is pb.CheckRequest
assert pulumi.Output.from_input(1)
(kept,) = load("language_pb2")
assert sys.modules["pulumi"] is pulumi
"""


def test_the_protocol_is_loaded_without_the_sdk() -> None:
    """
    The generated modules come alone, whole enough to serve with.
    """
    subprocess.run([sys.executable, "-c", LOADED_ALONE], check=True, cwd=CHECKOUT)


def test_the_sdk_can_still_be_imported_after_its_protocol() -> None:
    """
    One process, a test run for example, may need both: they share the generated modules.
    """
    subprocess.run([sys.executable, "-c", LOADED_ALONE + THE_SDK_AFTERWARDS], check=True, cwd=CHECKOUT)


def test_the_host_ends_quietly_on_a_signal() -> None:
    """
    The engine shows what a plugin prints while it ends: nothing is printed, and the code is 0.
    """
    program = [
        sys.executable,
        "-I",
        "-S",
        str(CHECKOUT / "toolchain" / "language_host" / "__main__.py"),
        "/no/shim",
        "127.0.0.1:1",
    ]
    for number in (2, 15):
        host = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert host.stdout is not None
        assert int(host.stdout.readline()) > 0
        host.send_signal(number)
        assert host.communicate(timeout=10) == (b"", b"")
        assert host.returncode == 0
