"""
The thin path, end to end: the real engine, a machine that boots, one application served over TLS, changed, and taken away.

The tests build on one another, in the order in which they stand: one fleet, used as a person would use it.
"""

from __future__ import annotations

import json
import re
import urllib.parse

import pytest

from tests.e2e.conftest import Fleet, changed, visitors

SITE = "https://guestbook.flotilla.test"


def entry(fleet: Fleet, message: str) -> None:
    fleet.curl("-f", "--data", urllib.parse.urlencode({"name": "Ada", "message": message}), f"{SITE}/")


def container(fleet: Fleet) -> str:
    """
    The name of the container that answers: it changes with every release, also with one of the same image.
    """
    return str(json.loads(fleet.curl("-f", f"{SITE}/version").stdout)["hostname"])


def serving(fleet: Fleet) -> list[str]:
    return [release["images"]["web"] for release in fleet.outputs()["projects"]["guestbook"]["releases"]]


def test_make_up_prints_a_curl_line_that_works_as_printed(fleet: Fleet) -> None:
    """The line that `make up` ends with is copied into a shell and answers with the guestbook's page."""
    log = (fleet.checkout / "make-up.log").read_text()
    lines = [line.strip() for line in log.splitlines() if line.strip().startswith("curl ")]

    assert lines, f"no curl line in:\n{log}"
    assert "<form" in fleet.run(lines[0]).stdout


def test_a_second_up_changes_nothing(fleet: Fleet) -> None:
    """Right after an up, a preview has no step to take."""
    assert fleet.preview() == []


def test_the_application_is_healthy_and_keeps_what_is_written(fleet: Fleet) -> None:
    """An entry posted to the form is on the page, and health is green."""
    entry(fleet, "written on the first day")

    assert "written on the first day" in fleet.curl("-f", f"{SITE}/").stdout
    assert fleet.curl("-o", "/dev/null", "-w", "%{http_code}", f"{SITE}/up").stdout == "200"


def test_plain_http_is_sent_to_https(fleet: Fleet) -> None:
    """A visitor without TLS is redirected."""
    answer = fleet.curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "http://guestbook.flotilla.test/")

    assert re.match(r"30[18] https://guestbook\.flotilla\.test/", answer.stdout)


def test_the_firewall_lets_only_ssh_and_web_in(fleet: Fleet) -> None:
    """Docker's swarm port is not reachable from outside, SSH is."""
    address = next(iter(fleet.outputs()["servers"].values()))["ipv4"]

    assert fleet.run(f"timeout 3 bash -c '</dev/tcp/{address}/22'", check=False).returncode == 0
    assert fleet.run(f"timeout 3 bash -c '</dev/tcp/{address}/2377'", check=False).returncode != 0


def test_a_change_previews_as_that_change_and_only_that(fleet: Fleet) -> None:
    """Another memory limit touches the release's service and its migration, which has the same limits, and nothing else."""
    with changed(fleet.checkout / "projects/guestbook.yaml", "memory_mb: ", "memory_mb: 1"):
        steps = fleet.preview()

    assert {(step["op"], step["urn"].split("$")[-1].split("::")[0]) for step in steps} == {
        ("update", "docker:index/service:Service"),
        ("update", "command:remote:Command"),
    }, json.dumps(steps, indent=1)[:4000]


def test_a_new_release_takes_over_without_a_lost_request(fleet: Fleet) -> None:
    """A changed application is built, deployed by digest beside the old one, and takes the traffic; entries stay."""
    before = serving(fleet)
    page = fleet.checkout / "examples/guestbook/guestbook/app.py"
    page.write_text(page.read_text() + "\n# second release\n")
    fleet.run("flotilla sandbox publish")

    with visitors(fleet, f"{SITE}/") as seen:
        fleet.up()

    after = serving(fleet)
    assert len(after) == 1
    assert after != before
    assert set(seen) == {"200"}, seen
    assert "written on the first day" in fleet.curl("-f", f"{SITE}/").stdout


def test_an_image_that_never_gets_healthy_leaves_the_old_release_serving(fleet: Fleet) -> None:
    """A broken release fails the up with the container's own words, and nobody outside notices."""
    before = container(fleet)
    releases = fleet.checkout / "releases/local.yaml"
    kept = releases.read_text()
    with changed(fleet.checkout / "examples/guestbook/Dockerfile", "\nCMD [", '\nCMD ["/bin/false"]\n#'):
        fleet.run("flotilla sandbox publish")
        with visitors(fleet, f"{SITE}/") as seen:
            result = fleet.up(check=False)

    assert result.returncode != 0
    assert "guestbook-web-" in result.stdout + result.stderr
    assert set(seen) == {"200"}, seen
    assert container(fleet) == before
    releases.write_text(kept)
    fleet.up()
    assert fleet.preview() == []


