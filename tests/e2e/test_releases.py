"""
Releases by their commands, on the fleet: out, failing, back, compared, with hooks; and what servers keep of them.

The tests build on one another, in the order in which they stand.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests import killed_apply
from tests.e2e.conftest import Fleet, changed, run_docker, visitors

SITE = "https://guestbook.flotilla.test"
DEPLOY = ". ./env.sh && exec flotilla deploy guestbook --image :{tag}"
BROKEN = 'CMD ["/bin/sh", "-c", "echo the engine is on fire >&2; exit 9"]\n'


@pytest.fixture(scope="module")
def tags(fleet: Fleet) -> Iterator[dict[str, str]]:
    """
    Images of the guestbook in the registry, {tag: digest}: two that serve, and one that never gets healthy.
    """
    block = json.loads((fleet.checkout / ".flotilla/instance.json").read_text())["block"]
    repository = f"127.10.{block}.1:5000/guestbook"
    made = {}
    for tag, further in (("one", ""), ("two", ""), ("broken", BROKEN)):
        name = f"{repository}:{tag}"
        dockerfile = f"FROM {repository}:current\nLABEL org.opencontainers.image.revision={tag}\n{further}"
        subprocess.run(["docker", "build", "-q", "-t", name, "-"], input=dockerfile, text=True, check=True, capture_output=True)
        subprocess.run(["docker", "push", "-q", name], check=True, capture_output=True)
        inspect = ["docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", name]
        made[tag] = subprocess.run(inspect, text=True, check=True, capture_output=True).stdout.strip().rpartition("@")[2]
    yield made
    for tag in made:
        subprocess.run(["docker", "image", "rm", f"{repository}:{tag}"], check=True, capture_output=True)


def flotilla(fleet: Fleet, command: str, *, code: int = 0) -> Any:
    """What a command says with --json; with another exit code, everything that it printed."""
    result = fleet.run(f"flotilla {command} --json", check=False)
    assert result.returncode == code, result.stdout + result.stderr
    return json.loads(result.stdout) if code == 0 else result.stdout + result.stderr


def serving(fleet: Fleet) -> str:
    (release,) = fleet.outputs()["projects"]["guestbook"]["releases"]
    return str(release["images"]["web"]).rpartition("@")[2]


def others(fleet: Fleet) -> dict[str, Any]:
    """The state of everything that is not the guestbook's, secrets in plain, without when it was touched."""
    state = json.loads(fleet.run("pulumi stack export -s local --show-secrets").stdout)["deployment"]["resources"]
    kept = [row for row in state if "guestbook" not in row["urn"].rpartition("::")[2] and row["type"] != "pulumi:pulumi:Stack"]
    return {row["urn"]: {key: row.get(key) for key in ("id", "inputs", "outputs", "modified")} for row in kept}


def test_a_tag_is_deployed_by_its_digest_and_nothing_else_is_touched(fleet: Fleet, tags: dict[str, str]) -> None:
    """The release takes over without a lost request; resources of others stay, down to their last change."""
    before = others(fleet)
    with visitors(fleet, f"{SITE}/up") as seen:
        report = flotilla(fleet, "deploy guestbook --image :one")

    assert report["status"] == "done"
    assert serving(fleet) == tags["one"]
    assert set(seen) == {"200"}, seen
    assert others(fleet) == before
    assert flotilla(fleet, "deploy guestbook --image :one")["status"] == "nothing to do"


def test_an_image_that_is_never_healthy_fails_and_everything_is_as_before(fleet: Fleet, tags: dict[str, str]) -> None:
    """Exit code 1, with the container's own words; the release file is put back, and nothing is pending."""
    releases = fleet.checkout / "releases/local.yaml"
    kept = releases.read_text()
    with visitors(fleet, f"{SITE}/up") as seen:
        shown = flotilla(fleet, "deploy guestbook --image :broken", code=1)

    assert "the engine is on fire" in shown
    assert "Undone: release file, serve as before" in shown
    assert set(seen) == {"200"}, seen
    assert releases.read_text() == kept
    assert serving(fleet) == tags["one"]
    assert fleet.preview() == []


@pytest.mark.parametrize("reference", [":no-such-tag", "ledger:current", "'; id'", f"@sha256:{'0' * 64}"])
def test_an_image_that_there_is_not_changes_nothing(fleet: Fleet, tags: dict[str, str], reference: str) -> None:
    """Exit code 2, before anything is written."""
    assert "Nothing was done" in flotilla(fleet, f"deploy guestbook --image {reference}", code=2)


