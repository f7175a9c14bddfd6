import hashlib
import threading
import time

import pytest
from google.protobuf import struct_pb2

from ops.errors import FlotillaError, SettingsError
from sandbox.plugins.command.globs import compile_glob, matching_files
from sandbox.plugins.command.local import LocalCommand, Run
from sandbox.plugins.command.provider import CommandProvider
from sandbox.plugins.provider import Context
from sandbox.plugins.values import ASSET, SIGNATURE, Archive, Asset, decode


@pytest.fixture
def lines():
    return []


@pytest.fixture
def context(lines):
    return Context(
        urn="u",
        stack="local",
        preview=False,
        timeout_s=20,
        config={},
        log=lambda severity, text: lines.append((severity, text)),
    )


@pytest.fixture
def command():
    return LocalCommand(CommandProvider())


def test_create_runs_the_command_and_keeps_its_output(command, context, lines):
    """Standard input, variables and the interpreter reach it; the last line's end is cut; every line is shown as it comes."""
    inputs = {"create": "cat; echo $GREETING >&2; echo two", "stdin": "one\n", "environment": {"GREETING": "it's"}}
    id_, state = command.create(context, inputs)
    assert id_
    assert (state["stdout"], state["stderr"]) == ("one\ntwo", "it's")
    assert sorted(lines) == [("status", "it's"), ("status", "one"), ("status", "two")]


@pytest.mark.parametrize(("logging", "shown"), [("none", []), ("stdout", ["out"]), ("stderr", ["err"])])
def test_logging_chooses_what_is_shown_and_not_what_is_kept(command, context, lines, logging, shown):
    """Output that is not logged is still an output."""
    _, state = command.create(context, {"create": "echo out; echo err >&2", "logging": logging})
    assert [text for _, text in lines] == shown
    assert (state["stdout"], state["stderr"]) == ("out", "err")


def test_an_update_runs_update_or_else_create_and_sees_the_last_output(command, context):
    """The last output comes in two variables, unless the resource opts out."""
    old = {"stdout": "before", "stderr": "warned"}
    script = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"'
    assert command.update(context, "i", old, {"create": "false", "update": script})["stdout"] == "before/warned"
    assert command.update(context, "i", old, {"create": script})["stdout"] == "before/warned"
    assert command.update(context, "i", old, {"create": script, "addPreviousOutputInEnv": False})["stdout"] == "/"


def test_an_update_with_nothing_to_run_keeps_the_outputs(command, context):
    """A resource with only a delete command changes without running anything."""
    assert command.update(context, "i", {"stdout": "kept", "stderr": ""}, {"delete": "true"})["stdout"] == "kept"


def test_delete_runs_its_command_once(command, context, tmp_path):
    """The delete command runs; without one, nothing does."""
    command.delete(context, "i", {"delete": f"echo $PULUMI_COMMAND_STDOUT > {tmp_path}/gone", "stdout": "made"})
    command.delete(context, "i", {"create": f"touch {tmp_path}/never"})
    assert [path.name for path in tmp_path.iterdir()] == ["gone"]
    assert (tmp_path / "gone").read_text() == "made\n"


def test_a_failure_shows_the_exit_code_and_the_last_lines_of_both_streams(command, context):
    """Enough to see what went wrong, and not a log of a thousand lines."""
    script = "for i in $(seq 1000); do echo line $i; done; echo broken >&2; exit 3"
    with pytest.raises(FlotillaError) as caught:
        command.create(context, {"create": script})
    assert "exit code 3" in str(caught.value)
    assert "line 1000" in str(caught.value)
    assert "broken" in str(caught.value)
    assert "line 900" not in str(caught.value)


def test_a_command_that_takes_too_long_is_stopped(command, lines):
    """The operation's time bounds the command."""
    context = Context(urn="u", stack="local", preview=False, timeout_s=0.3, config={}, log=lambda severity, text: None)
    started = time.monotonic()
    with pytest.raises(FlotillaError, match="did not end within"):
        command.create(context, {"create": "exec sleep 30"})
    assert time.monotonic() - started < 5


def test_a_cancelled_operation_stops_its_command(command):
    """Ctrl-C does not wait for the command."""
    cancelled = threading.Event()
    cancelled.set()
    context = Context(
        urn="u", stack="local", preview=False, timeout_s=30, config={}, log=lambda severity, text: None, cancelled=cancelled
    )
    with pytest.raises(FlotillaError, match="cancelled"):
        command.create(context, {"create": "exec sleep 30"})


