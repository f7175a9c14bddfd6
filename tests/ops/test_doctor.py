"""
What the doctor says of a machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops import doctor
from ops.doctor import Finding, State
from ops.errors import MissingToolError

SECRET = "s3cr3t-canary"


def _by_subject(findings: object) -> dict[str, Finding]:
    return {finding.subject: finding for finding in findings}  # type: ignore[attr-defined]


def test_credentials_are_reported_but_never_shown() -> None:
    """Whether a token is set is said; what it is, is not."""
    found = list(doctor.credentials({"HCLOUD_TOKEN": SECRET, "PULUMI_CONFIG_PASSPHRASE": SECRET}))
    states = {finding.subject: finding.state for finding in found}
    assert states == {"HCLOUD_TOKEN": State.OK, "CLOUDFLARE_API_TOKEN": State.ATTENTION, "passphrase": State.OK}
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("address", "state", "fact"),
    [
        ("", State.ATTENTION, "not set up"),
        ("file:///checkout/.flotilla/pulumi", State.OK, "the sandbox's"),
        (f"postgres://user:{SECRET}@db.example.com/state?token={SECRET}", State.OK, "postgres://db.example.com/state"),
        ("https://api.example.com", State.OK, "your own"),
    ],
)
def test_backend_is_named_without_its_secrets(address: str, state: State, fact: str) -> None:
    """The sandbox's backend, somebody's own, or none; user, password and parameters are left out."""
    (found,) = doctor.backend(Path("/checkout"), {"PULUMI_BACKEND_URL": address})
    assert found.state is state
    assert fact in found.fact
    assert SECRET not in str(found)


def test_missing_tools_come_with_the_way_to_get_them(tmp_path: Path) -> None:
    """On an empty PATH, what is needed is missing, what is only useful is not, and each says what to do."""
    found = _by_subject(doctor.tools({"PATH": str(tmp_path)}))
    assert found["ssh"].state is State.MISSING
    assert found["go"].state is State.ATTENTION
    assert all(finding.fix for finding in found.values() if finding.state is not State.OK)


def test_tool_that_does_not_run_is_missing(tmp_path: Path) -> None:
    """A file of the right name is not enough: it has to answer."""
    (tmp_path / "git").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "git").chmod(0o755)
    found = _by_subject(doctor.tools({"PATH": str(tmp_path)}))
    assert found["git"].state is State.MISSING
    assert "ends with 3" in found["git"].fact


def test_plugins_are_looked_for_at_the_installed_versions(tmp_path: Path) -> None:
    """A plugin that is there and runs is ok; the others are missing with their place."""
    home = tmp_path / "home"
    before = _by_subject(doctor.plugins(tmp_path, {"PULUMI_HOME": str(home)}))
    assert {finding.state for finding in before.values()} == {State.MISSING}
    place = Path(before["plugin docker"].fact.removesuffix(" is not there"))
    place.parent.mkdir(parents=True)
    shutil.copy("/bin/true", place)
    after = _by_subject(doctor.plugins(tmp_path, {"PULUMI_HOME": str(home)}))
    assert [subject for subject, finding in after.items() if finding.state is State.OK] == ["plugin docker"]


def test_engine_of_the_checkout_comes_before_the_one_on_path(tmp_path: Path) -> None:
    """What `make setup` made is what counts."""
    folder = tmp_path / ".flotilla" / "toolchain" / "bin"
    other = tmp_path / "elsewhere"
    for place, version in ((folder, "v3.259.0"), (other, "v1.0.0")):
        place.mkdir(parents=True)
        for name in ("pulumi", "pulumi-language-python"):
            (place / name).write_text(f"#!/bin/sh\necho {version}\n")
            (place / name).chmod(0o755)
    found = _by_subject(doctor.engine(tmp_path, {"PATH": f"{other}:/bin:/usr/bin"}))
    assert found["pulumi"].fact == "v3.259.0"
    assert found["language host"].fact == str(folder / "pulumi-language-python")


def test_docker_that_does_not_answer_is_not_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DOCKER_HOST without a daemon is missing, whoever asks: it is the user's own choice."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    (found,) = doctor.docker()
    assert found.state is State.MISSING
    assert found.fix


def test_nearly_full_disk_is_missing_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is free, and how much more is needed."""
    monkeypatch.setattr(doctor, "NEEDED_GB", 10**9)
    (found,) = doctor.disk(tmp_path)
    assert found.state is State.MISSING
    assert "GB more" in found.fix


def test_only_what_is_needed_makes_the_doctor_fail() -> None:
    """Exit code 7 names everything that is missing; what only needs attention is no failure."""
    fine = [Finding("go", State.ATTENTION, "not found"), Finding("git", State.OK, "2")]
    doctor.require(fine)
    with pytest.raises(MissingToolError, match=r"^ssh, pulumi: missing") as caught:
        doctor.require([*fine, Finding("ssh", State.MISSING, ""), Finding("pulumi", State.MISSING, "")])
    assert caught.value.exit_code == 7
