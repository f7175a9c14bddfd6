"""
Copies off-site, to a real SFTP server and to a real S3-compatible one.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from hosts import ssh_key
from tests.integration import backup_stand
from tests.integration.backup_stand import DATA, OPS, Stand, eventually
from toolchain.object_storage import provide

BOX, BUCKETS = "/srv/box", "/srv/buckets"
ACCESS, SECRET = "AKFLOTILLA", "the secret of a store that is only there for tests"
S3_PORT = 7070
SFTP = """\
id box > /dev/null 2>&1 || useradd --no-create-home --home-dir / --shell /usr/sbin/nologin box
mkdir -p {box}/copies /etc/ssh/keys
chown box: {box}/copies
echo '{public}' > /etc/ssh/keys/box
cat > /etc/ssh/sshd_config.d/99-box.conf <<'EOF'
Match User box
  ChrootDirectory {box}
  ForceCommand internal-sftp
  AuthorizedKeysFile /etc/ssh/keys/box
EOF
systemctl reload ssh
"""


@pytest.fixture(params=["sftp", "s3"])
def copied(request: pytest.FixtureRequest, stand: Stand) -> Iterator[tuple[Stand, str]]:
    """
    The stand with a place off-site on the other machine, and where that keeps its files.
    """
    kept = _sftp(stand) if request.param == "sftp" else _s3(stand)
    stand.converge(OPS)
    yield stand, kept
    stand.changes = {}
    stand.converge(OPS)


def _sftp(stand: Stand) -> str:
    """
    As a storage box has it: SFTP and nothing else, in a folder that cannot be left.
    """
    public = ssh_key.public(backup_stand.KEY, "backup", "offsite")
    stand.data.sh(SFTP.format(box=BOX, public=public))
    place = {"kind": "sftp", "host": stand.data.address, "path": "copies", "user": "box", "port": None, "location": "hel1"}
    stand.changes = {"offsite": {**place, "host_key": stand.host_key(DATA)}}
    return f"{BOX}/copies"


def _s3(stand: Stand) -> str:
    program = provide(os.environ)
    subprocess.run(["docker", "cp", "-q", str(program), f"{stand.data.container.name}:/usr/local/bin/versitygw"], check=True)
    stand.data.sh(
        f"mkdir -p {BUCKETS}/data/copies {BUCKETS}/meta; systemctl is-active -q store || systemd-run --quiet --unit=store "
        f"--setenv=ROOT_ACCESS_KEY={ACCESS} --setenv='ROOT_SECRET_KEY={SECRET}' --setenv=VGW_REGION=us-east-1 "
        f"versitygw --port 0.0.0.0:{S3_PORT} posix --sidecar {BUCKETS}/meta {BUCKETS}/data"
    )
    eventually(lambda: stand.data.run("nc", "-z", "127.0.0.1", str(S3_PORT), check=False).returncode == 0, 30)
    place = {"kind": "s3", "host": stand.data.address, "path": "copies", "port": S3_PORT, "location": "hel1", "is_plain": True}
    stand.changes = {"offsite": place}
    stand.offsite = {"access-key": ACCESS, "secret-key": SECRET}
    return f"{BUCKETS}/data/copies"


def test_copy_is_made_and_read_there(copied: tuple[Stand, str]) -> None:
    """Missing before, complete after; its status is read from the copy; whoever damages or removes it is found out."""
    stand, kept = copied
    before = stand.backup("list", code=1)
    assert "offsite-missing" in {found["id"] for found in before["findings"]}
    assert stand.backup("run")["findings"] == []
    answer = stand.backup("list")
    assert all(time.time() - row["offsite_at"] < 600 for row in answer["sources"])
    measures = "cat /var/lib/prometheus/node-exporter/flotilla_backup.prom"
    eventually(lambda: "flotilla_backup_offsite_timestamp_seconds" in stand.ops.sh(measures), 60)
    for secret in (SECRET, "PRIVATE KEY"):
        assert secret not in stand.ops.sh("cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' ' || true")

    largest = stand.data.sh(f"find {kept}/data -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2")
    script = "import sys; f = open(sys.argv[1], 'r+b'); f.seek(1000); b = f.read(1); f.seek(1000); f.write(bytes([b[0] ^ 1]))"
    stand.data.run("python3", "-c", script, largest)
    damaged = stand.backup("offsite", "--part", "100%", code=1)
    assert "repository-damaged" in {found["id"] for found in damaged["findings"]}
    assert stand.backup("list", code=1)["sources"][0]["offsite_at"] is None

    stand.data.sh(f"rm -rf {kept}; mkdir {kept}; chown --reference=$(dirname {kept}) {kept}; chown box: {kept} || true")
    missing = stand.backup("list", code=1)
    assert "offsite-missing" in {found["id"] for found in missing["findings"]}
    assert stand.backup("run")["findings"] == []
    assert stand.backup("list")["findings"] == []
