"""
The load generator against a server that misbehaves in known ways: it counts each of them, and nothing else.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from benchmarks.load import Load, Mix, Site, Tally

GOOD = b"HTTP/1.1 200 OK\r\nX-Release: one\r\nContent-Length: 5\r\n\r\nhello"
KEPT = Mix(kept_per_s=200, keepers=4, new_per_s=0, slow_per_s=0)
NEW = Mix(kept_per_s=0, new_per_s=100, slow_per_s=0)


class Server:
    """
    Answers the nth request, of all connections, with what `misbehave` says for it, else well.
    """

    def __init__(self, misbehave: Callable[[int], bytes | str | None]) -> None:
        self.misbehave = misbehave
        self.requests = self.connections = self.bad = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                answer = self.misbehave(self.requests)
                self.bad += answer is not None
                if answer == "silence":
                    await reader.read()
                    break
                if answer == "reset":
                    end_rudely = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, end_rudely)
                    return
                if answer == "idle close":
                    self.bad -= 1
                    writer.write(GOOD)
                    break
                writer.write(GOOD if answer is None else answer)  # type: ignore[arg-type]
                if answer is not None and b" 500 " not in answer:  # type: ignore[operator]
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def run(server: Server, mix: Mix, *, requests: int) -> Tally:
    async def go() -> Tally:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        async with Load(Site(hostname="shop.test", address="127.0.0.1", port=port), mix).running() as tally:
            async with asyncio.timeout(20):
                while tally.sent < requests:
                    await asyncio.sleep(0.01)
        listening.close()
        return tally

    return asyncio.run(go())


def every(number: int, answer: bytes | str) -> Callable[[int], bytes | str | None]:
    return lambda count: answer if count % number == 0 else None


@pytest.mark.parametrize("mix", [KEPT, NEW], ids=["kept", "new"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", "status 500"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort", "short body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "short body"),
        (b"HTTP/1.1 200 OK\r\nContent-", "closed in the middle of an answer"),
        (b"", "closed without an answer"),
        (b"220 mail.example.test\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "status 302"),
        ("reset", "connection: ConnectionResetError"),
        ("silence", "no answer in time"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_each_misbehaviour_is_counted_exactly(mix: Mix, answer: bytes | str, reason: str) -> None:
    """As many are lost as the server spoiled, for that reason, and all others were answered."""
    server = Server(every(7, answer))
    if answer == "silence":
        mix = replace(mix, timeout_s=1.0)

    tally = run(server, mix, requests=120)

    assert server.bad > 10
    assert dict(tally.lost) == {reason: server.bad}, tally.losses
    assert tally.sent == server.requests == tally.answered + server.bad
    assert tally.marks["one"] == tally.answered


def test_a_good_server_loses_nothing_and_connections_are_kept() -> None:
    """Kept connections are as many as there are keepers."""
    server = Server(lambda _: None)

    tally = run(server, KEPT, requests=120)

    assert (tally.lost_count, server.connections) == (0, KEPT.keepers)


def test_a_connection_that_is_closed_after_an_answer_is_no_loss() -> None:
    """The end is seen before the next request is written, so a new connection is made for it."""
    server = Server(every(7, "idle close"))

    tally = run(server, Mix(kept_per_s=40, keepers=4, new_per_s=0, slow_per_s=0), requests=60)

    assert tally.lost_count == 0, tally.losses
    assert server.connections > KEPT.keepers


def test_nobody_listening_is_a_loss_each_time() -> None:
    """A refused connection is counted for every request."""

    async def go() -> Tally:
        async with Load(Site(hostname="shop.test", address="127.0.0.1", port=1), NEW).running() as tally:
            await asyncio.sleep(0.3)
        return tally

    tally = asyncio.run(go())

    assert tally.sent > 10
    assert dict(tally.lost) == {"no connection: ConnectionRefusedError": tally.sent}


def test_all_sorts_come_at_their_rates() -> None:
    """Kept, new and slow ones, as often as asked for beside one another; a slow one is waited for at the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = Server(lambda _: None)
        first = await reader.readline()
        await asyncio.sleep(1.0 if b"/slow" in first else 0)
        await server.serve(reader, writer)

    tally = run_with(serve, Mix(kept_per_s=100, keepers=10, new_per_s=50, slow_per_s=5), seconds=2.0)

    assert tally.lost_count == 0, tally.losses
    assert tally.answered == tally.sent >= 150
    assert 1.6 <= tally.sorts["kept"] / tally.sorts["new"] <= 2.4
    assert 14 <= tally.sorts["kept"] / tally.sorts["slow"] <= 26
    assert tally.per_second * (tally.ended - tally.began) == pytest.approx(tally.sent)


def run_with(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], mix: Mix, *, seconds: float
) -> Tally:
    async def go() -> Tally:
        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        async with Load(Site(hostname="shop.test", address="127.0.0.1", port=port), mix).running() as tally:
            await asyncio.sleep(seconds)
        listening.close()
        return tally

    return asyncio.run(go())


def test_only_loopback_is_loaded() -> None:
    """Any other address is refused."""
    with pytest.raises(ValueError, match="not loopback"):
        Site(hostname="shop.test", address="192.0.2.1", port=80)
