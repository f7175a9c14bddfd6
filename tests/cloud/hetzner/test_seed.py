"""
The cloud-init seed.
"""

import stat
from pathlib import Path

import yaml

from sandbox.cloud.machines import seed
from sandbox.cloud.machines.model import Seed
from sandbox.instance import Instance

USER_DATA = "#cloud-config\nruncmd: ['echo \"$HOME\" é']\n"


def test_user_data_is_passed_as_it_is() -> None:
    """
    Not a byte of the request's user data changes; cloud-init gets the keys and the name beside it.
    """
    files = seed.render(Seed(user_data=USER_DATA, public_keys=("ssh-ed25519 AAAA me",)), 7, "web-1", 1)
    metadata = yaml.safe_load(files["meta-data"])
    assert files["user-data"] == USER_DATA
    assert metadata == {"instance-id": "7-1", "local-hostname": "web-1", "public-keys": ["ssh-ed25519 AAAA me"]}
    assert yaml.safe_load(files["vendor-data"]) == {"disable_root": False, "ssh_pwauth": False}


def test_root_password_only_without_a_key() -> None:
    """
    Root's password is set by vendor data, and password logins are open only then.
    """
    vendor = yaml.safe_load(seed.render(Seed(user_data=None, root_password="s3cret"), 7, "web-1", 1)["vendor-data"])
    assert vendor["ssh_pwauth"] is True
    assert vendor["chpasswd"]["list"] == "root:s3cret"


def test_rebuild_is_a_new_instance() -> None:
    """
    cloud-init runs its first boot again only when the instance id changes.
    """
    first, second = (seed.render(Seed(user_data=None), 7, "web-1", generation)["meta-data"] for generation in (1, 2))
    assert first != second


def test_seed_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """
    User data may hold secrets.
    """
    instance = Instance("0a1b2c3d", tmp_path, 4)
    folder = seed.write(instance, Seed(user_data=USER_DATA), 7, "web-1", 1)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    seed.remove(instance, 7)
    assert not folder.exists()
