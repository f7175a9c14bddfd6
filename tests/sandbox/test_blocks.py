"""
Choosing a block of addresses.
"""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.errors import FlotillaError
from sandbox import blocks
from sandbox.addresses import HETZNER_PORT
from sandbox.blocks import allocate
from sandbox.instance import Instance, identity, load, save


def _checkout(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


def test_every_checkout_gets_a_block_of_its_own(tmp_path: Path, cache: Path) -> None:
    """Many checkouts that start at once never share a block."""
    checkouts = [_checkout(tmp_path, f"checkout-{number}") for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(allocate, checkouts))
    assert len({instance.block for instance in found}) == len(found)


def test_a_checkout_keeps_its_block(tmp_path: Path, cache: Path) -> None:
    """Asking again gives the same instance, also when instance.json was lost in between."""
    first = allocate(tmp_path)
    assert allocate(tmp_path) == first
    first.file.unlink()
    assert allocate(tmp_path) == first


def test_block_of_a_checkout_that_is_gone_is_free_again(tmp_path: Path, cache: Path) -> None:
    """A claim counts only while the checkout that made it is there."""
    gone, next_one = _checkout(tmp_path, "gone"), _checkout(tmp_path, "next")
    block = allocate(gone).block
    for path in (gone / ".flotilla").iterdir():
        path.unlink()
    (gone / ".flotilla").rmdir()
    gone.rmdir()
    assert allocate(next_one).block == block


def test_released_block_is_free_again(tmp_path: Path, cache: Path) -> None:
    """After a reset the next checkout may have the block."""
    first = allocate(_checkout(tmp_path, "first"))
    blocks.release(first)
    blocks.release(first)
    assert allocate(_checkout(tmp_path, "second")).block == first.block


def test_block_with_a_taken_port_is_passed_over(tmp_path: Path, cache: Path) -> None:
    """Whatever program holds a port of a block, the next block is taken instead."""
    probe = allocate(_checkout(tmp_path, "probe"))
    blocks.release(probe)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a sandbox that just ended are no matter
        other.bind((probe.services_ip, HETZNER_PORT))
        other.listen()
        assert allocate(_checkout(tmp_path, "second")).block != probe.block


def test_no_free_block_names_what_is_in_the_way(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When everything is taken, the error names an address, the port and the way out, and nothing was written."""
    with socket.socket() as other:
        other.bind(("127.10.252.1", HETZNER_PORT))
        other.listen()
        monkeypatch.setattr(blocks, "BLOCKS", range(252, 253))
        with pytest.raises(FlotillaError, match=rf"127\.10\.252\.1:{HETZNER_PORT}/tcp \(held by .*pid \d+\)") as caught:
            allocate(tmp_path)
    assert caught.value.exit_code == 1
    assert load(tmp_path) is None


def test_copied_checkout_keeps_its_hands_off_the_original(tmp_path: Path, cache: Path) -> None:
    """The state that a copied folder brought along is set aside: its cloud and its secrets are another checkout's."""
    save(Instance("0a1b2c3d", tmp_path, 0))
    (tmp_path / ".flotilla" / "cloud.sqlite").write_text("theirs")
    (tmp_path / ".flotilla" / "toolchain").mkdir()
    mine = allocate(tmp_path)
    assert mine.id == identity(tmp_path)
    assert not mine.database.exists()
    assert (mine.home / "copied-from-0a1b2c3d" / "cloud.sqlite").read_text() == "theirs"
    assert (mine.home / "toolchain").is_dir()


def test_damaged_claim_is_nobodys(tmp_path: Path, cache: Path) -> None:
    """A claim file that cannot be read stands in nobody's way."""
    folder = blocks.claims_folder()
    folder.mkdir(parents=True)
    (folder / "0a1b2c3d.json").write_text("{")
    (folder / "1a1b2c3d.json").write_text(json.dumps({"checkout": str(tmp_path)}))
    assert allocate(tmp_path).block in range(256)
