"""
Both policy packs on the real engine: every seeded bad program is caught, and the committed stacks are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from policies.catalog import packs
from policies.framework import Level
from policies.framework.judge import WAIVER_RULES
from sandbox.preview import POLICY_VIOLATION, Result, make_keys, preview
from tests.integration.bad_programs import BAD_PROGRAMS, PACKS, BadProgram

# An engine with its program and two packs keeps about one core busy.
AT_ONCE = 2
RULES = {rule.id: rule for rule in (*(rule for pack in packs() for rule in pack.rules), *WAIVER_RULES)}
STACKS = ("local", "staging", "production")

each_bad_program = pytest.mark.parametrize("bad", BAD_PROGRAMS, ids=lambda bad: bad.path.stem)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Throw-away keys for all previews."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def results(keys: Path) -> Mapping[Path, Result]:
    """What the engine said of each bad program."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda bad: bad.preview(keys), BAD_PROGRAMS)
        return {bad.path: result for bad, result in zip(BAD_PROGRAMS, found, strict=True)}


def stopping(result: Result) -> dict[str, list[str]]:
    """
    What stops the preview: {rule: names of the resources}.
    """
    found: dict[str, list[str]] = {}
    for violation in result.violations:
        if violation.level == "mandatory":
            found.setdefault(violation.policy, []).append(violation.urn.rpartition("::")[2])
    return found


@each_bad_program
def test_a_bad_program_is_caught(bad: BadProgram, results: Mapping[Path, Result]) -> None:
    """The preview stops with an exit code of its own, by just the rules that the program names, at the resources it names."""
    result = results[bad.path]
    assert result.exit_code == POLICY_VIOLATION, result.output
    found = stopping(result)
    assert found.keys() == bad.caught_by.keys(), result.output
    for rule, resources in bad.caught_by.items():
        assert set(resources) <= set(found[rule]), rule


@each_bad_program
def test_what_people_read_names_rule_resource_and_remedy(bad: BadProgram, results: Mapping[Path, Result]) -> None:
    """Each line of the engine's report says what was not held, by what, and what to do about it."""
    result = results[bad.path]
    output = " ".join(result.output.split())
    for violation in result.violations:
        rule, name = RULES[violation.policy], violation.urn.rpartition("::")[2]
        assert " ".join(rule.description.split()) in output
        assert rule.id in output
        if rule not in WAIVER_RULES:
            assert f"{name}: " in violation.message
        if violation.level == "mandatory":
            assert violation.message.endswith(rule.remediation)


def test_what_can_be_remedied_is_remedied(results: Mapping[Path, Result]) -> None:
    """The engine goes on with the labels and the protection that the packs add, and no rule finds them missing."""
    [result] = [results[bad.path] for bad in BAD_PROGRAMS if bad.path.stem == "volume_unprotected"]
    [volume] = [step for step in result.steps if step.name == "accounts"]
    assert volume.inputs["labels"] == {"managed-by": "flotilla", "environment": "production"}
    assert volume.inputs["deleteProtection"] is True
    for rule in ("labels-known", "volume-delete-protection"):
        assert rule in result.output


def test_there_are_enough_of_them() -> None:
    """At least 24 programs, at least 8 of each kind, with every mandatory subject of both packs among what they name."""
    kinds = [bad.path.suffix for bad in BAD_PROGRAMS]
    named = {rule for bad in BAD_PROGRAMS for rule in bad.caught_by}
    assert len(BAD_PROGRAMS) >= 24
    assert min(kinds.count(".py"), kinds.count(".yaml")) >= 8
    assert named <= RULES.keys()
    assert all(RULES[rule].level is not Level.ADVISORY for rule in named)
    for pack in packs():
        assert len(named & {rule.id for rule in pack.rules}) >= 10, pack.name


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stacks_hold_every_policy(stack: str, keys: Path) -> None:
    """No false alarm, not even advice, over the whole sample fleet; and nothing has to be remedied."""
    result = preview(stack, packs=PACKS, keys=keys)
    assert result.violations == [], result.output
    assert result.exit_code == 0, result.output
    assert len(result.steps) > 50
