"""
A dossier that somebody keeps: written anew after what changes its stack, and never in the way of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from ops.confirm import Approval, Level
from ops.dossier import dossier, keeping
from ops.dossier.collect import Sources
from ops.errors import FlotillaError
from ops.mutation import Operation, mutate
from ops.steps import Sequential, Step
from tests.conftest import Checkout

STACK = "production"
FOLDER = f"docs/generated/{STACK}"


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def kept(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout under version control, with the dossier of what runs, and something else that is staged."""
    root = checkout.root
    engine = root / "bin" / "pulumi"
    engine.parent.mkdir()
    engine.write_text(f'#!/bin/sh\necho \'{{"version": 2, "environment": {{"stack": "{STACK}"}}}}\'\n')
    engine.chmod(0o755)
    (root / "env.sh").write_text(f"export PULUMI_BACKEND_URL=file://{root}/state PATH={engine.parent}:$PATH\n")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.com")
    dossier.write(dossier.make(root, STACK))
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "begin")
    (root / "other").write_text("somebody's work\n")
    (root / FOLDER / "notes.md").write_text("somebody's notes\n")
    git(root, "add", "other")
    return root


def settings_change(root: Path) -> None:
    """
    Servers are at another place.
    """
    path = root / f"Pulumi.{STACK}.yaml"
    text = path.read_text()
    assert "location: fsn1" in text
    path.write_text(text.replace("location: fsn1", "location: hel1"))


def test_nothing_is_written_where_no_dossier_is_kept(checkout: Checkout) -> None:
    """Having one begins with writing one."""
    (checkout.root / FOLDER).mkdir(parents=True)

    assert keeping.afterwards(checkout.root, STACK, "apply") is None


def test_one_of_the_settings_alone_is_left_as_it_is(checkout: Checkout) -> None:
    """No operation changes what it tells of."""
    dossier.write(dossier.make(checkout.root, STACK, sources=Sources(is_declared=True)))

    assert keeping.afterwards(checkout.root, STACK, "apply") is None


def test_what_is_kept_is_written_anew_and_committed(kept: Path) -> None:
    """Within a second, of the same sources, as one commit of its files: nobody else's are in it, and nothing is left over."""
    settings_change(kept)
    began = time.process_time()
    told = keeping.renew(kept, STACK, "apply")
    assert time.process_time() - began < 1

    assert "files changed, commit" in told
    assert dossier.make(kept, STACK).changes == []
    shown = git(kept, "show", "--name-only", "--format=%s", "HEAD").split("\n\n")
    assert shown[0] == f"Write the dossier of {STACK} anew, after `flotilla apply`"
    assert shown[1].split() != [] and all(path.startswith(f"{FOLDER}/") for path in shown[1].split())
    left = git(kept, "status", "--porcelain").splitlines()
    assert left == [f" M Pulumi.{STACK}.yaml", "A  other", f"?? {FOLDER}/notes.md"]
    assert keeping.renew(kept, STACK, "apply") == f"{FOLDER} is as it was"


def test_what_git_does_not_have_is_only_written(kept: Path) -> None:
    """As the sandbox's is."""
    git(kept, "rm", "-r", "--quiet", "--cached", FOLDER)
    git(kept, "commit", "--quiet", "-m", "without")
    settings_change(kept)

    assert keeping.renew(kept, STACK, "apply").endswith("files changed")
    assert git(kept, "log", "-1", "--format=%s") == "without\n"


def test_a_folder_that_cannot_be_written_to_is_left_alone(kept: Path) -> None:
    """Such as in a checkout of somebody else."""
    settings_change(kept)
    (kept / FOLDER).chmod(0o555)
    child = os.fork()
    if not child:  # root may write everywhere, so this one is somebody else, and finds its way from where it stands
        os.chdir(kept)
        if os.geteuid() == 0:
            os.setuid(65534)
        told = keeping.renew(Path(), STACK, "apply")
        os._exit(0 if told == f"{FOLDER} cannot be written to from here, and is as it was" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_good_operation_stays_good(kept: Path) -> None:
    """No engine says what there is now: the dossier is as it was, the report and the next steps say so, and it is done."""
    pages = {path: path.read_bytes() for path in (kept / FOLDER).rglob("*") if path.is_file()}
    (kept / "env.sh").write_text(f"export PULUMI_BACKEND_URL=file://{kept}/state PATH=/usr/bin:/bin\n")
    with pytest.raises(FlotillaError, match="engine is not there"):
        keeping.renew(kept, STACK, "apply")
    steps = Sequential(steps=(Step(name="update", run=lambda _: None),))
    after = keeping.afterwards(kept, STACK, "apply")

    found = mutate(
        kept,
        Operation(name="apply", what="Apply it", level=Level.STANDARD, stack=STACK, steps=steps, afterwards=after),
        Approval(),
    )

    assert found["status"] == "done"
    assert [row["status"] for row in found["steps"]] == ["done", "failed"]
    assert f"{FOLDER}: it is as it was: pulumi: the engine is not there" in found["next_steps"][0]
    assert json.loads((kept / found["report"]).read_text()) == found
    assert {path: path.read_bytes() for path in (kept / FOLDER).rglob("*") if path.is_file()} == pages