def test_a_wrong_token_is_one_clear_error(fleet: Fleet) -> None:
    """The API's refusal is shown as it is, with what to do, and nothing changes."""
    result = fleet.run("HCLOUD_TOKEN=wrong pulumi refresh -s local --yes --non-interactive", check=False)

    assert result.returncode != 0
    assert "token" in (result.stdout + result.stderr).lower()
    assert "Traceback" not in result.stdout + result.stderr


def test_invalid_projects_are_refused_together_before_anything_is_touched(fleet: Fleet) -> None:
    """Every mistake is listed with its path, and the engine does nothing."""
    project = fleet.checkout / "projects/wrong.yaml"
    project.write_text("name: Wrong Name\nowner: ops\nkind: web\nport: 8000\ndomains: [guestbook.flotilla.test]\nreplcas: 1\n")
    try:
        result = fleet.run("pulumi preview -s local --non-interactive", check=False)
    finally:
        project.unlink()

    shown = result.stdout + result.stderr
    assert result.returncode != 0
    for expected in ("Wrong Name", "replcas", "replicas", "image: this is missing"):
        assert expected in shown, shown
    assert "Traceback" not in shown


def test_the_cloud_daemon_killed_during_up_is_mended_by_start_and_up(fleet: Fleet) -> None:
    """kill -9 of the sandbox in the middle of an up: start it again, up completes, and every server exists once."""
    stack = fleet.checkout / "Pulumi.local.yaml"
    before = stack.read_text()
    stack.write_text(before.replace("count: 1", "count: 2", 1))
    killer = "sleep 4; kill -9 $(cat .flotilla/cloud.pid)"
    interrupted = fleet.run(f"({killer}) & pulumi up -s local --yes --skip-preview --non-interactive", check=False)
    assert interrupted.returncode != 0

    fleet.run("flotilla sandbox start")
    fleet.up()

    assert fleet.preview() == []
    servers = [machine["name"] for machine in fleet.status()["machines"]]
    assert len(servers) == len(set(servers)) == len(fleet.outputs()["servers"]), servers
    stack.write_text(before)
    fleet.up()
    assert len(fleet.status()["machines"]) == len(servers) - 1


def test_refresh_sees_a_server_deleted_behind_its_back(fleet: Fleet) -> None:
    """A server deleted through the API is missing after a refresh, and the next up would make it again."""
    fleet.run(
        "python - <<'E'\nimport os\nfrom hcloud import Client\n"
        "client = Client(token=os.environ['HCLOUD_TOKEN'], api_endpoint=os.environ['HCLOUD_ENDPOINT'])\n"
        "for server in client.servers.get_all():\n    client.servers.delete(server).wait_until_finished()\nE"
    )

    refreshed = fleet.run("pulumi refresh -s local --yes --skip-preview --non-interactive", check=False)

    assert "deleted" in refreshed.stdout, refreshed.stdout + refreshed.stderr
    assert any(step["op"] == "create" and "hcloud:index/server:Server" in step["urn"] for step in fleet.preview())


def test_a_first_boot_that_fails_shows_cloud_inits_own_words(fleet: Fleet) -> None:
    """The up fails with what cloud-init said, and with what to do next."""
    last = '["systemctl", "reload-or-restart", "ssh"]'
    failing = f'{last}, ["sh", "-c", "echo the cable is unplugged >&2; exit 7"]'
    with changed(fleet.checkout / "components/cloud_init.py", last, failing):
        result = fleet.up(check=False)

    shown = result.stdout + result.stderr
    assert result.returncode != 0
    assert "the cable is unplugged" in shown, shown
    assert "replace the server" in shown


def test_a_replaced_server_brings_the_fleet_back_with_its_data(fleet: Fleet) -> None:
    """The new servers get the old volumes: the guestbook's entries are still there."""
    fleet.run("pulumi up -s local --yes --skip-preview --non-interactive --replace '**-1-server'")

    assert "written on the first day" in fleet.curl("-f", "--retry", "5", "--retry-all-errors", f"{SITE}/").stdout


def test_destroy_leaves_nothing(fleet: Fleet) -> None:
    """After a destroy no machine, volume, private network or record of the stack exists."""
    fleet.run("pulumi destroy -s local --yes --skip-preview --non-interactive")

    status = fleet.status()
    assert status["machines"] == []
    left = [name for name in fleet.docker_objects() if "-srv-" in name or "-vnet-" in name or "-dev-" in name]
    assert left == []
    assert fleet.curl("-m", "5", f"{SITE}/", check=False).returncode == 6


@pytest.mark.parametrize("command", ["doctor", "sandbox status"])
def test_every_command_has_json(fleet: Fleet, command: str) -> None:
    """`--json` prints one JSON document and nothing else on standard output."""
    answer = fleet.run(f"flotilla {command} --json", check=False)
    assert answer.stdout, answer.stderr
    assert isinstance(json.loads(answer.stdout), dict)
