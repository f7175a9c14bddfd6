"""
Which images the sandbox builds, from what, and when it need not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.errors import SettingsError
from sandbox import publish
from sandbox.project_images import ProjectImage, by_folder, images_of
from sandbox.publications import Publications
from settings import Project
from settings.release import Releases
from settings.releases import load_releases, with_platform, with_release, write_releases

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "0123456789abcdef" * 4


def project(name: str, **changes: Any) -> Project:
    document = yaml.safe_load((ROOT / f"projects/{name}.yaml").read_text())
    return Project.model_validate(document | changes)


@pytest.fixture
def image(tmp_path: Path) -> ProjectImage:
    (tmp_path / "Dockerfile").write_text("FROM base AS build\nRUN make\nFROM base AS web\nFROM base as static\n")
    (tmp_path / ".dockerignore").write_text("# what may come\n**\n!app.py\n")
    (tmp_path / "app.py").write_text("print()\n")
    return ProjectImage(project="a", process="web", repository="a", folder=tmp_path)


def test_each_repository_of_the_fleet_is_one_image() -> None:
    """The ledger's five processes share one image, the journal's two have one each, of stages called like them."""
    assert [image.repository for image in images_of(project("ledger"), ROOT)] == ["ledger"]
    assert images_of(project("ledger"), ROOT)[0].stage() is None
    journal = images_of(project("journal"), ROOT)
    assert [(image.repository, image.process, image.stage()) for image in journal] == [
        ("journal", "static", "static"),
        ("journal-api", "api", "api"),
    ]
    assert by_folder([*journal, *images_of(project("guestbook"), ROOT)]) == [journal, images_of(project("guestbook"), ROOT)]


@pytest.mark.parametrize("changes", [{"source": None}, {"image": "registry.example.com/journal"}])
def test_a_release_is_built_whole_or_not_at_all(changes: dict[str, Any]) -> None:
    """A project with one image that is made elsewhere has no release of the sandbox's making."""
    assert images_of(project("journal", **changes), ROOT) == []


def test_inputs_are_what_the_build_is_given(image: ProjectImage) -> None:
    """What the build does not get changes nothing; content, the Dockerfile, what is ignored and the stage do."""
    before = image.inputs()
    (image.folder / "notes.txt").write_text("not for the build")
    assert image.inputs() == before
    seen = {before, ProjectImage(project="a", process="static", repository="a", folder=image.folder).inputs()}
    for name, text in (("app.py", "print(1)\n"), ("Dockerfile", "FROM base\n"), (".dockerignore", "*.md\n")):
        (image.folder / name).write_text(text)
        seen.add(image.inputs())
    assert len(seen) == 5


def test_the_last_stage_is_built_where_none_is_called_like_the_process(image: ProjectImage) -> None:
    """A stage counts whatever the case of its `AS`."""
    assert image.stage() == "web"
    (image.folder / "Dockerfile").write_text("FROM base as runtime\n")
    assert image.stage() is None


def test_a_source_without_dockerfile_is_named(image: ProjectImage) -> None:
    """The error says which project, which file, and what to do."""
    (image.folder / "Dockerfile").unlink()
    with pytest.raises(
        SettingsError, match=r"projects/a\.yaml: source: .*/Dockerfile does not exist\. Nothing was published\."
    ):
        image.inputs()


def test_what_was_published_is_remembered(tmp_path: Path) -> None:
    """Only for the same inputs, also by the next command; a damaged file is as good as none."""
    Publications(tmp_path).note("a", "inputs", "registry/a@sha256:1")
    remembered = Publications(tmp_path)
    assert remembered.find("a", "inputs") == "registry/a@sha256:1"
    assert remembered.find("a", "others") is None
    assert remembered.find("b", "inputs") is None
    for damage in ("{", "[]", '{"a": 1}'):
        (tmp_path / "published.json").write_text(damage)
        assert Publications(tmp_path).find("a", "inputs") is None


def copy_settings(root: Path) -> None:
    for name in ["Pulumi.local.yaml", *(f"projects/{path.name}" for path in (ROOT / "projects").glob("*.yaml"))]:
        (root / name).parent.mkdir(exist_ok=True)
        text = (ROOT / name).read_text()
        (root / name).write_text(text)
    for stack in ("staging", "production"):
        (root / f"Pulumi.{stack}.yaml").write_text((ROOT / f"Pulumi.{stack}.yaml").read_text())


def test_releases_of_other_images_are_forgotten(tmp_path: Path) -> None:
    """A project that is gone, and one that has another set of images by now, do not stand in the way of publishing."""
    copy_settings(tmp_path)
    host = "registry.flotilla.test:5000"
    releases = with_platform(Releases(), *(f"{host}/{name}@{DIGEST}" for name in ("caddy", "haproxy")))
    for name in ("guestbook", "journal", "gone"):
        releases = with_release(releases, name, f"{host}/{name}@{DIGEST}")
    write_releases(tmp_path / "releases/local.yaml", releases)

    settings = publish.check(tmp_path)

    assert set(load_releases(tmp_path / "releases/local.yaml").projects) == {"guestbook"}
    assert set(settings.projects) == {"guestbook", "journal", "ledger"}


def test_a_project_with_mistakes_keeps_its_releases(tmp_path: Path) -> None:
    """The mistake is told; what is served is not forgotten over it."""
    copy_settings(tmp_path)
    host = "registry.flotilla.test:5000"
    releases = with_platform(Releases(), *(f"{host}/{name}@{DIGEST}" for name in ("caddy", "haproxy")))
    write_releases(tmp_path / "releases/local.yaml", with_release(releases, "ledger", f"{host}/ledger@{DIGEST}"))
    (tmp_path / "projects/ledger.yaml").write_text("name: ledger\n")

    with pytest.raises(SettingsError, match="ledger"):
        publish.check(tmp_path)

    assert set(load_releases(tmp_path / "releases/local.yaml").projects) == {"ledger"}
