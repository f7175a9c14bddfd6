import shlex
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.errors import FlotillaError, RefusedError, SettingsError
from sandbox.plugins import ssh
from sandbox.plugins.command import connection
from sandbox.plugins.command.copy import CopyToRemote, upload
from sandbox.plugins.command.provider import CommandProvider
from sandbox.plugins.command.remote import Command
from sandbox.plugins.provider import UNKNOWN, Context
from sandbox.plugins.values import Archive, Asset

HERE = "127.0.0.1"


@pytest.fixture
def provider():
    made = CommandProvider()
    yield made
    made.close()


def context(**more):
    return Context(urn="u", stack="local", preview=False, timeout_s=9, config={}, log=lambda severity, text: None, **more)


def launched(script, stdin=b"", environment=None, shell="bash"):
    """Runs the launcher here as sshd would on a host, and returns what the script printed."""
    framed = connection.frame(connection.with_environment(script, environment or {}), stdin)
    done = subprocess.run([shell, "-c", connection._LAUNCHER], input=framed, capture_output=True, check=False)
    greeting, _, rest = done.stdout.partition(b"\n")
    assert greeting == connection.GREETING
    return done.returncode, rest, done.stderr


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_launcher_gives_a_script_its_own_input(shell):
    """Script and input share one stream: the script gets exactly what is its input, byte for byte."""
    assert launched("echo start\ncat\n", b"a\0b\nno end", shell=shell) == (0, b"start\na\0b\nno end", b"")


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_launcher_passes_on_how_a_script_ends(shell):
    """Exit codes, the last command's status, and `set -e` work as in a script of its own."""
    assert launched("exit 7", shell=shell)[0] == 7
    assert launched("false", shell=shell)[0] == 1
    assert launched("set -e\nfalse\necho not reached", shell=shell)[:2] == (1, b"")
    assert launched("", shell=shell)[0] == 0
    assert launched("if", shell=shell)[0] != 0


@settings(max_examples=40, deadline=None)
@given(value=st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), data=st.binary(max_size=200))
def test_variables_and_input_arrive_unchanged(value, data):
    """Any text in a variable and any bytes on the input come out as they went in: nothing of them is ever run."""
    code, out, err = launched('printf %s "$VALUE"; printf "|"; cat', data, {"VALUE": value})
    assert (code, out, err) == (0, value.encode() + b"|" + data, b"")


def test_a_script_with_a_nul_is_refused():
    """No shell takes one; it would be cut off there."""
    with pytest.raises(FlotillaError, match="NUL"):
        connection.frame("a\0b", b"")


def test_connections_elsewhere_are_refused(provider):
    """A host that is not loopback is refused before anything is dialled."""
    inputs = {"connection": {"host": "203.0.113.9"}, "create": "true"}
    with pytest.raises(RefusedError, match=r"connection.host: 203.0.113.9"):
        Command(provider).create(context(), inputs)


def test_what_the_stand_in_cannot_do_is_refused(provider):
    """Passwords and proxies are refused by name; unknown values and sound connections pass."""
    refused = {"host": HERE, "password": "x", "proxy": {"host": HERE}, "privateKeyPassword": UNKNOWN}
    failures = Command(provider).check({"connection": refused})
    assert sorted(failure.property for failure in failures) == [
        "connection.password",
        "connection.privateKeyPassword",
        "connection.proxy",
    ]
    assert Command(provider).check({"connection": {"host": UNKNOWN, "privateKey": "k"}, "environment": UNKNOWN}) == []


def test_names_that_no_shell_takes_are_refused(provider):
    """A variable's name never reaches a script unless it is one."""
    failures = Command(provider).check({"connection": {"host": HERE}, "environment": {"OK_1": "a", "x; rm": "b"}})
    assert [failure.property for failure in failures] == ["environment.x; rm"]


def test_the_private_key_is_a_private_file_and_in_no_argument(tmp_path):
    """The argv names a file; the key's text is only in that file."""
    target = ssh.Target(host=HERE, private_key="SECRET KEY", host_key="ssh-ed25519 AAAA")
    argv, files = ssh.dial_argv(target, tmp_path, tmp_path / "c", 15)
    assert "SECRET" not in " ".join(argv)
    assert "SECRET" not in repr(target)
    assert files == {tmp_path / "key": "SECRET KEY\n", tmp_path / "known_hosts": "expected ssh-ed25519 AAAA\n"}
    assert "StrictHostKeyChecking=yes" in argv
    assert argv.index("StrictHostKeyChecking=yes") < argv.index("StrictHostKeyChecking=no")


def test_a_host_that_refuses_is_dialled_as_often_as_the_limit_says():
    """The real plugin's count: the limit's failures are forgiven, the next one is told, with ssh's own words."""
    tries = []
    connections = ssh.Connections()
    patience = ssh.Patience(dial_error_limit=2, per_dial_timeout_s=2, on_failure=tries.append)
    with pytest.raises(ssh.SshError, match=r"after 3 failed attempts .*Connection refused.*ssh -p 1 root@127.0.0.1"):
        connections.open(ssh.Target(host=HERE, port=1), patience)
    connections.close()
    assert len(tries) == 2


def test_closing_removes_the_folder_of_sockets_and_keys():
    """Nothing stays behind in the folder for temporary files."""
    connections = ssh.Connections()
    folder = connections._folder
    assert folder.stat().st_mode & 0o777 == 0o700
    connections.close()
    assert not folder.exists()


