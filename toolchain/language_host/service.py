# ruff: noqa: N802, ARG002 -- the method names and signatures are the service's
"""
The `LanguageRuntime` service: what the engine asks of a language host, and what this one answers.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]

from ops.errors import FlotillaError
from toolchain.language_host.child import GRACE_S, Child, Command
from toolchain.language_host.commands import installation_commands, interpreter_of, plugin_command, program_command
from toolchain.language_host.packages import installed_packages, installed_plugins
from toolchain.protocol import load
from toolchain.version import ENGINE_VERSION

language_pb2, language_pb2_grpc, plugin_pb2 = load("language_pb2", "language_pb2_grpc", "plugin_pb2")

SHOWN_TO_THE_USER = 32  # the exec shim's exit code for an error that it has logged already
Request = Any  # the generated messages carry no types once their packages are bare
Response = Any
Servicer: Any = language_pb2_grpc.LanguageRuntimeServicer


@dataclass
class LanguageHost(Servicer):  # type: ignore[misc]  # its base is Any for the same reason
    """
    Runs programs and packs for one engine; every process it starts ends with it.
    """

    engine_address: str
    exec_shim: Path
    _children: set[Child] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_ending: bool = False

    def Handshake(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        Only an engine that attaches to a running host introduces itself; others give their address on the command line.
        """
        self.engine_address = request.engine_address or self.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        The host goes with one version of the engine.
        """
        return plugin_pb2.PluginInfo(version=ENGINE_VERSION)

    def GetRequiredPackages(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        The plugins of the program's packages that are there; nothing that would make the engine download one.
        """
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(name=plugin.name, kind="resource", version=plugin.version, server=plugin.server)
                for plugin in self._plugins(request, context)
            ]
        )

    def GetRequiredPlugins(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        The same in the shape that older engines ask for.
        """
        return language_pb2.GetRequiredPluginsResponse(
            plugins=[
                plugin_pb2.PluginDependency(name=plugin.name, kind="resource", version=plugin.version, server=plugin.server)
                for plugin in self._plugins(request, context)
            ]
        )

    def Run(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        Run a program to its end, its output passed through as it comes.
        """
        try:
            command = program_command(request, self.exec_shim, self.engine_address)
        except FlotillaError as error:
            return language_pb2.RunResponse(error=str(error))
        code = self._start(command, context, is_captured=False).wait()
        if code == SHOWN_TO_THE_USER:
            return language_pb2.RunResponse(bail=True)
        if code != 0:
            return language_pb2.RunResponse(error=f"program {ending(code)}")
        return language_pb2.RunResponse()

    def RunPlugin(self, request: Request, context: grpc.ServicerContext) -> Iterator[Response]:
        """
        Run a policy pack (or a provider written in Python), streaming its output, until it ends or the engine lets go of it.
        """
        with aborting(context):
            command = plugin_command(request)
        for item in self._start(command, context, is_captured=True).output():
            if isinstance(item, int):
                yield language_pb2.RunPluginResponse(exitcode=item)
            else:
                yield language_pb2.RunPluginResponse(**{item[0]: item[1]})

    def About(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        The program's interpreter and its version.
        """
        with aborting(context):
            interpreter = interpreter_of(request.info)
        answer = subprocess.run(
            [str(interpreter.executable), "-I", "-S", "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        return language_pb2.AboutResponse(
            executable=str(interpreter.executable), version=answer.stdout.strip(), metadata={"toolchain": "pip"}
        )

    def GetProgramDependencies(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        The Python packages that the program has installed.
        """
        with aborting(context):
            interpreter = interpreter_of(request.info)
        found = installed_packages(interpreter.site_packages(), is_transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=each.name, version=each.version) for each in found]
        )

    def InstallDependencies(self, request: Request, context: grpc.ServicerContext) -> Iterator[Response]:
        """
        Make the virtual environment and install the requirements, streaming what pip says.
        """
        with aborting(context):
            for command in installation_commands(request):
                for item in self._start(command, context, is_captured=True).output():
                    if not isinstance(item, int):
                        yield language_pb2.InstallDependenciesResponse(**{item[0]: item[1]})
                    elif item != 0:
                        raise FlotillaError(
                            f"{command.target}: it {ending(item)}. Nothing more was installed. Read its output."
                        )

    def Cancel(self, request: Request, context: grpc.ServicerContext) -> Response:
        """
        End what is running; the calls that run it return with its exit code.
        """
        for child in self._running():
            child.end()
        return empty_pb2.Empty()

    def end(self) -> None:
        """
        End everything, and wait until it has ended. Nothing is started any more.
        """
        self._is_ending = True
        children = self._running()
        for child in children:
            child.end()
        for child in children:
            child.has_ended(GRACE_S + 1)

    def _plugins(self, request: Request, context: grpc.ServicerContext) -> list[Any]:
        with aborting(context):
            return installed_plugins(interpreter_of(request.info).site_packages(), os.environ)

    def _start(self, command: Command, context: grpc.ServicerContext, *, is_captured: bool) -> Child:
        """
        Start a command that ends when the engine gives up the call.
        """
        with self._lock:
            if self._is_ending:
                context.abort(grpc.StatusCode.CANCELLED, "the language host is ending")
            child = Child.start(command, is_captured=is_captured)
            self._children.add(child)

        def gone() -> None:
            child.end()
            with self._lock:
                self._children.discard(child)

        if not context.add_callback(gone):
            gone()
        return child

    def _running(self) -> list[Child]:
        with self._lock:
            return list(self._children)


@contextmanager
def aborting(context: grpc.ServicerContext) -> Iterator[None]:
    """
    Tell the engine of an error in the call's status, where the answer itself has no place for one.
    """
    try:
        yield
    except FlotillaError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def ending(code: int) -> str:
    """
    How a process ended, in words.
    """
    return f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