def test_an_interpreter_that_is_not_there_is_named(command, context):
    """The error names the program, not Python's traceback."""
    with pytest.raises(FlotillaError, match="no-such-interpreter cannot be started"):
        command.create(context, {"create": "true", "interpreter": ["no-such-interpreter"]})


def test_files_a_command_made_become_assets(command, context, tmp_path):
    """assetPaths gives single files, archivePaths one archive of them."""
    inputs = {
        "create": "mkdir -p out/deep; echo a > out/a.js; echo b > out/deep/b.js; echo c > out/secret.js",
        "dir": str(tmp_path),
        "assetPaths": ["out/*.js", "!**secret*"],
        "archivePaths": ["out/**"],
    }
    _, state = command.create(context, inputs)
    assert state["assets"] == {"out/a.js": Asset(path=str(tmp_path / "out/a.js"), hash=hashlib.sha256(b"a\n").hexdigest())}
    assert isinstance(state["archive"], Archive)
    assert sorted(state["archive"].assets or {}) == ["out/a.js", "out/deep/b.js", "out/secret.js"]


def test_run_answers_with_its_arguments_and_the_output():
    """The function runs the command at once; without one there is nothing to run."""
    assert Run(CommandProvider()).invoke({"command": "echo hi", "stdin": ""}) == {
        "command": "echo hi",
        "stdin": "",
        "stdout": "hi",
        "stderr": "",
    }
    with pytest.raises(SettingsError, match="command is missing"):
        Run(CommandProvider()).invoke({})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"hash": "h", "text": "", "path": "/x", "uri": ""}, Asset(path="/x", hash="h")),
        ({"hash": "h", "text": "", "path": "", "uri": ""}, Asset(hash="h")),
        ({"hash": hashlib.sha256(b"").hexdigest()}, Asset(text="", hash=hashlib.sha256(b"").hexdigest())),
        ({"text": "hi"}, Asset(text="hi")),
    ],
)
def test_assets_are_read_as_the_engine_writes_them(sent, read):
    """An empty text beside a path is no text, a hash alone is a recorded asset whose content was left out."""
    struct = struct_pb2.Struct()
    struct.update({"file": {SIGNATURE: ASSET, **sent}})
    assert decode(struct).values["file"] == read


def test_an_unknown_logging_is_refused(command):
    """The four values of the schema, nothing else."""
    assert [failure.property for failure in command.check({"logging": "all"})] == ["logging"]
    assert command.check({"logging": "stdoutAndStderr"}) == command.check({}) == []


def test_a_refresh_keeps_what_the_command_printed(command, context):
    """Nothing in the world shows a command's output: the recorded one stays, and there is nothing to import."""
    known = Context(**{**vars(context), "state": {"create": "old", "stdout": "kept"}})
    assert command.read(known, "i", {"create": "new"}) == (
        {"create": "new"},
        {"create": "new", "stdout": "kept", "stderr": ""},
    )
    with pytest.raises(FlotillaError, match="cannot be imported"):
        command.read(context, "i", {})


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("*.js", ["a.js"], ["src/a.js", "a.jsx"]),
        ("src/**.js", ["src/a.js", "src/b/c.js"], ["a.js"]),
        ("**secret.*", ["secret.js", "src/secret.js"], ["secret"]),
        ("?[ab].{js,ts}", ["xa.js", "xb.ts"], ["xc.js", "xa.py", "/a.js"]),
        ("[!a]b", ["cb"], ["ab"]),
        ("a.b\\*", ["a.b*"], ["aXb*", "a.bc"]),
        ("a,b", ["a,b"], ["a"]),
    ],
)
def test_patterns_mean_what_the_plugin_documents(pattern, taken, left):
    """A star stops at a slash, two do not; classes, alternatives and escapes work; a dot is a dot."""
    rule = compile_glob(pattern)
    assert [name for name in taken + left if rule.fullmatch(name)] == taken


@pytest.mark.parametrize("pattern", ["[ab", "{a,b", "a}"])
def test_a_pattern_that_does_not_close_is_refused(pattern):
    """It would match nothing, silently."""
    with pytest.raises(SettingsError, match="does not close"):
        compile_glob(pattern)


def test_later_patterns_win(tmp_path):
    """A file taken out by one pattern can be taken in again by the next."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).touch()
    assert matching_files(tmp_path, ["*.txt", "!a.*", "a.txt"]) == ["a.txt", "b.txt"]
    assert matching_files(tmp_path, ["*.txt", "!a.*"]) == ["b.txt"]
