"""
The processes: four plugins of one engine share a server, and nothing stays behind.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sandbox.plugins.install import install
from sandbox.plugins.registry import PROVIDERS
from sandbox.plugins.wire import empty_pb2, grpc, provider_pb2_grpc

PATIENCE_S = 10.0
ENGINE = """
import subprocess, sys
plugins = [subprocess.Popen([path], stdout=subprocess.PIPE, start_new_session=True) for path in sys.argv[1:]]
print(*[plugin.stdout.readline().decode().strip() for plugin in plugins], *[plugin.pid for plugin in plugins], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def runtime(monkeypatch):
    """The folder for sockets; short, since a socket's path has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="flotilla-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def plugins(tmp_path, runtime):
    """The paths of the four installed plugins, with sockets in a folder of the test."""
    install(tmp_path / "home", Path(sys.executable))
    return [next((tmp_path / "home/plugins").glob(f"resource-{name}-v*/pulumi-resource-{name}")) for name in PROVIDERS]


@pytest.fixture
def engine(plugins):
    """A process in the engine's place, that started all four; with their ports and pids."""
    process = subprocess.Popen([sys.executable, "-c", ENGINE, *plugins], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    words = process.stdout.readline().decode().split()
    yield process, [int(word) for word in words[:4]], [int(word) for word in words[4:]]
    process.kill()
    process.wait()


def is_alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def server_pid(pids):
    """The server is the child of one of the shims."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split("\n")
    pairs = [tuple(map(int, line.split())) for line in listed if line.strip()]
    (found,) = [pid for pid, parent in pairs if parent in pids]
    return found


def eventually(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def left_in(runtime):
    return list((runtime / f"flotilla-plugins-{os.getuid()}").iterdir())


def test_four_plugins_share_one_server(engine):
    """Each has a port of its own and its own version; there is one server process for all."""
    _, ports, pids = engine
    assert len(set(ports)) == 4
    versions = set()
    for port in ports:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            versions.add(provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty(), timeout=5).version)
    assert len(versions) == 4
    assert is_alive(server_pid(pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_plugins_end(engine, number, runtime):
    """Whatever signal ends the shims, the server follows and takes its socket, lock and log with it."""
    _, _, pids = engine
    server = server_pid(pids)
    for pid in pids:
        os.kill(pid, number)
    assert eventually(lambda: not is_alive(server))
    assert left_in(runtime) == []


def test_nothing_is_left_when_the_engine_is_killed(engine, runtime):
    """After kill -9 of the engine neither shims nor server run on."""
    process, _, pids = engine
    server = server_pid(pids)
    process.kill()
    process.wait()
    assert eventually(lambda: not any(is_alive(pid) for pid in [server, *pids]))
    assert left_in(runtime) == []


def test_plugins_end_when_the_server_dies(engine):
    """A shim does not outlive the server, so that the engine sees its plugin end."""
    _, _, pids = engine
    os.kill(server_pid(pids), signal.SIGKILL)
    assert eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_a_plugin_that_ends_leaves_the_others(engine):
    """One plugin closed by the engine does not take the server away from the rest."""
    _, ports, pids = engine
    server = server_pid(pids)
    first = next(pid for pid in pids if pid != server)
    os.kill(first, signal.SIGTERM)
    with grpc.insecure_channel(f"127.0.0.1:{ports[-1]}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=5).version
    assert is_alive(server)


def test_plugins_start_again_after_a_crash(plugins, tmp_path):
    """A socket that a killed server left behind is no obstacle."""
    for _ in range(2):
        shim = subprocess.Popen([plugins[0]], stdout=subprocess.PIPE, text=True)
        assert shim.stdout.readline().strip().isdigit()
        os.kill(server_pid([shim.pid]), signal.SIGKILL)
        shim.wait(PATIENCE_S)


def test_a_folder_open_to_others_is_refused(plugins, runtime):
    """The sockets' folder must be this user's alone."""
    folder = runtime / f"flotilla-plugins-{os.getuid()}"
    folder.mkdir(mode=0o755)
    shim = subprocess.run([plugins[0]], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert shim.returncode == 1
    assert f"{folder}: belongs to somebody else or is open to others" in shim.stderr
    assert "Traceback" not in shim.stderr


def test_installing_twice_changes_nothing(plugins, tmp_path):
    """The second run leaves every file as it is."""
    before = {path: path.stat().st_mtime_ns for path in plugins}
    install(tmp_path / "home", Path(sys.executable))
    assert {path: path.stat().st_mtime_ns for path in plugins} == before


def test_a_long_runtime_folder_does_not_matter(plugins, monkeypatch):
    """Where a socket's path would be too long for the system, the plugin starts all the same."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/" + "long" * 40)
    with subprocess.Popen([plugins[0]], stdout=subprocess.PIPE) as plugin:
        port = plugin.stdout.readline().decode().strip()
        plugin.terminate()

    assert port.isdigit()
