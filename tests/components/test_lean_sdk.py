"""
What is left out of the SDK is left out of nothing that matters.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback

import pulumi
import pytest
from pulumi.runtime import resource as registering

from components import lean_sdk


def run(program: str) -> str:
    """
    What a fresh interpreter prints.
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_the_modules_that_are_used_are_loaded() -> None:
    """A service and its arguments come from their own modules; images and containers stay on the disk."""
    assert run(
        "import sys; from components import lean_sdk; lean_sdk.apply(); import pulumi_docker as docker;"
        "docker.ServiceTaskSpecArgs(container_spec=docker.ServiceTaskSpecContainerSpecArgs(image='x')); docker.Service;"
        "docker.NetworkArgs; docker.get_network;"
        "print(*sorted(name for name in sys.modules if name.startswith('pulumi_docker.')))"
    ).split() == [
        f"pulumi_docker.{name}" for name in ("_enums", "_inputs", "_utilities", "get_network", "network", "outputs", "service")
    ]


@pytest.mark.parametrize("package", lean_sdk.PACKAGES)
def test_every_public_name_is_found_where_it_is(package: str) -> None:
    """All classes and data sources that the whole package has are the same ones when they are loaded by need."""
    assert (
        run(
            f"import importlib, sys; whole = importlib.import_module('{package}');"
            "public = {k: v for k, v in vars(whole).items() if getattr(v, '__module__', '').startswith(whole.__name__ + '.')"
            " and not k.startswith('_') and not k.endswith('ArgsDict') and (k[0].isupper() or k.startswith('get_'))};"
            "modules = {k: v for k, v in sys.modules.items() if k.startswith(whole.__name__ + '.')};"
            "del sys.modules[whole.__name__]; from components import lean_sdk; lean_sdk.load_by_need(whole.__name__);"
            "lean = sys.modules[whole.__name__];"
            "print(len(public) > 50, [k for k, v in public.items() if getattr(lean, k, None) is not v])"
        )
        == "True []"
    )


def test_a_name_that_is_not_there_is_told_as_usual() -> None:
    """Misspelt classes are attribute errors, and an unknown package is no module."""
    program = "from components import lean_sdk; lean_sdk.apply(); import pulumi_hcloud; print(hasattr(pulumi_hcloud, 'Servr'))"
    assert run(program) == "False"
    with pytest.raises(ModuleNotFoundError):
        lean_sdk.load_by_need("pulumi_nothing")


def test_debug_messages_are_left_out_unless_they_are_wanted() -> None:
    """The messages that are for people are not touched, and a variable brings the others back."""
    program = (
        "{}import pulumi; before = pulumi.log.debug, pulumi.log.info; from components import lean_sdk; lean_sdk.apply();"
        "print(pulumi.log.debug is before[0], pulumi.log.info is before[1])"
    )
    assert run(program.format("")) == "False True"
    assert run(program.format(f"import os; os.environ['{lean_sdk.KEEP_DEBUG}'] = '1';")) == "True True"


def test_positions_are_those_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is told the same file and line for each frame, and nothing for frames without a file."""
    frames = [
        *traceback.extract_stack(),
        traceback.FrameSummary("<frozen runpy>", 1, "x"),
        traceback.FrameSummary("/a file/with spaces.py", 7, "x"),
    ]
    original = _original()
    assert [lean_sdk._position(frame) for frame in frames] == [original(frame) for frame in frames]
    assert callable(registering._get_source_position_for_frame)
    assert pulumi.log.info


def _original() -> object:
    """
    The SDK's own function, whatever was put in its place in this process.
    """
    import importlib.util

    spec = importlib.util.find_spec("pulumi.runtime.resource")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module._get_source_position_for_frame


async def _fail() -> None:
    raise ValueError("out of luck")


def test_waiting_ends_when_all_are_done_or_one_fails() -> None:
    """The SDK's loop sees a failure as early as before, and is not woken for each of the others."""

    async def scenario() -> None:
        slow = [asyncio.create_task(asyncio.sleep(0.001 * number)) for number in range(5)]
        done, pending = await lean_sdk._wait(slow, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(pending)) == (5, 0)

        never, failing = asyncio.create_task(asyncio.Event().wait()), asyncio.create_task(_fail())
        done, pending = await lean_sdk._wait([never, failing], return_when=asyncio.FIRST_COMPLETED)
        assert (done, pending) == ({failing}, {never})
        assert isinstance(failing.exception(), ValueError)
        never.cancel()

    asyncio.run(scenario())


def test_only_the_end_of_programs_waits_like_that() -> None:
    """The standard library itself is left as it is, and everything else of it is what the SDK's module sees."""
    assert (
        run(
            "import asyncio; before = asyncio.wait; from components import lean_sdk; lean_sdk.apply();"
            "from pulumi.runtime import stack;"
            "print(asyncio.wait is before, stack.asyncio.wait is lean_sdk._wait, stack.asyncio.sleep is asyncio.sleep)"
        )
        == "True True True"
    )
