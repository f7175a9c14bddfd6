"""
Identity, addresses and files of an instance.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.errors import SettingsError
from sandbox.addresses import TCP_PORTS
from sandbox.instance import Instance, identity, load, save


def test_names_addresses_and_labels_follow_from_id_and_block(tmp_path: Path) -> None:
    """Everything that Docker and the network see of an instance is made of its id and its block."""
    found = Instance("0a1b2c3d", tmp_path, 7)
    assert found.services_ip == "127.10.7.1"
    assert found.machine_ip(11) == "127.10.7.11"
    assert found.name("net", 3) == "flotilla-0a1b2c3d-net-3"
    assert (found.network_name, found.gateway_name) == ("flotilla-0a1b2c3d-public", "flotilla-0a1b2c3d-gateway")
    assert found.labels["flotilla.instance"] == "0a1b2c3d"
    assert found.labels["flotilla.checkout"] == str(tmp_path)
    assert found.labels["flotilla.block"] == "7"


@pytest.mark.parametrize("number", [0, 1, 10, 251, 255])
def test_machine_numbers_outside_of_the_block_are_refused(tmp_path: Path, number: int) -> None:
    """An address that belongs to the services, or to nobody, is never given to a machine."""
    with pytest.raises(ValueError, match="not within 11-250"):
        Instance("0a1b2c3d", tmp_path, 0).machine_ip(number)


def test_saved_instance_is_loaded_again_and_its_folder_is_private(tmp_path: Path) -> None:
    """What is written is read back the same, and nobody else may look into the folder."""
    mine = Instance(identity(tmp_path), tmp_path, 3)
    save(mine)
    assert load(tmp_path) == mine
    assert mine.home.stat().st_mode & 0o777 == 0o700


def test_block_stands_alone_on_its_line_for_env_sh(tmp_path: Path) -> None:
    """The shell reads the block with sed: one field a line."""
    save(Instance(identity(tmp_path), tmp_path, 12))
    assert '  "block": 12' in (tmp_path / ".flotilla" / "instance.json").read_text().splitlines()


def test_checkout_without_instance_has_none(tmp_path: Path) -> None:
    """No file, no instance, and no error."""
    assert load(tmp_path) is None


def test_instance_of_a_copied_checkout_is_not_taken_over(tmp_path: Path) -> None:
    """A copied folder brings along the file of the checkout it was copied from, which is no instance of its own."""
    save(Instance("0a1b2c3d", tmp_path, 0))
    assert load(tmp_path) is None


def test_the_same_folder_by_another_way_is_the_same_instance(tmp_path: Path) -> None:
    """A symbolic link to a checkout leads to the checkout's own instance."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    assert identity(real) == identity(link) != identity(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"id": "0a1b2c3d"}', '{"id": "../../etc", "block": 1}', '{"id": "0a1b2c3d", "block": 256}',
     '{"id": "0a1b2c3d", "block": true}', '{"id": "0a1b2c3d", "block": "1; rm"}'],
)  # fmt: skip
def test_damaged_instance_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    """Whatever is in the file, the answer names the file and the way out, and nothing of it is used."""
    (tmp_path / ".flotilla").mkdir()
    (tmp_path / ".flotilla" / "instance.json").write_text(text)
    with pytest.raises(SettingsError, match=r"instance.json: not an instance description .* Delete the file"):
        load(tmp_path)


def test_interrupted_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails half-way, the instance is still the one that it was."""
    mine = Instance(identity(tmp_path), tmp_path, 3)
    save(mine)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(Instance(mine.id, tmp_path, 4))
    assert json.loads(mine.file.read_text())["block"] == 3


def test_ports_are_the_documented_ones() -> None:
    """env.sh and the documentation name these ports as well."""
    assert TCP_PORTS == (8001, 8002, 5353, 8053, 5000)