def test_hooks_run_around_a_release_and_one_before_stops_it(fleet: Fleet, tags: dict[str, str]) -> None:
    """A failing hook before changes nothing; a failing one after is noted."""
    project = fleet.checkout / "projects/guestbook.yaml"
    with changed(project, "\nslo:", "\nhooks:\n  before_deploy: [['false']]\n\nslo:"):
        assert "hook before guestbook: false" in flotilla(fleet, "deploy guestbook --image :two", code=1)
    assert serving(fleet) == tags["one"]

    hooks = "\nhooks:\n  before_deploy: [[printenv, FLOTILLA_IMAGE]]\n  after_deploy: [['false']]\n\nslo:"
    with changed(project, "\nslo:", hooks):
        report = flotilla(fleet, "deploy guestbook --image :two")
    told = {row["name"]: (row["status"], row["detail"]) for row in report["steps"]}
    assert told["hook before guestbook: printenv"][1].endswith(f"guestbook@{tags['two']}")
    assert told["hook after guestbook: false"][0] == "failed"
    assert report["status"] == "done"
    assert serving(fleet) == tags["two"]


def test_releases_are_listed_and_compared(fleet: Fleet, tags: dict[str, str]) -> None:
    """With the numbers that rollback takes, and the labels of images."""
    rows = flotilla(fleet, "release list guestbook")["releases"]
    assert [(row["number"], row["release"]) for row in rows[:2]] == [
        ("0", tags["two"].partition(":")[2][:8]),
        ("1", tags["one"].partition(":")[2][:8]),
    ]
    found = {row["what"]: (row["first"], row["second"]) for row in flotilla(fleet, "release diff guestbook")["differences"]}
    assert found["image label org.opencontainers.image.revision"] == ("one", "two")


def test_servers_keep_what_one_can_go_back_to(fleet: Fleet, tags: dict[str, str]) -> None:
    """The server's own list has what serves and what served, and the timer's service leaves them."""
    look = "flotilla host ssh -s local app-1 -- cat /etc/flotilla/kept/guestbook.json"
    kept = [image.rpartition("@")[2] for image in json.loads(fleet.run(look).stdout)]
    assert {tags["one"], tags["two"]} <= set(kept)
    assert tags["broken"] not in kept

    fleet.run("flotilla host ssh -s local app-1 -- systemctl start flotilla-prune.service")
    left = fleet.run("flotilla host ssh -s local app-1 -- docker image ls --digests --no-trunc").stdout
    assert tags["one"] in left


def test_rollback_serves_the_release_before(fleet: Fleet, tags: dict[str, str]) -> None:
    """Without a lost request."""
    with visitors(fleet, f"{SITE}/up") as seen:
        flotilla(fleet, "rollback guestbook")

    assert serving(fleet) == tags["one"]
    assert set(seen) == {"200"}, seen
    assert "Nothing was done" in flotilla(fleet, "rollback guestbook --to 19", code=2)


@pytest.mark.parametrize(("tag", "after_s", "with_engine"), [("two", 6, True), ("one", 9, False)])
def test_a_killed_deployment_completes_when_it_is_repeated(
    fleet: Fleet, tags: dict[str, str], tag: str, after_s: float, with_engine: bool
) -> None:
    """`kill -9`, of all or of `flotilla` alone: the old release serves on, and the same command brings the new one out."""
    with visitors(fleet, f"{SITE}/up") as seen:
        process = killed_apply.start(fleet, DEPLOY.format(tag=tag))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        assert killed_apply.kill(process, with_engine=with_engine)
        flotilla(fleet, f"deploy guestbook --image :{tag}")

    assert serving(fleet) == tags[tag]
    assert set(seen) == {"200"}, seen
    assert not killed_apply.deployment_of(fleet).get("pending_operations")
    assert fleet.preview() == []


def test_what_serves_in_one_environment_is_promoted_to_another(fleet: Fleet, tags: dict[str, str]) -> None:
    """The very digest that the other one's release file names; a second time there is nothing to do."""
    staging = fleet.checkout / "releases/staging.yaml"
    (digest,) = re.findall(r"/guestbook@(\S+)", staging.read_text())
    promote = "env promote guestbook --from staging --to local"
    with changed(staging, digest, tags["two"]):
        assert "this is important" in flotilla(fleet, promote, code=3)
        assert flotilla(fleet, f"{promote} --approve important --reason test")["status"] == "done"
        assert serving(fleet) == tags["two"]
        assert flotilla(fleet, promote)["status"] == "nothing to do"


def test_a_release_whose_image_is_gone_is_not_gone_back_to(fleet: Fleet, tags: dict[str, str]) -> None:
    """The error names the image, and what serves goes on."""
    instance = json.loads((fleet.checkout / ".flotilla/instance.json").read_text())["id"]
    digest = tags["one"].partition(":")[2]
    kept = "/var/lib/docker-registry/docker/registry/v2/repositories/guestbook/_manifests/revisions/sha256"
    run_docker(["exec", f"flotilla-{instance}-registry", "rm", "-r", f"{kept}/{digest}"])

    assert f"{digest}: it is gone from the registry" in flotilla(fleet, "rollback guestbook", code=1)
    assert serving(fleet) == tags["two"]
