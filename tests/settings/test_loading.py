"""
Loading settings that are right.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from ops.errors import SettingsError
from settings import Role, Strategy, load, read_stack_config
from settings.values import is_name

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "ab" * 32
IMAGE = f"registry.flotilla.test:5000/guestbook@{DIGEST}"


@pytest.mark.parametrize(
    ("stack", "hostname"),
    [
        ("local", "guestbook.flotilla.test"),
        ("staging", "guestbook.staging.example.com"),
        ("production", "guestbook.example.com"),
    ],
)
def test_committed_stacks_are_valid(stack: str, hostname: str) -> None:
    """Each committed stack loads, and puts the guestbook under its own domain."""
    settings = load(stack, ROOT, read_stack_config(ROOT, stack))
    guestbook = settings.projects["guestbook"]
    assert settings.environment.name == stack
    assert settings.hostnames(guestbook) == (hostname,)
    assert guestbook.strategy is Strategy.BLUE_GREEN


def test_served_and_unserved_projects(checkout) -> None:
    """A project with a release is served; one without is no mistake, and is visible as not served yet."""
    checkout.add_project("guestbook")
    checkout.add_project("shop")
    checkout.add_releases(guestbook={"serving": [{"image": IMAGE, "slot": "b"}]})
    settings = checkout.load()
    [(project, releases)] = settings.served
    assert (project.name, releases.main.short_digest, releases.main.slot) == ("guestbook", "abababab", "b")
    assert settings.unserved == ("shop",)


def test_nothing_but_an_environment_is_enough(checkout) -> None:
    """A new fleet has neither projects nor releases."""
    settings = checkout.load()
    assert (settings.served, settings.unserved, settings.releases.platform) == ((), (), None)
    assert set(settings.environment.pools(Role.INGRESS)) == {"app"}
    assert settings.environment.servers["app"].hardware.memory_gb == 4


def test_settings_never_change(checkout) -> None:
    """Loaded models are frozen."""
    settings = checkout.load()
    with pytest.raises(ValidationError, match="frozen"):
        settings.environment.domain = "example.com"


def test_config_counts_not_the_file(checkout) -> None:
    """The given configuration is used even if the stack's file says something else, as with `pulumi up --config`."""
    checkout.load()
    changed = {"environment": checkout.environment | {"domain": "eu.flotilla.test"}}
    assert load("local", checkout.root, changed).environment.domain == "eu.flotilla.test"


def test_only_the_own_namespace_is_read(checkout) -> None:
    """Other namespaces and the engine's own keys in the stack's file are left alone."""
    checkout.write(
        "Pulumi.local.yaml", {"encryptionsalt": "v1:x", "config": {"hcloud:token": {"secure": "x"}, "flotilla:a": 1}}
    )
    assert read_stack_config(checkout.root, "local") == {"a": 1}


def test_unknown_stack_is_named(checkout) -> None:
    """A stack without a file is one clear error."""
    with pytest.raises(SettingsError, match=r"Pulumi\.nowhere\.yaml: there is no such file\. Nothing was changed\."):
        read_stack_config(checkout.root, "nowhere")


@pytest.mark.parametrize("stack", ["../local", "local\n", "", "Local", "a" * 41, "loc al"])
def test_stack_name_never_becomes_a_path(checkout, stack: str) -> None:
    """What is not a plain name is refused before any file is touched."""
    for attempt in (lambda: load(stack, checkout.root, {}), lambda: read_stack_config(checkout.root, stack)):
        with pytest.raises(SettingsError, match="not the name of a stack"):
            attempt()


def test_editors_leftovers_are_no_projects(checkout) -> None:
    """Hidden files in projects/ are ignored."""
    checkout.write("projects/._guestbook.yaml", b"\x00\x05")
    assert checkout.load().projects == {}


def test_import_is_light() -> None:
    """Importing settings brings in neither Pulumi nor any client: every command pays for it."""
    code = "import sys; from settings import load; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert not set(loaded) & {"pulumi", "grpc", "google", "hcloud", "docker", "requests", "httpx", "asyncio", "typer", "rich"}


def test_names_are_dns_labels() -> None:
    """A name is a letter, then letters, digits and hyphens, 40 characters at most, no hyphen at the end."""
    accepted = ["a", "a1", "shop-web", "a" * 40]
    refused = ["", "1a", "-a", "a-", "A", "a_b", "a.b", "a" * 41, "ä", "a\n"]
    judged = SimpleNamespace(
        accepted=[name for name in accepted if is_name(name)], refused=[name for name in refused if not is_name(name)]
    )
    assert (judged.accepted, judged.refused) == (accepted, refused)
