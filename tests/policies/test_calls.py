"""
The server below the packs, spoken to by grpc's own client: every call is answered, whatever happens to the one before.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from policies.catalog import FOLDER

SERVER = """
import time
from policies.framework.calls import Calls

def fail(message):
    raise ValueError("no such thing: \\u2603")

def slow(message):
    time.sleep(0.2)
    return message

calls = Calls({"/a.B/Echo": bytes, "/a.B/Fail": fail, "/a.B/Slow": slow})
print(calls.port, flush=True)
calls.answer_for_ever()
"""
LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """A client of a server in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=LIMITS) as made:
                yield made
        finally:
            process.kill()


def asking(channel: grpc.Channel, method: str) -> Ask:
    """
    A method, called with bytes.
    """
    call: Ask = channel.unary_unary(f"/a.B/{method}")
    return call


@pytest.mark.parametrize("message", [b"", b"x", b"\x00" * 5_000_000], ids=["empty", "short", "beyond grpc's own limit"])
def test_a_message_of_any_size_is_answered(channel: grpc.Channel, message: bytes) -> None:
    """
    The engine sends all resources of a stack in one.
    """
    assert asking(channel, "Echo")(message, timeout=20) == message


def test_an_unknown_method_is_refused(channel: grpc.Channel) -> None:
    """
    The engine tries what newer packs have, and goes on without.
    """
    with pytest.raises(grpc.RpcError) as refused:
        asking(channel, "Handshake")(b"", timeout=20)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_error_is_told_and_the_next_call_answered(channel: grpc.Channel) -> None:
    """
    In the words of grpc's own server.
    """
    with pytest.raises(grpc.RpcError) as failed:
        asking(channel, "Fail")(b"", timeout=20)
    assert failed.value.code() is grpc.StatusCode.UNKNOWN
    assert failed.value.details() == "Exception calling application: no such thing: \u2603"
    assert asking(channel, "Echo")(b"still there", timeout=20) == b"still there"


def test_calls_at_once_each_get_their_own_answer(channel: grpc.Channel) -> None:
    """
    They wait for each other.
    """
    messages = [str(number).encode() for number in range(400)]
    with ThreadPoolExecutor(8) as asked:
        assert list(asked.map(lambda message: asking(channel, "Echo")(message, timeout=20), messages)) == messages


def test_a_call_that_is_given_up_harms_no_other(channel: grpc.Channel) -> None:
    """
    The engine gives up its calls when it is interrupted.
    """
    given_up = [asking(channel, "Slow").future(b"x") for _ in range(3)]
    with pytest.raises(grpc.RpcError) as late:
        asking(channel, "Slow")(b"x", timeout=0.05)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert all(call.cancel() for call in given_up)
    assert asking(channel, "Echo")(b"still there", timeout=20) == b"still there"
