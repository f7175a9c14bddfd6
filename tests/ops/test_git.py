"""
How git is asked: real git, in repositories on this disk.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops import git, lock
from ops.errors import FlotillaError, MissingToolError, SettingsError

ROOT = Path(__file__).resolve().parents[2]
OTHERWISE = "Nothing was pushed. Run `git status`."
PATIENCE_S = 20.0
# What goes on beside a git that waits, as ssh or a hook does; it notes the numbers of the two processes.
WAITS = "!sleep 60 & echo $! $$ > pids.new; mv pids.new pids; wait; :"
ASKED = """
import sys
from pathlib import Path
from ops import git
git.ask(Path(sys.argv[1]), "waits", config={"alias.waits": sys.argv[2]}, timeout_s=60)
"""


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.com\n")


def repository(folder: Path) -> Path:
    """
    With one commit.
    """
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    for words in (["add", "-A"], ["commit", "-qm", "begin", "--allow-empty"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return repository(tmp_path / "here")


def waits_for(folder: Path) -> list[int]:
    """
    The processes of a git that waits.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (folder / "pids").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [int(word) for word in (folder / "pids").read_text().split()]


def are_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while any(lock.start_of(pid) is not None for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_what_git_prints_comes_back(here: Path) -> None:
    """As it is, or without white space, or nothing where it refuses; what is given to it, it reads."""
    assert git.ask(here, "hash-object", "--stdin", given="hello\n").stdout == "ce013625030ba8dba906f756967f9e9ca394464a\n"
    assert git.told(here, "symbolic-ref", "--short", "HEAD", otherwise=OTHERWISE) == "main"
    assert git.known(here, "show", "--end-of-options", "nothing") == ""
    assert git.ask(here, "config", "user.name", config={"user.name": "Flotilla"}).stdout == "Flotilla\n"


def test_a_refusal_is_one_error_in_gits_words(here: Path) -> None:
    """Where, which command, why, what follows, what to do; never anybody's credentials."""
    address = "https://someone:pa55word@127.0.0.1:9/repository.git"
    with pytest.raises(FlotillaError) as caught:
        git.told(here, "ls-remote", "--", address, otherwise=OTHERWISE)

    assert re.fullmatch(rf"{here}: git ls-remote: fatal: .*127\.0\.0\.1.*[^.]\. {re.escape(OTHERWISE)}", str(caught.value))
    assert "pa55word" not in str(caught.value)


def test_no_repository_is_bad_input(tmp_path: Path) -> None:
    """With git's reason: there is none, or it is not trusted."""
    with pytest.raises(SettingsError, match=r"no git repository: fatal: not a git repository.*Nothing was pushed"):
        git.require_repository(tmp_path, OTHERWISE)


def test_git_that_is_not_installed_is_a_missing_tool(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is needed; where it is only asked what is known, nothing is."""
    monkeypatch.setenv("PATH", str(here))
    with pytest.raises(MissingToolError, match="git: it is not installed"):
        git.ask(here, "status")
    assert git.known(here, "status") == ""


def test_nobody_can_be_asked(here: Path) -> None:
    """Git and what it starts are in a session without a terminal, have nothing to read, and are told not to ask."""
    script = "!ps -o sid= -p $$; echo $GIT_TERMINAL_PROMPT; cat; readlink /proc/$$/fd/0 | cut -d: -f1"
    session, prompt, stdin = git.ask(here, "probe", config={"alias.probe": script}).stdout.split()

    assert int(session) != os.getsid(0)
    assert (prompt, stdin) == ("0", "pipe")


def test_a_hooks_own_repository_is_not_taken_for_the_folders(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook that calls `flotilla` has git's variables of its own repository."""
    other = repository(tmp_path / "other")
    for name, place in {"GIT_DIR": ".git", "GIT_WORK_TREE": ".", "GIT_INDEX_FILE": ".git/index"}.items():
        monkeypatch.setenv(name, str(other / place))

    assert git.told(here, "rev-parse", "--show-toplevel", otherwise=OTHERWISE) == str(here)


def test_what_lasts_too_long_is_stopped_whole(here: Path) -> None:
    """Within the limit, with the ssh or hook that it waits for."""
    started = time.monotonic()
    with pytest.raises(git.NoAnswerError, match=r"git waits: no answer within 0.5 s"):
        git.ask(here, "waits", config={"alias.waits": WAITS}, timeout_s=0.5)

    assert time.monotonic() - started < PATIENCE_S
    assert are_gone(waits_for(here))


def test_ctrl_c_stops_git_too(here: Path) -> None:
    """It does not hear the terminal's Ctrl-C itself: it is in another session."""
    listening = f"import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n{ASKED}"
    process = subprocess.Popen([sys.executable, "-c", listening, str(here), WAITS], cwd=ROOT, stderr=subprocess.DEVNULL)
    pids = waits_for(here)
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE_S) != 0
    assert are_gone(pids)


def test_git_is_asked_in_one_place() -> None:
    """No other module of ops/ starts it; `doctor` asks for its version, as it does of every tool."""
    starts = re.compile(r"""[\[(]\s*["']git["']\s*,""")
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "ops").rglob("*.py")}
    found = {name for name, text in texts.items() if "subprocess" in text and starts.search(text)}

    assert found == {"ops/git.py", "ops/doctor.py"}
