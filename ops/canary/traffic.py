"""
What HAProxy says of each release: requests, failures and latency since a step began, summed over all ingress servers.

`show stat` is asked of every ingress server at once over SSH. A slot's servers are a release's containers. Counters count from
HAProxy's start: differences are taken, and where it was started or reloaded in between, counting goes on from there.

    requests   hrsp_* + econ + eresp + wredis
    failures   hrsp_5xx + econ + wredis, and the larger of eresp and srv_abrt (cut short; most are also in eresp)
    latency    qtime + ctime + rtime, averages over the last 512 requests, from which what came before the step is taken out

Source: HAProxy 2.6 management guide, 9.1, and its behaviour, which tests/integration/ingress/test_canary_traffic.py pins.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components.haproxy import RUN
from ops import ssh
from ops.canary.decide import Measured

WINDOW = 512  # requests over which HAProxy averages
TIMEOUT_S = 30.0
COMMAND = "exec python3 -"
# With fewer, an average says nothing.
AVERAGED_MINIMUM = 10
ASK = f"""\
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(5)
    connection.connect("{RUN}/runtime.sock")
    connection.sendall(b"show info;show stat\\n")
    while part := connection.recv(65536):
        sys.stdout.buffer.write(part)
"""


@dataclass(frozen=True, kw_only=True)
class Counters:
    """
    One of HAProxy's places for a container, as it counts since its start. `counted` requests are what its averages are over.
    """

    name: str
    backend: str
    is_up: bool
    requests: int
    failures: int
    counted: int
    average_ms: int

    @property
    def slot(self) -> str:
        """
        The slot it belongs to: `a` for `a1`.
        """
        return self.name.rstrip("0123456789")

    @property
    def sum_ms(self) -> float:
        """
        What HAProxy keeps: its average is this by the number of requests, at most those of its window.
        """
        return float(self.average_ms * min(self.counted, WINDOW))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """
    One HAProxy at one moment. `uptime_s` tells when it was started anew.
    """

    uptime_s: int
    servers: Mapping[str, Counters]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """
    Requests between two moments, and the sum of the latencies of the `timed` ones.
    """

    requests: int = 0
    failures: int = 0
    timed: int = 0
    sum_ms: float = 0.0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            requests=self.requests + other.requests,
            failures=self.failures + other.failures,
            timed=self.timed + other.timed,
            sum_ms=self.sum_ms + other.sum_ms,
        )


def parse(text: str, backends: Iterable[str]) -> Seen:
    """
    The answer to `show info;show stat`, for these backends.

    Raises: ValueError where it is something else.
    """
    information, mark, table = text.partition("# pxname")
    uptime = next((line.split(":")[1] for line in information.splitlines() if line.startswith("Uptime_sec:")), None)
    if not mark or uptime is None:
        raise ValueError("this is no answer of HAProxy")
    wanted = frozenset(backends)
    rows = csv.DictReader(f"pxname{table}".splitlines())
    found = [_counters(row) for row in rows if row["pxname"] in wanted and row["svname"] not in ("FRONTEND", "BACKEND")]
    missing = wanted - {row.backend for row in found}
    if missing:
        raise ValueError(f"it has no backend {', '.join(sorted(missing))}")
    return Seen(uptime_s=int(uptime), servers={f"{row.backend}/{row.name}": row for row in found})


def _counters(row: Mapping[str, str]) -> Counters:
    def number(*keys: str) -> int:
        return sum(int(row[key] or 0) for key in keys)

    unanswered = number("econ", "wredis")
    answers = number("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")
    return Counters(
        name=row["svname"],
        backend=row["pxname"],
        is_up=row["status"].startswith("UP"),
        requests=answers + unanswered + number("eresp"),
        failures=number("hrsp_5xx") + unanswered + max(number("eresp"), number("srv_abrt")),
        counted=number("req_tot"),
        average_ms=number("qtime", "ctime", "rtime"),
    )


def between(before: Counters | None, after: Counters) -> Counted:
    """
    What one place did between two moments of one HAProxy; without `before` since HAProxy's start.
    """
    counted, sum_ms = (before.counted, before.sum_ms) if before else (0, 0.0)
    timed = after.counted - counted
    return Counted(
        requests=after.requests - (before.requests if before else 0),
        failures=after.failures - (before.failures if before else 0),
        timed=timed,
        sum_ms=timed * _mean_ms(counted, sum_ms, timed, after.sum_ms),
    )


def _mean_ms(counted: int, sum_before: float, timed: int, sum_after: float) -> float:
    """
    The average of the `timed` newest requests. Until its window is full HAProxy adds each one up; from then on each one also
    takes the window's share away. That is turned round here, as if all of them had taken equally long.
    """
    growing = min(timed, max(0, WINDOW - counted))
    decay = (1 - 1 / WINDOW) ** (timed - growing)
    weight = growing * decay + WINDOW * (1 - decay)
    return max(0.0, (sum_after - sum_before * decay) / weight) if weight else 0.0


@dataclass(frozen=True, kw_only=True)
class Since:
    """
    All ingress servers since the step began: what each showed first and last, and what was counted before it started anew.
    """

    first: Mapping[str, Seen]
    last: Mapping[str, Seen]
    carried: Mapping[str, Counted] = field(default_factory=dict)
    is_fresh: frozenset[str] = frozenset()

    def slots(self) -> dict[str, Counted]:
        """
        What was counted of each slot: {slot: sum over servers and backends}.
        """
        found = dict(self.carried)
        for host, seen in self.last.items():
            for name, after in seen.servers.items():
                before = None if host in self.is_fresh else self.first[host].servers.get(name)
                found[after.slot] = found.get(after.slot, Counted()) + between(before, after)
        return found

    def is_up(self, slot: str) -> bool:
        """
        Whether each backend has a container of this slot that is up, on each ingress server.
        """
        return all(
            any(row.is_up for row in rows)
            for seen in self.last.values()
            for _, rows in itertools.groupby(
                sorted((row for row in seen.servers.values() if row.slot == slot), key=lambda row: row.backend),
                key=lambda row: row.backend,
            )
        )


def begin(seen: Mapping[str, Seen]) -> Since:
    """
    A step begins.
    """
    return Since(first=seen, last=seen)


def later(since: Since, seen: Mapping[str, Seen]) -> Since:
    """
    The same step at a later moment. Where a HAProxy was started anew, what it had counted is carried.
    """
    carried, fresh, first = dict(since.carried), set(since.is_fresh), dict(since.first)
    for host, now in seen.items():
        if _is_anew(since.last[host], now):
            until = Since(first=since.first, last={host: since.last[host]}, is_fresh=since.is_fresh).slots()
            for slot, counted in until.items():
                carried[slot] = carried.get(slot, Counted()) + counted
            fresh.add(host)
            first[host] = now
    return Since(first=first, last=dict(seen), carried=carried, is_fresh=frozenset(fresh))


def _is_anew(before: Seen, now: Seen) -> bool:
    return now.uptime_s < before.uptime_s or any(
        row.requests < known.requests or row.counted < known.counted
        for name, row in now.servers.items()
        if (known := before.servers.get(name))
    )


def measured(since: Since, slot: str, *, down_s: float = 0.0) -> Measured:
    """
    A slot's release since the step began.
    """
    counted = since.slots().get(slot, Counted())
    latency = counted.sum_ms / counted.timed if counted.timed >= AVERAGED_MINIMUM else None
    return Measured(requests=counted.requests, failures=counted.failures, latency_ms=latency, down_s=down_s)


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """
    The ingress servers of a stack and how they are reached.
    """

    targets: Sequence[ssh.Target]
    private_key: Path | None

    def look(self, backends: Iterable[str]) -> tuple[dict[str, Seen], str]:
        """
        What all of them show, or why that is not known: a sum without one of them would be wrong.
        """
        answers = asyncio.run(
            ssh.run_everywhere(self.targets, COMMAND, stdin=ASK, private_key=self.private_key, timeout_s=TIMEOUT_S)
        )
        wanted, found, problems = list(backends), {}, []
        for name, answer in sorted(answers.items()):
            try:
                found[name] = parse(answer.stdout, wanted)
            except ValueError as error:
                problems.append(f"{name}: {answer.problem or error}")
        if not answers:
            problems.append("there is no ingress server")
        return ({}, "; ".join(problems)) if problems else (found, "")
