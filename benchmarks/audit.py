"""
An audit of ten hosts against ten parallel runs of `ssh` that do nothing but run the same probe.

`python -m benchmarks.audit FILE` is the audit that is measured: its own process, from its start to its report.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Figure, paired_ratio, seconds

RUNS = 7
HOSTS = 10
CHECKS = ["hosts", "security", "containers", "data"]


def audit_ratio() -> Figure:
    """
    One machine of the sandbox's image with ten addresses, so that both sides share its processors in the same way. All that is
    asked of hosts is asked and judged; what is not on hosts (sites, DNS, the cloud) is left out of both.
    """
    with tempfile.TemporaryDirectory() as folder, ten_addresses(Path(folder)) as plan:
        file, probe = Path(folder) / "plan.json", Path(folder) / "probe.py"
        file.write_text(json.dumps(plan))
        _write_probe(probe)
        ratio = paired_ratio(
            lambda: seconds(shlex.join([sys.executable, "-m", "benchmarks.audit", str(file)])),
            lambda: seconds(_raw(plan, probe)),
            runs=RUNS,
        )
    compared = f"{HOSTS} parallel `ssh` with the same script"
    return Figure(name="audit_ratio", value=ratio, unit="x", bar=1.3, compared_with=compared, runs=RUNS)


@contextmanager
def ten_addresses(folder: Path) -> Iterator[dict[str, Any]]:
    """
    A booted machine that is reached at ten addresses: what an audit of them needs to know.
    """
    from tests.integration.plugin_machine import started_machine

    with started_machine(folder) as machine:
        _wait_for_ssh(machine.name)
        command = ["docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", machine.name]
        first = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        addresses = [first, *(f"{first.rpartition('.')[0]}.{number}" for number in range(101, 100 + HOSTS))]
        for address in addresses[1:]:
            machine.run("ip", "address", "add", f"{address}/32", "dev", "eth0")
        machine.run("sh", "-c", "echo 'MaxStartups 100:30:200' >/etc/ssh/sshd_config.d/05-many.conf; systemctl reload ssh")
        host_key = " ".join(machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
        yield {"key": str(machine.key), "addresses": addresses, "host_key": host_key}


def _wait_for_ssh(name: str) -> None:
    wait = "cloud-init status --wait >/dev/null; until systemctl is-active --quiet ssh; do sleep 0.2; done"
    subprocess.run(["docker", "exec", name, "sh", "-c", wait], check=True, timeout=120)


def _write_probe(path: Path) -> None:
    from hosts.probe.script import script

    path.write_text(script())


def _raw(plan: dict[str, Any], probe: Path) -> str:
    """
    Ten times ssh, all started before any is waited for; one that fails fails the whole.
    """
    options = ["-i", plan["key"], "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    options += ["-o", "LogLevel=ERROR"]
    runs = [
        f'{shlex.join(["ssh", *options, f"root@{address}", "exec python3 -"])} <{probe} >/dev/null & jobs_="$jobs_ $!"'
        for address in plan["addresses"]
    ]
    return "\n".join(["jobs_=", *runs, "for job in $jobs_; do wait $job || exit 1; done"])


def main(file: str) -> None:
    """
    Audit the hosts of a plan and print the report. Fails where one of them was not seen: that would be quick.
    """
    from ops import report
    from ops.audit.audit import examine
    from ops.audit.catalog import chosen
    from ops.audit.collect import Surroundings

    plan = json.loads(Path(file).read_text())
    row = {"private_ip": "", "host_key": plan["host_key"], "roles": ["app"], "volume_gb": None}
    servers = {f"host-{number}": {**row, "ipv4": address} for number, address in enumerate(plan["addresses"], 1)}
    environment = {"name": "bench", "stack": "bench", "zones": []}
    outputs = {"environment": environment, "servers": servers, "projects": {}, "entry": None}
    wanted = {"admin_keys": {}, "releases": None, "records": [], "is_proxied": False, "paths": {}}
    wanted["secrets"] = {"rotation_days": 365, "set_on": {}}
    around = Surroundings(checkout=ROOT, environment={}, private_key=Path(plan["key"]), authority=None, name_server=None)
    checks = asyncio.run(examine(outputs, wanted, around, chosen(CHECKS)))
    unseen = [finding for check in checks for finding in check.findings if finding.id.endswith(".unreachable")]
    if unseen:
        raise SystemExit(f"not seen: {unseen}")
    sys.stdout.write(json.dumps(report.document(report.Origin(environment="bench", commit="", branch=""), checks)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
