"""
Reads and runs the seeded bad programs: Python files in place of `__main__.py`, and YAML files that change a committed stack.
"""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.preview import Result, preview

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "tests" / "cases" / "bad_programs"
PACKS = tuple(CHECKOUT / "policies" / name for name in ("security", "compliance"))
LEFT_OUT = (".flotilla", ".git", ".venv", "projects")


@dataclass(frozen=True)
class BadProgram:
    """
    `caught_by` is {rule: names of resources that it has to be found at}. A program takes the committed one's place; changes are
    merged into the stack's environment and secrets and into projects' files; projects have no releases there, which a preview
    is faster without, unless the program `is_served`.
    """

    path: Path
    stack: str
    caught_by: Mapping[str, list[str]]
    environment: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    projects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_served: bool = False

    def preview(self, keys: Path) -> Result:
        """
        What the engine says of it, with both packs.
        """
        if self.path.suffix == ".py":
            return preview(self.stack, packs=PACKS, program=self.path, keys=keys)
        with tempfile.TemporaryDirectory(prefix="flotilla-bad-") as folder:
            self._lay(Path(folder))
            return preview(self.stack, packs=PACKS, root=Path(folder), keys=keys)

    def _lay(self, root: Path) -> None:
        """
        A checkout with the changes in it, and everything else as it is.
        """
        file = f"Pulumi.{self.stack}.yaml"
        for entry in CHECKOUT.iterdir():
            if entry.name not in (*LEFT_OUT, file) and (self.is_served or entry.name != "releases"):
                (root / entry.name).symlink_to(entry)
        document = yaml.safe_load((CHECKOUT / file).read_text())
        for key, changes in (("flotilla:environment", self.environment), ("flotilla:secrets", self.secrets)):
            document["config"][key] = merged(document["config"][key], changes)
        (root / file).write_text(yaml.safe_dump(document, sort_keys=False))
        (root / "projects").mkdir()
        for path in (CHECKOUT / "projects").glob("*.yaml"):
            text = path.read_text()
            if path.stem in self.projects:
                text = yaml.safe_dump(merged(yaml.safe_load(text), self.projects[path.stem]), sort_keys=False)
            (root / "projects" / path.name).write_text(text)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """
    The mapping with the changes in it, mappings deep; null takes a key away.
    """
    result = {key: value for key, value in base.items() if changes.get(key, value) is not None}
    for key, change in changes.items():
        if isinstance(change, Mapping):
            result[key] = merged(base.get(key) or {}, change)
        elif change is not None:
            result[key] = change
    return result


def read(path: Path) -> BadProgram:
    """
    One of them. A program's `STACK` and `CAUGHT_BY` are read without running it.
    """
    text = path.read_text()
    if path.suffix == ".yaml":
        assert text.startswith("# "), f"{path.name} does not say what is wrong with it"
        return BadProgram(path, **yaml.load(text, _Plain))  # noqa: S506 - a safe loader that leaves dates alone
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{path.name} does not say what is wrong with it"
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    }
    return BadProgram(path, values.get("STACK", "production"), values["CAUGHT_BY"])


class _Plain(yaml.SafeLoader):
    """
    Dates stay text, as people write them.
    """


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

BAD_PROGRAMS = [read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in (".py", ".yaml")]
