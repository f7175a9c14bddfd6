"""
`python -m sandbox.preview STACK`: the engine's preview of a committed stack, offline and without any credential.

The real engine and the real program; the clouds answer from this process, the state is empty and thrown away, secrets are
placeholders. So everything is to be created, and what the policy packs say of it is what they will say of the real stack.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ops.errors import FlotillaError, MissingToolError, SettingsError
from ops.events import Diagnostic, Violation
from sandbox import placeholder_releases
from sandbox.cloud import offline
from sandbox.engine_events import Events, Step, read_events
from sandbox.preview_difference import compare, steps_at
from sandbox.workspace import CHECKOUT, Workspace, make_keys
from settings import load
from settings.stacks import is_sandbox, named_zones
from settings.values import is_name

POLICY_VIOLATION: Final = 4
TIMEOUT_S: Final = 1800


@dataclass(frozen=True, kw_only=True)
class Result:
    """
    What came of a preview. `seconds` is the engine's time alone; `output` is what it printed, where that was captured.
    """

    exit_code: int
    events: Events
    seconds: float
    output: str

    @property
    def steps(self) -> list[Step]:
        """
        What would happen to each resource.
        """
        return self.events.steps

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """
        What the engine, the program and the plugins had to say.
        """
        return self.events.diagnostics

    @property
    def violations(self) -> list[Violation]:
        """
        What the policy packs found.
        """
        return self.events.violations


def preview(
    stack: str,
    *,
    root: Path = CHECKOUT,
    packs: Sequence[Path] = (),
    pack_configs: Sequence[Path] = (),
    program: Path | None = None,
    keys: Path | None = None,
    is_shown: bool = False,
) -> Result:
    """
    Preview a stack of the checkout at `root`, or of any folder with settings. `program` takes the place of `__main__.py`, and
    settings are then its own business. `pack_configs` are files, one for each pack. `keys` are those of `make_keys`; new ones
    by default. Several may run at once.

    Exit codes: 0 done, 1 failed, 4 a mandatory policy was not held.

    Raises: SettingsError with all mistakes in the settings, MissingToolError when there is no engine.
    """
    with tempfile.TemporaryDirectory(prefix="flotilla-preview-") as folder:
        workspace = Workspace(Path(folder, "workspace"), stack)
        configuration = workspace.lay(root, keys=keys or make_keys(Path(folder)), program=program)
        if program is None:
            values = {key.partition(":")[2]: value for key, value in configuration.items() if key.startswith("flotilla:")}
            if is_sandbox(stack):
                placeholder_releases.forget(workspace.project)
            settings = load(stack, workspace.project, values)
            if is_sandbox(stack):
                placeholder_releases.serve_all(settings, workspace.project)
        with offline.serve(named_zones(configuration.get("flotilla:environment"))) as clouds:
            environment = workspace.environment(clouds.environment)
            return _run(workspace, environment, packs, pack_configs, is_shown=is_shown)


def _run(
    workspace: Workspace,
    environment: Mapping[str, str],
    packs: Sequence[Path],
    pack_configs: Sequence[Path],
    *,
    is_shown: bool,
) -> Result:
    pulumi = shutil.which("pulumi", path=environment["PATH"])
    if pulumi is None:
        raise MissingToolError("pulumi: the engine is not there. Nothing was previewed. Run `make setup`.")
    created = _engine([pulumi, "stack", "init", workspace.stack, "--non-interactive"], workspace, environment)
    if created.returncode != 0:
        return Result(exit_code=1, events=Events(), seconds=0.0, output=created.stdout)
    options = ["--stack", workspace.stack, "--non-interactive", "--suppress-outputs", "--event-log", str(workspace.events)]
    for pack in packs:
        options += ["--policy-pack", str(pack.resolve())]
    for file in pack_configs:
        options += ["--policy-pack-config", str(file.resolve())]
    started = time.monotonic()
    ended = _engine([pulumi, "preview", *options], workspace, environment, is_shown=is_shown)
    seconds = time.monotonic() - started
    events = read_events(workspace.events)
    return Result(exit_code=_exit_code(ended.returncode, events), events=events, seconds=seconds, output=ended.stdout or "")


def _engine(
    command: Sequence[str], workspace: Workspace, environment: Mapping[str, str], *, is_shown: bool = False
) -> subprocess.CompletedProcess[str]:
    captured: Any = {} if is_shown else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(
        command,
        cwd=workspace.project,
        env=environment,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        **captured,
    )


def _exit_code(code: int, events: Events) -> int:
    if any(violation.is_stopping for violation in events.violations) and code != 0:
        return POLICY_VIOLATION
    return 0 if code == 0 else 1


def main(arguments: Sequence[str]) -> int:
    """
    The command line; returns the exit code.
    """
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the folders are removed
    try:
        if not is_name(options.stack):
            raise SettingsError("STACK: this is not the name of a stack. Nothing was previewed. Give one of Pulumi.*.yaml.")
        return _previewed(options)
    except FlotillaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.preview", description="Preview a committed stack offline.")
    parser.add_argument("stack", help="its settings are in Pulumi.STACK.yaml")
    parser.add_argument("--policy-pack", action="append", default=[], type=Path, metavar="DIR", help="may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the engine's display")
    parser.add_argument("--diff-against", metavar="REVISION", help="also tell what differs from this git revision")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="throw-away keys of an earlier preview instead of new ones")
    return parser


def _previewed(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="flotilla-preview-") as folder:
        keys = options.keys.resolve() if options.keys else make_keys(Path(folder))
        before = None
        if options.diff_against:
            before = steps_at(options.diff_against, options.stack, CHECKOUT, keys, Path(folder, "revision"))
        result = preview(options.stack, packs=options.policy_pack, keys=keys, is_shown=not options.json)
    changes = None if before is None or result.exit_code == 1 else compare(before, result.steps)
    if options.json:
        document = {"stack": options.stack, "exit_code": result.exit_code, "seconds": round(result.seconds, 3)}
        differing = {} if changes is None else {"changes": [asdict(change) for change in changes]}
        sys.stdout.write(json.dumps({**document, **asdict(result.events), **differing}, indent=2) + "\n")
    elif changes is not None:
        lines = [change.line() for change in changes] or [" nothing"]
        sys.stdout.write("\n".join([f"Different from {options.diff_against}:", *lines]) + "\n")
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
