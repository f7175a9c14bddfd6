"""
The command plugin's remote resources against a machine that boots.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ops.errors import FlotillaError
from sandbox.plugins.command.copy import CopyToRemote
from sandbox.plugins.command.provider import CommandProvider
from sandbox.plugins.command.remote import Command
from sandbox.plugins.values import Archive, Asset

pytest_plugins = ["tests.integration.plugin_machine"]


@pytest.fixture
def provider():
    made = CommandProvider()
    yield made
    made.close()


@pytest.fixture
def command(provider):
    return Command(provider)


def test_a_machine_that_still_boots_is_waited_for(command, booting, log):
    """Dialling goes on while sshd is not up yet, and says so."""
    _, state = command.create(log.context(), {"connection": booting.connection, "create": "echo up"})
    assert state["stdout"] == "up"
    assert any("no connection yet" in line for line in log)


def test_create_update_and_delete_run_on_the_host(command, machine, log):
    """Each runs its own command, with input, variables and the last output; the outputs are the last run's."""
    inputs = {
        "connection": machine.connection,
        "create": 'cat > /root/made; echo "$WORD"; echo warned >&2',
        "update": 'echo "$PULUMI_COMMAND_STDOUT then $PULUMI_COMMAND_STDERR" | tee -a /root/made',
        "delete": "rm /root/made",
        "stdin": "from stdin\n",
        "environment": {"WORD": 'it\'s $HOME `id` "x"\nsecond line'},
    }
    _, state = command.create(log.context(), inputs)
    assert state["stdout"] == 'it\'s $HOME `id` "x"\nsecond line'
    assert state["stderr"] == "warned"
    assert machine.run("cat", "/root/made") == "from stdin"
    state = command.update(log.context(), "i", state, inputs)
    assert state["stdout"].endswith("second line then warned")
    command.delete(log.context(), "i", state)
    assert machine.run("sh", "-c", "ls /root/made 2>&1 || true").endswith("No such file or directory")


def test_the_command_runs_in_the_login_shell(command, machine, log):
    """As with the real plugin, root's bash runs it, not sh."""
    _, state = command.create(
        log.context(), {"connection": machine.connection, "create": "[[ a == a* ]] && echo ${BASH_VERSION%%.*}"}
    )
    assert state["stdout"].isdigit()


def test_output_is_shown_while_the_command_runs(command, machine, log):
    """A line is in the log a second before the command ends."""
    seen = []
    context = log.context()
    object.__setattr__(context, "log", lambda _severity, text: seen.append((text, time.monotonic())))
    command.create(context, {"connection": machine.connection, "create": "echo first; sleep 1; echo second"})
    assert [text for text, _ in seen] == ["first", "second"]
    assert seen[1][1] - seen[0][1] > 0.8


def test_neither_script_nor_input_nor_key_is_in_any_argv(command, machine, log, processes_naming):
    """While it runs, no process of this computer shows the script, its variables, its input or the key."""
    script = "echo MARK-SCRIPT >/dev/null; read -r line; sleep 2"
    inputs = {
        "connection": machine.connection,
        "create": script,
        "stdin": "MARK-STDIN\n",
        "environment": {"TOKEN": "MARK-ENV"},
    }
    runner = threading.Thread(target=command.create, args=(log.context(), inputs))
    runner.start()
    time.sleep(1)
    assert processes_naming("flotilla:started")
    key_line = machine.key.read_text().splitlines()[1]
    assert [line for mark in ("MARK-", key_line) for line in processes_naming(mark)] == []
    runner.join()


def test_a_failure_shows_exit_code_host_and_output(command, machine, log):
    """What a person needs to go on: where, how it ended, and what it said last."""
    with pytest.raises(FlotillaError) as caught:
        command.create(
            log.context(), {"connection": machine.connection, "create": "echo doing; echo no such disk >&2; exit 12"}
        )
    text = str(caught.value)
    assert f"root@127.11.0.1:{machine.port}" in text
    assert "exit code 12" in text
    assert "doing" in text
    assert "no such disk" in text


def test_exit_code_255_is_the_scripts_own(command, machine, log):
    """ssh uses 255 for itself; a script that ends with it is not mistaken for a lost connection, and runs once."""
    with pytest.raises(FlotillaError, match="exit code 255"):
        command.create(log.context(), {"connection": machine.connection, "create": "echo x >> /root/once; exit 255"})
    assert machine.run("wc", "-l", "/root/once").split()[0] == "1"


