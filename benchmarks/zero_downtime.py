"""
Requests lost while releases come and go under a constant load through the ingress, how exact a canary's share is, and what a
release takes against doing the same by hand.

All on one fleet of its own, which is started with the first of these figures and removed at the end.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.load import Mix, Tally, under_load
from benchmarks.measure import Figure, seconds
from components import haproxy
from tests.e2e.conftest import Fleet, clean_environment, copy_checkout
from tests.e2e.targets import Target

RELEASES = 20
LEAST_REQUESTS, LEAST_PER_S = 10_000, 200
CANARY_WEIGHT, CANARY_REQUESTS, CANARY_BAR = 10, 2_000, 2.0
RATIO_RUNS = 3
KILLED_AFTER_S = 6
ANSWERED, ANSWERED_S = 100, 30
BOOT_S = 90
ASK = "import socket,sys; c=socket.socket(socket.AF_UNIX); c.connect(sys.argv[1]); c.sendall(sys.argv[2].encode()); c.recv(9)"


@functools.cache
def fleet() -> Fleet:
    """
    A fleet in a copy of this checkout.
    """
    checkout = copy_checkout(Path(tempfile.mkdtemp(prefix="flotilla-bench-")))

    def remove() -> None:
        subprocess.run(["make", "clean"], cwd=checkout, check=False, timeout=300, env=clean_environment(), capture_output=True)
        shutil.rmtree(checkout, ignore_errors=True)

    atexit.register(remove)
    seconds("make up", cwd=checkout)
    return Fleet(checkout)


@functools.cache
def target() -> Target:
    """
    The application, with its first release serving.
    """
    made = Target(fleet())
    made.write()
    for release in ("v2", "v3"):
        made.build(release)
    made.serve("v1")
    return made


def lost_requests() -> Figure:
    """
    Twenty deployments and twenty rollbacks, each with its release seen to answer.
    """
    tally = released_under_load(target(), RELEASES)
    is_enough = tally.sent >= LEAST_REQUESTS and tally.per_second >= LEAST_PER_S
    _require(is_enough, f"too little load: {tally.line()}; a quieter machine gets through more")
    return _lost("lost_requests", tally, runs=RELEASES, bar=0)


def released_under_load(project: Target, times: int, mix: Mix | None = None) -> Tally:
    """
    Deploy and roll back so many times under load. Raises: SystemExit where another release answers than was served.
    """
    with under_load(project.site(), mix) as tally:
        for number in range(times):
            deployed = ("v2", "v3")[number % 2]
            project.flotilla("deploy", "--image", f":{deployed}")
            _answers(tally, deployed)
            project.flotilla("rollback")
            _answers(tally, "v1")
            sys.stderr.write(f"{number + 1}: {tally.line()}\n")
    return tally


def _answers(tally: Tally, release: str) -> None:
    """
    From now on only this release answers; long requests to the last one may still end.
    """
    before, until = tally.marks.copy(), time.monotonic() + ANSWERED_S
    while (since := tally.marks - before).total() < ANSWERED and time.monotonic() < until:
        time.sleep(0.1)
    _require(since[release] > 0.9 * since.total() > 0, f"{release} is served, and these answer: {dict(since)}")


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise SystemExit(f"{otherwise}. Nothing was recorded.")


def lost_requests_broken_image() -> Figure:
    """
    An image that never gets healthy: exit 1, and the old release serves on.
    """
    return _lost("lost_requests_broken_image", fails(target(), "broken", "target-web-", never_healthy=True), bar=0)


def lost_requests_failing_migration() -> Figure:
    """
    A release whose migration fails: exit 1, and the old release serves on.
    """
    project = Target(fleet(), name="migrating", has_database=True)
    project.write()
    fleet().up()
    project.serve("v1")
    tally = fails(project, "unready", "the migration of unready", migration_fails=True)
    return _lost("lost_requests_failing_migration", tally, bar=0)


def fails(project: Target, release: str, reason: str, **behaviour: object) -> Tally:
    """
    Deploy a release that fails under load, with this among what is said. Raises: SystemExit where it does not fail, or not for
    that reason, or something else serves afterwards.
    """
    project.build(release, **behaviour)
    before = project.serving()
    with under_load(project.site()) as tally:
        result = project.flotilla("deploy", "--image", f":{release}", check=False)
        _answers(tally, "v1")
    said = result.stdout + result.stderr
    _require(result.returncode == 1 and reason in said and "failed roll out" in said, said)
    _require((project.serving(), set(tally.marks)) == (before, {"v1"}), f"{project.serving()}, {dict(tally.marks)}")
    return tally


def lost_requests_slow_starter() -> Figure:
    """
    A release that takes 15 s until it listens.
    """
    project = target()
    project.build("slow", starts_after_s=15)
    with under_load(project.site()) as tally:
        project.flotilla("deploy", "--image", ":slow")
        _answers(tally, "slow")
        project.flotilla("rollback")
    return _lost("lost_requests_slow_starter", tally, bar=0)


def lost_requests_killed() -> Figure:
    """
    `kill -9` of flotilla and its engine in the middle of a deployment; then the same command again.
    """
    project = target()
    command = f". ./env.sh && exec flotilla deploy {project.name} --image :v2"
    with under_load(project.site()) as tally:
        process = subprocess.Popen(
            ["bash", "-c", command], cwd=project.fleet.checkout, start_new_session=True, stdout=subprocess.DEVNULL
        )
        time.sleep(KILLED_AFTER_S)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        project.flotilla("deploy", "--image", ":v2")
        _answers(tally, "v2")
        project.flotilla("rollback")
    return _lost("lost_requests_killed", tally, bar=0)


def lost_requests_rebooted() -> Figure:
    """
    The server that runs everything restarts: this is what one server costs. Recorded as measured.
    """
    project = target()
    with under_load(project.site(), Mix(timeout_s=5, slow_per_s=0)) as tally:
        _reboot(project)
        answered, until = tally.answered, time.monotonic() + BOOT_S
        while tally.answered < answered + LEAST_PER_S and time.monotonic() < until:
            time.sleep(0.5)
        time.sleep(5)
    _require(tally.answered > answered, tally.line())
    return _lost("lost_requests_rebooted", tally, bar=None)


def _reboot(project: Target) -> None:
    address = project.site().address
    servers = project.fleet.outputs()["servers"]
    name = next(name for name, row in servers.items() if row["ipv4"] == address)
    script = (
        "import os; from hcloud import Client; "
        "client = Client(token=os.environ['HCLOUD_TOKEN'], api_endpoint=os.environ['HCLOUD_ENDPOINT']); "
        f"client.servers.get_by_name('{name}').reset().wait_until_finished()"
    )
    project.fleet.run(f"python -c {shlex.quote(script)}")


def canary_error_points() -> Figure:
    """
    How far a canary's share of at least 2,000 requests is from its weight, in percentage points.
    """
    project = target()
    share = canary_share(project, CANARY_WEIGHT)
    value = abs(share - CANARY_WEIGHT)
    compared = f"{CANARY_WEIGHT} % of >= {CANARY_REQUESTS} requests"
    return Figure(name="canary_error_points", value=value, unit="", bar=CANARY_BAR, compared_with=compared, runs=1)


def canary_share(project: Target, weight: int) -> float:
    """
    The share of a canary in percent, as the load sees it; the canary is gone afterwards. Raises: SystemExit on a loss.
    """
    project.flotilla("canary start", "--image", ":v2", "--weight", f"{weight}")
    try:
        with under_load(project.site(), Mix(slow_per_s=0)) as tally:
            until = time.monotonic() + 120
            while tally.answered < CANARY_REQUESTS and time.monotonic() < until:
                time.sleep(0.1)
    finally:
        project.flotilla("canary abort")
    _require(tally.lost_count == 0 and tally.answered >= CANARY_REQUESTS, tally.line())
    return 100 * tally.marks["v2"] / tally.marks.total()


def deploy_ratio() -> Figure:
    """
    `flotilla deploy` against the same image by hand: a service, its health, one runtime command.
    """
    project = target()
    return _ratio("deploy_ratio", project, lambda: project.flotilla("deploy", "--image", ":v2"), "rollback")


def rollback_ratio() -> Figure:
    """
    `flotilla rollback` against the same by hand.
    """
    project = target()
    project.flotilla("deploy", "--image", ":v2")
    figure = _ratio("rollback_ratio", project, lambda: project.flotilla("rollback"), "deploy --image :v2")
    project.flotilla("rollback")
    return figure


def _ratio(name: str, project: Target, act: Callable[[], object], back: str) -> Figure:
    command, *words = back.split(" ", 1)
    ratios = []
    for _ in range(RATIO_RUNS):
        own = _seconds(act)
        project.flotilla(command, *words)
        ratios.append(own / _by_hand(project))
    sys.stderr.write(f"{name}: {[f'{ratio:.1f}' for ratio in ratios]}\n")
    compared = "`docker service create`, health and one runtime command over ssh"
    return Figure(name=name, value=statistics.median(ratios), unit="x", bar=None, compared_with=compared, runs=RATIO_RUNS)


def _by_hand(project: Target) -> float:
    """
    Seconds for a service of the image that serves, until it is healthy, and one word to HAProxy, over plain ssh.
    """
    image = next(iter(project.serving()))
    health = ["--health-cmd", "python3 /target.py check", "--health-interval", "1s", "--health-start-period", "30s"]
    create = ["docker", "service", "create", "--quiet", "--name", "by-hand", "--endpoint-mode", "dnsrr", *health]
    create += ["--env", "BY=hand", "--constraint", "node.labels.flotilla.app==true", image]
    switch = ["python3", "-c", ASK, f"{haproxy.RUN}/runtime.sock", f"set server {project.name}-web/b4 weight 0\n"]
    manager, entrance = _addresses(project)
    try:
        return _seconds(lambda: (_ssh(project, manager, create), _ssh(project, entrance, switch)))
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            _ssh(project, manager, ["docker", "service", "rm", "by-hand"])


def _addresses(project: Target) -> tuple[str, str]:
    """
    A swarm manager, and the ingress server.
    """
    servers = project.fleet.outputs()["servers"]
    entrance = project.site().address
    for row in servers.values():
        if _is_manager(project, row["ipv4"]):
            return row["ipv4"], entrance
    raise SystemExit("no swarm manager. Nothing was recorded.")


def _is_manager(project: Target, address: str) -> bool:
    try:
        _ssh(project, address, ["docker", "node", "ls"])
    except subprocess.CalledProcessError:
        return False
    return True


def _ssh(project: Target, address: str, command: list[str]) -> None:
    key = project.fleet.checkout / ".flotilla/ssh/id_ed25519"
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes"]
    argv = ["ssh", "-i", str(key), *(part for option in options for part in ("-o", option))]
    subprocess.run([*argv, f"root@{address}", shlex.join(command)], check=True, capture_output=True, timeout=300)


def _seconds(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def _lost(name: str, tally: Tally, *, bar: float | None, runs: int = 1) -> Figure:
    sys.stderr.write(f"{name}: {tally.line()}\n" + "".join(f"  {loss}\n" for loss in tally.losses[:10]))
    compared = f"{tally.sent} requests at {tally.per_second:.0f}/s"
    return Figure(name=name, value=tally.lost_count, unit="", bar=bar, compared_with=compared, runs=runs)
