"""
The language host under the real engine: programs, policy packs, output as it comes, and nothing left running.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pulumi import automation

CHECKOUT = Path(__file__).resolve().parents[2]
ENGINE = CHECKOUT / ".flotilla" / "toolchain"
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Project:
    """
    A Pulumi project in a folder of its own, with a file backend and one stack named local.
    """

    folder: Path
    environment: dict[str, str]

    def write(self, program: str, options: str = "") -> None:
        (self.folder / "Pulumi.yaml").write_text(
            "name: probe\nruntime:\n  name: python\n  options:\n" + (options or f"    virtualenv: {CHECKOUT}/.venv\n")
        )
        (self.folder / "__main__.py").write_text(program)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    assert (ENGINE / "engine.json").is_file(), "no engine is set up: run `python3 toolchain/setup.py`"
    for name in ("project", "state", "home"):
        (tmp_path / name).mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        "PATH": f"{ENGINE / 'bin'}:{os.environ['PATH']}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase for this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    made = Project(tmp_path / "project", environment)
    made.write("")
    answer = made.pulumi("stack", "init", "local")
    assert answer.returncode == 0, answer.stderr
    return made


def wait_for(condition: Callable[[], bool]) -> bool:
    """
    Whether it came true in time.
    """
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


LONG_PROGRAM = """
import os, subprocess, time
from pathlib import Path
started = subprocess.Popen(["sleep", "300"])
Path("pids.new").write_text(f"{os.getpid()} {os.getppid()} {started.pid}")
os.rename("pids.new", "pids")
time.sleep(300)
"""


@pytest.fixture
def long_update(project: Project) -> tuple[subprocess.Popen[bytes], list[int]]:
    """
    An update whose program neither ends nor listens, and the pids of the program, the language host and the program's child.
    """
    project.write(LONG_PROGRAM)
    engine = project.start("up", "--yes", "--skip-preview")
    pids = project.folder / "pids"
    assert wait_for(pids.is_file), engine.communicate()
    return engine, [int(word) for word in pids.read_text().split()]


def test_an_empty_program_previews_without_a_warning(project: Project) -> None:
    """
    The smallest program works, and the engine has nothing to say about how its parts were found.
    """
    answer = project.pulumi("preview")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 to create" in answer.stdout
    assert "warning" not in (answer.stdout + answer.stderr).lower()


def test_a_raising_program_fails_with_its_own_traceback_once(project: Project) -> None:
    """
    The user sees the line that raised, once, and nothing about the host's own end.
    """
    project.write("def broken():\n    raise ValueError('this is what went wrong')\n\nbroken()\n")
    answer = project.pulumi("preview")
    said = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert said.count("ValueError: this is what went wrong") == 1
    assert "in broken" in said
    assert "exited with code" not in said
    assert "lifeline.py" not in said


def test_a_program_that_exits_by_itself_is_an_error_with_its_code(project: Project) -> None:
    """
    A program may not end with another code than 0 and be taken for done.
    """
    project.write("import os\nos._exit(7)\n")
    answer = project.pulumi("preview")
    assert answer.returncode != 0
    assert "program exited with code 7" in answer.stdout + answer.stderr


def test_output_arrives_while_the_program_still_runs(project: Project) -> None:
    """
    What a program prints is not held back until it ends, although its output is a pipe.
    """
    project.write("import time\nprint('first line')\ntime.sleep(3)\nprint('second line')\n")
    engine = project.start("preview", "--diff")
    assert engine.stdout is not None
    seen = {}
    for line in engine.stdout:
        for word in (b"first line", b"second line"):
            if word in line:
                seen.setdefault(word, time.monotonic())
    assert engine.wait(PATIENCE_S) == 0
    assert seen[b"second line"] - seen[b"first line"] > 2


def test_a_secret_reaches_the_program_but_not_its_arguments(project: Project) -> None:
    """
    Configuration travels in the environment: arguments can be read by every user of the machine.
    """
    project.write(
        "import pulumi\nfrom pathlib import Path\n"
        "value = pulumi.Config().require('key')\n"
        "assert value == 'a very secret value'\n"
        "assert pulumi.Config().get_secret('key') is not None\n"
        "assert value.encode() not in Path('/proc/self/cmdline').read_bytes()\n"
    )
    assert project.pulumi("config", "set", "--secret", "key", "a very secret value").returncode == 0
    answer = project.pulumi("preview")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_missing_virtual_environment_is_named(project: Project) -> None:
    """
    Instead of running with whatever Python there is, the host says which folder is not there and what makes it.
    """
    project.write("", "    virtualenv: nowhere\n")
    answer = project.pulumi("preview")
    said = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert f"names {project.folder / 'nowhere'}, which is not a virtual environment" in said
    assert "pulumi install" in said


def test_install_makes_the_virtual_environment_that_the_program_then_runs_in(project: Project) -> None:
    """
    `pulumi install` honours the option, relative to Pulumi.yaml, with a lock that names no package at all.
    """
    project.write("", "    virtualenv: own-venv\n")
    (project.folder / "requirements.txt").write_text("# nothing\n")
    answer = project.pulumi("install", "--no-plugins")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (project.folder / "own-venv" / "bin" / "python").is_file()


PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy
from rules import PYTHON

def where(args, report):
    report(f"this pack runs in {PYTHON}")

rule = StackValidationPolicy(name="where", description="where", validate=where, enforcement_level=EnforcementLevel.MANDATORY)
PolicyPack("probe", [rule])
"""


