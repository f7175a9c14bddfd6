"""
From the engine's requests to what is run: the program, a policy pack, an installation. Nothing is started here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]

from toolchain.language_host.child import Command
from toolchain.language_host.interpreter import Interpreter, ambient, choose, virtualenv_of

Request = Any  # the generated messages carry no types once their packages are bare


def interpreter_of(info: Request, environment: Mapping[str, str] | None = None) -> Interpreter:
    """
    The interpreter that a project or pack asks for.

    Raises: SettingsError, MissingToolError
    """
    return choose(Path(info.root_directory), _options(info), environment or os.environ)


def program_command(request: Request, exec_shim: Path, engine_address: str) -> Command:
    """
    A program runs inside the SDK's own shim; configuration travels in the environment, never in arguments.

    Raises: SettingsError, MissingToolError
    """
    info = request.info
    interpreter = interpreter_of(info)
    return Command(
        interpreter=str(interpreter.executable),
        kind="script",
        target=str(exec_shim),
        arguments=[
            *("--monitor", request.monitor_address),
            *("--engine", engine_address),
            *("--project", request.project),
            *("--root_directory", info.root_directory),
            *("--stack", request.stack),
            *("--pwd", request.pwd),
            *("--dry_run", "true" if request.dryRun else "false"),
            *("--parallel", str(request.parallel)),
            *("--organization", request.organization),
            str(Path(info.program_directory, info.entry_point)),
            *request.args,
        ],
        folder=request.pwd,
        environment={
            **interpreter.environment(os.environ),
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        },
    )


def plugin_command(request: Request) -> Command:
    """
    A policy pack runs inside the SDK's `pulumi.policy`; anything else written in Python is run by its folder.

    Raises: SettingsError, MissingToolError
    """
    environment = {**os.environ, **dict(entry.split("=", 1) for entry in request.env)}
    interpreter = interpreter_of(request.info, environment)
    program = request.info.program_directory
    is_pack = request.kind == "analyzer"
    return Command(
        interpreter=str(interpreter.executable),
        kind="module" if is_pack else "script",
        target="pulumi.policy" if is_pack else program,
        arguments=[*request.args, program] if is_pack else list(request.args),
        folder=request.pwd or program,
        environment=interpreter.environment(environment),
    )


def installation_commands(request: Request) -> Iterator[Command]:
    """
    What `pulumi install` runs, in its order: the virtual environment where it is missing, then the pinned requirements.

    Raises: SettingsError, MissingToolError
    """
    folder = Path(request.info.program_directory or request.directory)
    root = Path(request.info.root_directory or folder)
    virtualenv = virtualenv_of(root, _options(request.info))
    interpreter = ambient(os.environ)
    if virtualenv is not None:
        if not (virtualenv / "bin" / "python").is_file():
            yield _module(interpreter, folder, "venv", str(virtualenv))
        interpreter = Interpreter(virtualenv / "bin" / "python", virtualenv)
    requirements = requirements_of(folder, root)
    if requirements:
        yield _module(interpreter, folder, "pip", "install", *requirements)


def requirements_of(folder: Path, root: Path) -> list[str]:
    """
    Arguments for `pip install`: a lock with hashes is preferred, as Flotilla's own; a program without any list needs nothing.
    """
    for place in dict.fromkeys((folder, root)):
        if (place / "requirements.lock").is_file():
            return ["--require-hashes", "-r", str(place / "requirements.lock")]
        if (place / "requirements.txt").is_file():
            return ["-r", str(place / "requirements.txt")]
    return []


def _module(interpreter: Interpreter, folder: Path, name: str, *arguments: str) -> Command:
    return Command(
        interpreter=str(interpreter.executable),
        kind="module",
        target=name,
        arguments=arguments,
        folder=str(folder),
        environment=interpreter.environment(os.environ),
    )


def _options(info: Request) -> dict[str, Any]:
    return dict(json_format.MessageToDict(info.options))
