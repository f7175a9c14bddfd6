"""
What is counted of containers: restarts are not updates, a kill counts once, and what cannot be asked is not made up.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "hosts" / "files" / "container_measures.py"


@pytest.fixture
def program() -> ModuleType:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("container_measures", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_numbers = itertools.count(1)


def container(place: str = "1", image: str = "a", **state: Any) -> dict[str, Any]:
    """One of the service `shop-web`, as Docker describes it."""
    number = str(next(_numbers))
    labels = {
        "com.docker.swarm.service.name": "shop-web",
        "com.docker.swarm.service.id": "s1",
        "com.docker.swarm.task": "",
        "com.docker.swarm.task.id": number,
        "com.docker.swarm.task.name": f"shop-web.{place}.{number}",
    }
    return {
        "Id": number,
        "Created": f"2026-11-26T00:00:00.{int(number):09d}Z",
        "Name": f"/shop-web.{place}.{number}",
        "Image": image,
        "Config": {"Labels": labels, "Env": ["A=1"], "Cmd": None, "Entrypoint": ["run"]},
        "HostConfig": {"Memory": 64 << 20, "NanoCpus": 0},
        "RestartCount": state.pop("restarts", 0),
        "State": {"Running": True, "OOMKilled": False, **state},
    }


def counts(program: ModuleType, *looks: list[dict[str, Any]]) -> tuple[int, int]:
    """(restarts, kills) after these looks, one after the other."""
    state: dict[str, Any] = {}
    for found in looks:
        state = program.counted(state, found)
    return state["restarts"]["shop-web"], state["kills"]["shop-web"]


def ended(one: dict[str, Any], **state: Any) -> dict[str, Any]:
    return {**one, "State": {**one["State"], "Running": False, **state}}


def test_what_was_there_before_the_first_look_is_no_restart(program: ModuleType) -> None:
    """Nobody knows why the ended one ended."""
    assert counts(program, [ended(container(), OOMKilled=True), container()]) == (0, 0)


def test_a_container_in_the_place_of_another_of_the_same_making_is_a_restart(program: ModuleType) -> None:
    """Each counts once, however often it is seen, and also when several came between two looks."""
    first, second, third = container(), container(), container()

    assert counts(program, [first], [ended(first), second], [ended(first), second]) == (1, 0)
    assert counts(program, [first], [ended(first), ended(second), third]) == (2, 0)


def test_an_update_and_a_further_replica_are_no_restart(program: ModuleType) -> None:
    """The one has another image, the other another place."""
    first = container()

    assert counts(program, [first], [ended(first), container(image="b")]) == (0, 0)
    assert counts(program, [first], [first, container(place="2")]) == (0, 0)


def test_a_job_that_runs_again_is_no_restart(program: ModuleType) -> None:
    """Its service, and with it its container, was gone in between."""
    assert counts(program, [container()], [container(place="2")], [container()]) == (0, 0)


def test_a_kill_for_want_of_memory_counts_once(program: ModuleType) -> None:
    """And the container that took its place is a restart."""
    first = container()
    killed = ended(first, OOMKilled=True)

    assert counts(program, [first], [killed], [killed, container()], [killed]) == (1, 1)


def test_dockers_own_restarts_count(program: ModuleType) -> None:
    """Of containers that Docker itself starts again."""
    first = container()

    assert counts(program, [first], [{**first, "RestartCount": 2}], [{**first, "RestartCount": 3}]) == (3, 0)


def test_services_that_are_gone_are_forgotten(program: ModuleType) -> None:
    """The state does not grow for ever."""
    state = program.counted(program.counted({}, [container()]), [])

    assert state == {"restarts": {}, "kills": {}, "seen": {}, "killed": [], "places": {}}


def test_memory_is_what_cannot_be_given_back(program: ModuleType) -> None:
    """Under both versions of control groups; one that does not run, or has no figures, has none."""
    for name in ("inactive_file", "total_inactive_file"):
        stats = {"memory_stats": {"usage": 1000, "stats": {name: 300}}}
        assert program.memory({**container(), "Stats": stats}) == 700
    assert program.memory({**container(), "Stats": None}) is None
    assert program.memory({**container(), "Stats": {"memory_stats": {}}}) is None


def test_measures_are_in_prometheus_format(program: ModuleType) -> None:
    """With the service's name as it is, however hostile; no limit is no figure."""
    one = {**container(), "Stats": {"memory_stats": {"usage": 1000}}}
    other = {**container(), "Name": '/a"b\\c', "HostConfig": {"Memory": 0}, "Stats": one["Stats"]}
    other["Config"] = {**other["Config"], "Labels": {}}
    found = [one, other]
    text = program.text(program.counted({}, found), found)

    assert 'flotilla_container_restarts_total{service="shop-web"} 0\n' in text
    assert 'flotilla_container_memory_bytes{service="shop-web",slot="1"} 1000\n' in text
    assert 'flotilla_container_memory_bytes{service="a\\"b\\\\c"} 1000\n' in text
    assert text.count("\nflotilla_container_memory_limit_bytes{") == 1


def test_a_silent_docker_leaves_no_old_measures(tmp_path: Path) -> None:
    """Unknown is not what it was a minute ago: the file goes, and the unit fails."""
    output = tmp_path / "containers.prom"
    output.write_text("old 1\n")
    source = PROGRAM.read_text().replace('"/run/docker.sock"', repr(str(tmp_path / "nothing.sock")))
    done = subprocess.run(
        [sys.executable, "-I", "-c", source, str(output)],
        env={**os.environ, "STATE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "Docker cannot be asked" in done.stderr
    assert not output.exists()
