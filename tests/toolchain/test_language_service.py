"""
The `LanguageRuntime` service over a real connection, in the cases that the engine itself cannot be brought to easily.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from toolchain.protocol import load
from toolchain.version import ENGINE_VERSION

CHECKOUT = Path(__file__).resolve().parents[2]
HOST = CHECKOUT / "toolchain" / "language_host" / "__main__.py"

language_pb2, language_pb2_grpc = load("language_pb2", "language_pb2_grpc")
empty_pb2: Any = sys.modules["google.protobuf.empty_pb2"]


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    """
    Stands where the SDK's exec shim is; each test writes what it does.
    """
    return tmp_path / "shim.py"


@pytest.fixture
def service(shim: Path, tmp_path: Path) -> Iterator[Any]:
    """
    The running host's service.
    """
    command = [sys.executable, "-I", "-S", str(HOST), str(shim), "127.0.0.1:1"]
    environment = {**os.environ, "PULUMI_HOME": str(tmp_path / "home")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as host:
        assert host.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(host.stdout.readline())}") as channel:
            yield language_pb2_grpc.LanguageRuntimeStub(channel)
        host.terminate()
        assert host.wait(10) == 0


def run_request(folder: Path, **options: str) -> Any:
    info = language_pb2.ProgramInfo(root_directory=str(folder), program_directory=str(folder), entry_point=".")
    info.options.update({"virtualenv": str(Path(sys.prefix)), **options})
    return language_pb2.RunRequest(info=info, pwd=str(folder), project="p", stack="s", config={"p:key": "value"}, dryRun=True)


def test_the_host_introduces_itself(service: Any) -> None:
    """
    It answers an attaching engine, and tells the version it goes with.
    """
    service.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert service.GetPluginInfo(empty_pb2.Empty()).version == ENGINE_VERSION


@pytest.mark.parametrize(
    ("code", "bail", "error"),
    [
        ("0", False, ""),
        ("32", True, ""),
        ("1", False, "program exited with code 1"),
        ("-15", False, "program was ended by signal 15"),
    ],
)
def test_the_exit_code_decides_what_the_engine_is_told(
    service: Any, shim: Path, tmp_path: Path, code: str, bail: bool, error: str
) -> None:
    """
    32 means that the error was shown already: the engine stops without a word of its own.
    """
    end = f"os.kill(os.getpid(), {code[1:]})" if code.startswith("-") else f"os._exit({code})"
    shim.write_text(f"import os; {end}")
    answer = service.Run(run_request(tmp_path))
    assert (answer.bail, answer.error) == (bail, error)


def test_a_running_program_can_be_cancelled(service: Any, shim: Path, tmp_path: Path) -> None:
    """
    The call that runs it returns, with an error that says how it ended.
    """
    shim.write_text(f"import pathlib, time; pathlib.Path({str(tmp_path)!r}, 'started').touch(); time.sleep(300)")
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(service.Run(run_request(tmp_path))))
    call.start()
    while not (tmp_path / "started").exists():
        time.sleep(0.02)
    service.Cancel(empty_pb2.Empty())
    call.join(10)
    assert [answer.error for answer in answers] == ["program was ended by signal 15"]


def test_older_engines_get_the_same_plugins(service: Any, tmp_path: Path) -> None:
    """
    Both ways to ask answer alike.
    """
    (plugin,) = Path(sys.prefix).glob("lib/python3*/site-packages/pulumi_hcloud/pulumi-plugin.json")
    version = json.loads(plugin.read_text())["version"]
    folder = tmp_path / "home" / "plugins" / f"resource-hcloud-v{version}"
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-hcloud").touch()
    info = run_request(tmp_path).info
    packages = service.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info)).packages
    plugins = service.GetRequiredPlugins(language_pb2.GetRequiredPluginsRequest(info=info)).plugins
    for answer in (packages, plugins):
        assert [(each.name, each.version, each.kind) for each in answer] == [("hcloud", version, "resource")]


def test_a_project_that_cannot_run_is_an_error_with_its_reason(service: Any, tmp_path: Path) -> None:
    """
    Where the answer has no field for an error, the call itself fails with the sentence.
    """
    request = run_request(tmp_path, virtualenv="nowhere")
    assert "nowhere, which is not a virtual environment" in service.Run(request).error
    with pytest.raises(grpc.RpcError) as error:
        service.About(language_pb2.AboutRequest(info=request.info))
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "nowhere, which is not a virtual environment" in error.value.details()