def make_pack(folder: Path, options: str) -> None:
    """
    A pack whose mandatory policy fails on every stack and says which Python runs it.
    """
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(f"runtime:\n  name: python\n  options:\n{options}")
    (folder / "rules.py").write_text("import sys\nPYTHON = sys.prefix\n")
    (folder / "__main__.py").write_text(PACK)


def test_a_policy_pack_runs_in_its_own_virtual_environment(project: Project) -> None:
    """
    The pack's option is relative to the pack, and is not the program's.
    """
    pack = project.folder / "pack"
    make_pack(pack, "    virtualenv: own-venv\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", pack / "own-venv"], check=True)
    (site_packages,) = pack.glob("own-venv/lib/python3*/site-packages")
    (theirs,) = (CHECKOUT / ".venv").glob("lib/python3*/site-packages")
    (site_packages / "packages.pth").write_text(f"{theirs}\n")
    answer = project.pulumi("preview", "--policy-pack", str(pack))
    assert answer.returncode != 0
    assert f"this pack runs in {pack / 'own-venv'}" in answer.stdout + answer.stderr


def test_a_pack_with_a_missing_virtual_environment_is_named(project: Project) -> None:
    """
    The engine shows the host's sentence, not a lost connection.
    """
    make_pack(project.folder / "pack", "    virtualenv: nowhere\n")
    answer = project.pulumi("preview", "--policy-pack", "pack")
    assert answer.returncode != 0
    assert "nowhere, which is not a virtual environment" in answer.stdout + answer.stderr


def test_about_names_the_interpreter_and_the_packages(project: Project) -> None:
    """
    `pulumi about` works and tells the truth about the program's Python.
    """
    answer = project.pulumi("about", "--json", "--transitive")
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document["runtime"]["executable"] == str(CHECKOUT / ".venv" / "bin" / "python")
    assert document["runtime"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert {"pulumi", "pulumi-hcloud"} <= {package["name"] for package in document["dependencies"]}


def test_an_interrupt_in_the_middle_of_an_update_leaves_no_process(
    long_update: tuple[subprocess.Popen[bytes], list[int]],
) -> None:
    """
    Ctrl-C ends the program, what the program started, and the language host, without a traceback.
    """
    engine, pids = long_update
    engine.send_signal(signal.SIGINT)
    said, _ = engine.communicate(timeout=PATIENCE_S)
    assert engine.returncode != 0
    assert wait_for(lambda: not any(map(is_running, pids)))
    assert b"Traceback" not in said
    assert b"KeyboardInterrupt" not in said


@pytest.mark.parametrize("victim", ["engine", "language host"])
def test_a_killed_parent_leaves_no_process(long_update: tuple[subprocess.Popen[bytes], list[int]], victim: str) -> None:
    """
    Not even `kill -9` of the engine or of the language host leaves a program running on.
    """
    engine, pids = long_update
    os.kill(engine.pid if victim == "engine" else pids[1], signal.SIGKILL)
    assert wait_for(lambda: not any(map(is_running, pids)))
    engine.kill()
    engine.communicate(timeout=PATIENCE_S)


def test_the_automation_api_sees_each_event(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What `flotilla plan` stands on: a preview driven from Python, its events in order.
    """
    project.write("import pulumi\npulumi.export('answer', 42)\n")
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    stack = automation.select_stack("local", work_dir=str(project.folder))
    events = []
    result = stack.preview(on_event=events.append)
    assert result.change_summary == {automation.OpType.CREATE: 1}
    assert [event.resource_pre_event.metadata.type for event in events if event.resource_pre_event] == ["pulumi:pulumi:Stack"]
    assert any(event.summary_event for event in events)