def test_the_folder_of_a_killed_process_is_removed_by_the_next(tmp_path, monkeypatch):
    """kill -9 leaves a folder; the next process clears it, and keeps those of living ones."""
    monkeypatch.setattr(ssh.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(ssh.tempfile, "tempdir", str(tmp_path))
    dead, alive = tmp_path / "flotilla-ssh-999999999-x", tmp_path / "flotilla-ssh-1-x"
    dead.mkdir()
    alive.mkdir()
    connections = ssh.Connections()
    assert (dead.exists(), alive.exists()) == (False, True)
    connections.close()


def run_upload(source, destination):
    """Runs the copy's script here, as a host would."""
    script, name, content = upload(source)
    header = f"dest={shlex.quote(str(destination))} name={shlex.quote(name)}\n"
    return launched(header + script, content)


def files_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "site"
    (folder / "sub").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "a.txt").write_text("A")
    (folder / "sub" / "b.txt").write_text("B")
    return folder


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_lands_inside_the_destination_and_its_content_with_a_slash(source, tmp_path, exists):
    """`site` becomes destination/site; `site/` is spread in the destination; both where it exists and where it does not."""
    inside, spread = tmp_path / "x1", tmp_path / "x 2"
    for folder in (inside, spread):
        if exists:
            folder.mkdir()
    assert run_upload(Archive(path=str(source)), inside)[0] == 0
    assert run_upload(Archive(path=f"{source}/"), spread)[0] == 0
    assert files_in(inside) == {"site/a.txt": "A", "site/sub/b.txt": "B"}
    assert files_in(spread) == {"a.txt": "A", "sub/b.txt": "B"}
    assert (spread / "empty").is_dir()


def test_a_file_lands_under_its_name_in_a_folder_and_else_at_the_path(source, tmp_path):
    """Parents are made, an existing file is overwritten."""
    folder, deep = tmp_path / "dir", tmp_path / "new" / "deep" / "c.txt"
    folder.mkdir()
    asset = Asset(path=str(source / "a.txt"))
    assert [run_upload(asset, where)[0] for where in (folder, deep, deep)] == [0, 0, 0]
    assert files_in(folder) == {"a.txt": "A"}
    assert deep.read_text() == "A"


def test_a_text_needs_the_path_of_a_file(tmp_path):
    """A text has no name of its own, so a folder is refused with that reason."""
    assert run_upload(Asset(text="hi"), tmp_path / "t")[0] == 0
    assert (tmp_path / "t").read_text() == "hi"
    code, _, err = run_upload(Asset(text="hi"), tmp_path)
    assert (code, b"is a folder" in err) == (1, True)


def test_a_folder_is_not_copied_over_a_file(source, tmp_path):
    """The file stays as it was."""
    taken = tmp_path / "taken"
    taken.write_text("mine")
    code, _, err = run_upload(Archive(path=str(source)), taken)
    assert (code, b"is not a folder" in err, taken.read_text()) == (1, True, "mine")


def test_a_set_of_assets_is_spread_in_the_destination(source, tmp_path):
    """Assets by name, and folders inside under theirs."""
    assets = {"one/a": Asset(text="1"), "two": Archive(path=str(source)), "three": Archive(assets={"x": Asset(text="3")})}
    out = tmp_path / "out"
    assert run_upload(Archive(assets=assets), out)[0] == 0
    assert files_in(out) == {"one/a": "1", "two/a.txt": "A", "two/sub/b.txt": "B", "three/x": "3"}


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/", ""])
def test_names_that_lead_out_of_the_destination_are_refused(name):
    """An archive from elsewhere cannot write beside its destination."""
    with pytest.raises(SettingsError, match="leads out of the destination"):
        upload(Archive(assets={name: Asset(text="x")}))


def test_absolute_names_stay_inside():
    """A leading slash is dropped, as tar does."""
    _, _, content = upload(Archive(assets={"/etc/x": Asset(text="x")}))
    with tarfile.open(fileobj=BytesIO(content)) as tar:
        assert tar.getnames() == ["etc/x"]


def test_only_new_content_or_another_place_is_copied_again(provider, monkeypatch):
    """A source with the same hash elsewhere on this machine is the same source."""
    copied = []
    copy = CopyToRemote(provider)
    monkeypatch.setattr(copy, "_copy", lambda _context, inputs: copied.append(inputs["remotePath"]))
    old = {"remotePath": "/a", "source": Asset(path="/x", hash="h1"), "connection": {"host": HERE}}
    copy.update(context(), "i", old, {**old, "source": Asset(path="/y", hash="h1"), "connection": {"host": "localhost"}})
    copy.update(context(), "i", old, {**old, "source": Asset(path="/x", hash="h2")})
    copy.update(context(), "i", old, {**old, "remotePath": "/b"})
    assert copied == ["/a", "/b"]


def test_sources_on_the_network_and_missing_files_are_refused(provider, tmp_path):
    """The stand-in fetches nothing; a file that is not there is named."""
    copy = CopyToRemote(provider)
    failures = copy.check({"connection": {"host": HERE}, "source": Asset(uri="https://example.com/x")})
    assert [failure.property for failure in failures] == ["source"]
    missing = {"connection": {"host": HERE}, "remotePath": "/a", "source": Asset(path=str(Path(tmp_path) / "none"))}
    with pytest.raises(FlotillaError, match=r"none.*Nothing was copied to /a"):
        copy.create(context(), missing)
