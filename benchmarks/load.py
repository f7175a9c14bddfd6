"""
A bounded load of HTTP requests, each of them accounted for: on connections that are kept, on new ones, and long ones.

Lost is what a visitor would notice: no connection, an answer that is not 2xx, one that is cut short, or none in time. A kept
connection that the server closed before the next request was written is opened anew, as browsers do; one that closes on a
request is a loss. Nothing is ever tried twice. Only loopback is loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT_S = 30.0
LONGEST_S = 3600.0
HEAD_MAXIMUM = 65_536
# What an application says of itself; answers are counted by it.
MARK = "x-release"


@dataclass(frozen=True, kw_only=True)
class Site:
    """
    What is asked: a name at an address of loopback. `authority` signs its certificate; None: no TLS.
    """

    hostname: str
    address: str
    port: int
    authority: Path | None = None

    def __post_init__(self) -> None:
        if not ipaddress.ip_address(self.address).is_loopback:
            raise ValueError(f"{self.address} is not loopback: only that is loaded")

    def context(self) -> ssl.SSLContext | None:
        """
        Trusting this authority and nobody else, HTTP/1.1.
        """
        if self.authority is None:
            return None
        trust = ssl.create_default_context(cafile=str(self.authority))
        trust.set_alpn_protocols(["http/1.1"])
        return trust


@dataclass(frozen=True, kw_only=True)
class Mix:
    """
    Requests a second of each sort. `slow_path` is one that takes some seconds; `keepers` connections share the kept ones.
    """

    path: str = "/"
    kept_per_s: float = 140
    keepers: int = 70
    new_per_s: float = 70
    slow_per_s: float = 2
    slow_path: str = "/slow"
    timeout_s: float = TIMEOUT_S


@dataclass
class Tally:
    """
    What came of the requests. `lost` is {reason: number}, `losses` the first of them with when and which, `marks` {release:
    answers of it}, `sorts` {sort: requests}.
    """

    sent: int = 0
    answered: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    losses: list[str] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)
    sorts: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def lost_count(self) -> int:
        """
        All that were lost, for whatever reason.
        """
        return sum(self.lost.values())

    @property
    def per_second(self) -> float:
        """
        Requests a second so far, or until it was told to stop.
        """
        return self.sent / max((self.ended or time.monotonic()) - self.began, 1e-9)

    def lose(self, reason: str, sort: str) -> None:
        """
        Count a lost request.
        """
        self.lost[reason] += 1
        if len(self.losses) < 100:
            self.losses.append(f"{time.monotonic() - self.began:.2f} s: {sort}: {reason}")

    def line(self) -> str:
        """
        The whole in one line.
        """
        lost = ", ".join(f"{number} {reason}" for reason, number in sorted(self.lost.items())) or "none"
        return f"{self.sent} requests at {self.per_second:.0f}/s ({dict(self.sorts)}), lost: {lost}"


class LostError(Exception):
    """
    A request was lost; the text is the reason.
    """


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Load:
    """
    A load on a site that goes on until it is stopped, at the latest after an hour.
    """

    site: Site
    mix: Mix
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._context = self.site.context()
        self._enough = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Tally]:
        """
        The load runs while the block does; what is under way at its end is waited for.
        """
        self.tally.began = time.monotonic()
        makers = [asyncio.create_task(maker) for maker in self._makers()]
        try:
            yield self.tally
        finally:
            self.tally.ended = time.monotonic()
            self._enough.set()
            await asyncio.gather(*makers)
            await asyncio.gather(*self._running)

    def _makers(self) -> list[object]:
        mix = self.mix
        makers: list[object] = [self._keep(number) for number in range(mix.keepers if mix.kept_per_s else 0)]
        if mix.new_per_s:
            makers.append(self._spawn(mix.new_per_s, mix.path, "new"))
        if mix.slow_per_s:
            makers.append(self._spawn(mix.slow_per_s, mix.slow_path, "slow"))
        return makers

    async def _ticks(self, per_s: float, offset_s: float = 0.0) -> AsyncIterator[None]:
        """
        So many times a second; what a busy machine missed is made up for, at most a second's worth.
        """
        interval, following = 1 / per_s, time.monotonic() + offset_s
        limit = time.monotonic() + LONGEST_S
        while not self._enough.is_set() and time.monotonic() < limit:
            pause = following - time.monotonic()
            if pause > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), pause)
                    return
            yield
            following = max(following + interval, time.monotonic() - 1)

    async def _keep(self, number: int) -> None:
        """
        One kept connection, request after request.
        """
        streams: Streams | None = None
        interval = self.mix.keepers / self.mix.kept_per_s
        async for _ in self._ticks(1 / interval, offset_s=interval * number / self.mix.keepers):
            streams = await self._request(self.mix.path, "kept", streams)
        await _close(streams)

    async def _spawn(self, per_s: float, path: str, sort: str) -> None:
        async for _ in self._ticks(per_s):
            task = asyncio.create_task(self._alone(path, sort))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _alone(self, path: str, sort: str) -> None:
        await _close(await self._request(path, sort, None))

    async def _request(self, path: str, sort: str, streams: Streams | None) -> Streams | None:
        """
        One request, on these streams or on new ones. Returns the streams where they can be used again.
        """
        self.tally.sent += 1
        self.tally.sorts[sort] += 1
        kept = streams
        try:
            async with asyncio.timeout(self.mix.timeout_s):
                if kept is None or kept[0].at_eof() or kept[1].is_closing():
                    await _close(kept)
                    kept = None
                    kept = await self._connect()
                is_last = await self._exchange(kept, path)
        except LostError as error:
            self.tally.lose(str(error), sort)
        except TimeoutError:
            self.tally.lose("no answer in time", sort)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.tally.lose(f"connection: {type(error).__name__}", sort)
        else:
            self.tally.answered += 1
            if not is_last:
                return kept
        await _close(kept)
        return None

    async def _connect(self) -> Streams:
        site = self.site
        try:
            return await asyncio.open_connection(
                site.address,
                site.port,
                ssl=self._context,
                server_hostname=site.hostname if self._context else None,
                limit=HEAD_MAXIMUM,
            )
        except OSError as error:
            raise LostError(f"no connection: {type(error).__name__}") from None

    async def _exchange(self, streams: Streams, path: str) -> bool:
        """
        Ask and read the answer whole. True where the connection ends with it.
        """
        reader, writer = streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.site.hostname}\r\nUser-Agent: flotilla-load\r\n\r\n".encode())
        await writer.drain()
        status, headers = await _head(reader)
        await _body(reader, headers)
        if not 200 <= status < 300:
            raise LostError(f"status {status}")
        if MARK in headers:
            self.tally.marks[headers[MARK]] += 1
        return headers.get("connection", "").lower() == "close"


@contextmanager
def under_load(site: Site, mix: Mix | None = None) -> Iterator[Tally]:
    """
    A load beside what the block does, in a thread of its own. The tally is complete after the block.
    """
    load, enough, has_begun = Load(site, mix or Mix()), threading.Event(), threading.Event()

    async def go() -> None:
        async with load.running():
            has_begun.set()
            await asyncio.to_thread(enough.wait, LONGEST_S)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, go())
        has_begun.wait(10)
        try:
            yield load.tally
        finally:
            enough.set()
            running.result()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as error:
        raise LostError("closed in the middle of an answer" if error.partial else "closed without an answer") from None
    except asyncio.LimitOverrunError:
        raise LostError("not HTTP") from None
    first, *lines = head.split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        raise LostError("not HTTP")
    pairs = (line.partition(":") for line in lines if line)
    return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> None:
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(size + 2)
            await reader.readuntil(b"\r\n")
        elif "content-length" in headers:
            await reader.readexactly(int(headers["content-length"]))
        else:
            raise LostError("an answer without length")
    except asyncio.IncompleteReadError:
        raise LostError("short body") from None
    except (ValueError, asyncio.LimitOverrunError):
        raise LostError("not HTTP") from None


async def _close(streams: Streams | None) -> None:
    if streams is not None:
        streams[1].close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                await streams[1].wait_closed()