def logins_of(machine) -> int:
    """How often somebody has logged in, counted once the journal has all that was logged until now."""
    return int(machine.run("sh", "-c", "journalctl --sync; journalctl -q -u ssh | grep -c 'Accepted publickey' || true"))


def test_many_commands_share_one_handshake(command, machine, log):
    """Forty commands at once, more than sshd's sessions for one connection, over one login."""
    before = logins_of(machine)
    inputs = {"connection": machine.connection, "create": "echo $$"}
    results: list[str] = []
    threads = [
        threading.Thread(target=lambda: results.append(command.create(log.context(), inputs)[1]["stdout"])) for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 40
    assert logins_of(machine) - before == 1


def test_a_lost_connection_is_told_and_the_next_command_dials_again(command, machine, log):
    """Killing the host's end during a command fails that command only."""
    inputs = {"connection": machine.connection, "create": "sleep 60"}
    failures: list[str] = []

    def run() -> None:
        try:
            command.create(log.context(), inputs)
        except FlotillaError as error:
            failures.append(str(error))

    runner = threading.Thread(target=run)
    runner.start()
    time.sleep(1)
    machine.run("pkill", "-f", "sshd: root@notty")
    runner.join(20)
    assert len(failures) == 1
    assert "connection was lost" in failures[0]
    assert command.create(log.context(), {**inputs, "create": "echo back"})[1]["stdout"] == "back"


def test_a_wrong_host_key_is_refused(command, machine, log):
    """With hostKey, only that host is talked to."""
    right = " ".join(machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    connection = {**machine.connection, "hostKey": right, "dialErrorLimit": 1}
    assert command.create(log.context(), {"connection": connection, "create": "echo ok"})[1]["stdout"] == "ok"
    wrong = machine.key.with_suffix(".pub").read_text().strip()
    with pytest.raises(FlotillaError, match="Host key verification failed"):
        command.create(log.context(), {"connection": {**connection, "hostKey": wrong}, "create": "echo never"})


def test_files_and_folders_are_copied(provider, machine, log, tmp_path: Path):
    """A text, a file of bytes and a folder arrive as they are, under names with spaces and quotes."""
    copy = CopyToRemote(provider)
    (tmp_path / "blob").write_bytes(bytes(range(256)) * 4000)
    base = {"connection": machine.connection}
    copy.create(log.context(), {**base, "source": Asset(text="hi\n"), "remotePath": "/root/new/it's a file"})
    copy.create(log.context(), {**base, "source": Asset(path=str(tmp_path / "blob")), "remotePath": "/root/new"})
    copy.create(log.context(), {**base, "source": Archive(path=str(tmp_path)), "remotePath": "/root/tree"})
    assert machine.run("cat", "/root/new/it's a file") == "hi"
    for copied in ("/root/new/blob", f"/root/tree/{tmp_path.name}/blob"):
        assert machine.run("sha256sum", copied).split()[0] == hashlib.sha256((tmp_path / "blob").read_bytes()).hexdigest()
    assert machine.run("stat", "-c", "%s %a", "/root/new/blob") == "1024000 644"


def test_no_ssh_process_outlives_the_provider(machine, log, processes_naming):
    """Neither closing nor kill -9 of the plugin leaves an ssh process or a key on disk."""
    provider = CommandProvider()
    Command(provider).create(log.context(), {"connection": machine.connection, "create": "true"})
    folder = str(provider.connections._folder)
    assert processes_naming(folder)
    assert not list(Path(folder).rglob("key"))
    provider.close()
    assert processes_naming(folder) == []

    program = (
        "import sys, time; from pathlib import Path; from sandbox.plugins import ssh; connections = ssh.Connections()\n"
        "target = ssh.Target(host='127.11.0.1', port=int(sys.argv[1]), private_key=Path(sys.argv[2]).read_text())\n"
        "connections.open(target, ssh.Patience()); print(connections._folder, flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(machine.port), str(machine.key)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    orphaned = child.stdout.readline().strip()
    assert processes_naming(orphaned)
    child.kill()
    child.wait()
    deadline = time.monotonic() + 10
    while processes_naming(orphaned) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_naming(orphaned) == []
