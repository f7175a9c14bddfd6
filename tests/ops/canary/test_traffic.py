"""
Reading HAProxy's counters: differences since a step began, sums over servers, and what a restart does to them.
"""

from __future__ import annotations

import pytest

from ops.canary import traffic
from ops.canary.traffic import Counted, Seen

COLUMNS = (
    "pxname,svname,status,econ,eresp,wredis,srv_abrt,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,req_tot,"
    "qtime,ctime,rtime"
)


def answer(*rows: str, uptime_s: int = 100) -> str:
    return "\n".join(["Name: HAProxy", f"Uptime_sec: {uptime_s}", "", f"# {COLUMNS}", *rows, ""])


def place(
    name: str, good: int, bad: int = 0, *, ms: int = 10, backend: str = "shop-web", status: str = "UP", other: str = "0,0,0,0"
) -> str:
    return f"{backend},{name},{status},{other},0,{good},0,0,{bad},0,{good + bad},0,0,{ms}"


def seen(*rows: str, uptime_s: int = 100, backends: tuple[str, ...] = ("shop-web",)) -> Seen:
    return traffic.parse(answer(*rows, uptime_s=uptime_s), backends)


def test_only_what_came_since_the_step_began_counts() -> None:
    """Requests of the slot's last release do not count for this one."""
    since = traffic.begin({"app-1": seen(place("a1", 900), place("b1", 500, 400))})
    since = traffic.later(since, {"app-1": seen(place("a1", 1000), place("b1", 508, 402), uptime_s=110)})

    assert (since.slots()["a"].requests, since.slots()["a"].failures) == (100, 0)
    assert (since.slots()["b"].requests, since.slots()["b"].failures) == (10, 2)


def test_servers_backends_and_places_are_summed() -> None:
    """A release is all its containers, seen by all ingress servers."""
    backends = ("shop-web", "shop-api")
    none = [place(name, 0, backend=backend) for backend in backends for name in ("a1", "a2", "b1")]
    some = [place(name, 10, 1, backend=backend) for backend in backends for name in ("a1", "a2", "b1")]
    since = traffic.begin({host: seen(*none, backends=backends) for host in ("app-1", "app-2")})
    since = traffic.later(since, {host: seen(*some, uptime_s=110, backends=backends) for host in ("app-1", "app-2")})

    assert (since.slots()["a"].requests, since.slots()["a"].failures) == (88, 8)
    assert (since.slots()["b"].requests, since.slots()["b"].failures) == (44, 4)


@pytest.mark.parametrize(("good", "uptime_s"), [(20, 3), (700, 3), (20, 200)], ids=["both", "many since", "fewer"])
def test_a_restart_loses_nothing_that_was_counted(good: int, uptime_s: int) -> None:
    """What was counted before it is carried, and counting begins anew; told by HAProxy's uptime, or by a counter that fell."""
    since = traffic.begin({"app-1": seen(place("a1", 500, 5))})
    since = traffic.later(since, {"app-1": seen(place("a1", 600, 6), uptime_s=110)})
    since = traffic.later(since, {"app-1": seen(place("a1", good, 2), uptime_s=uptime_s)})
    since = traffic.later(since, {"app-1": seen(place("a1", good + 10, 2), uptime_s=uptime_s + 10)})

    assert (since.slots()["a"].requests, since.slots()["a"].failures) == (101 + good + 12, 1 + 2)


def test_two_restarts_and_another_server_that_had_none() -> None:
    """Each server is counted by itself."""
    since = traffic.begin({"app-1": seen(place("a1", 100)), "app-2": seen(place("a1", 100))})
    for number in (1, 2):
        since = traffic.later(
            since,
            {
                "app-1": seen(place("a1", 10), uptime_s=3 - number),
                "app-2": seen(place("a1", 100 + number), uptime_s=100 + number),
            },
        )

    assert since.slots()["a"].requests == 10 + 10 + 2


def test_requests_that_got_no_answer_count_as_failed() -> None:
    """Connection errors, answers that never came, and requests that another container had to take."""
    since = traffic.begin({"app-1": seen(place("b1", 0))})
    since = traffic.later(since, {"app-1": seen(place("b1", 10, 1, other="1,2,3,2"), uptime_s=110)})

    assert since.slots()["b"].requests == 11 + 1 + 2 + 3
    assert since.slots()["b"].failures == 1 + 1 + 2 + 3


@pytest.mark.parametrize("before", [0, 50, 400, 512, 3000])
@pytest.mark.parametrize("timed", [50, 200, 600])
def test_the_average_of_the_new_requests_is_taken_out_of_haproxys(before: int, timed: int) -> None:
    """Whatever was averaged before: HAProxy's sliding sum of old requests of 20 ms and new ones of 120 ms gives 120 again."""
    total, count, shown = 0.0, 0, []
    for moment in ([20] * before, [120] * timed):
        for took in moment:
            count += 1
            total += took - (total / traffic.WINDOW if count > traffic.WINDOW else 0)
        shown.append((count, round(total / max(1, min(count, traffic.WINDOW)))))
    rows = [seen(place("a1", count, ms=ms), uptime_s=100 + number) for number, (count, ms) in enumerate(shown)]
    since = traffic.later(traffic.begin({"app-1": rows[0]}), {"app-1": rows[1]})

    assert traffic.measured(since, "a").latency_ms == pytest.approx(120, abs=7)


def test_a_few_requests_have_no_latency() -> None:
    """Averages of whole milliseconds over a handful say nothing."""
    since = traffic.begin({"app-1": seen(place("a1", 0))})
    since = traffic.later(since, {"app-1": seen(place("a1", 9), uptime_s=110)})

    assert traffic.measured(since, "a").latency_ms is None
    assert traffic.measured(since, "b") == traffic.Measured(requests=0, failures=0, latency_ms=None)


def test_a_slot_is_up_where_each_server_has_one_of_each_process() -> None:
    """One ingress server that sees none is enough for a visitor to notice."""
    up, down = place("b1", 0), place("b1", 0, status="DOWN")
    spare = place("b2", 0, status="MAINT (resolution)")

    assert traffic.begin({"app-1": seen(up, spare), "app-2": seen(up, spare)}).is_up("b")
    assert not traffic.begin({"app-1": seen(up, spare), "app-2": seen(down, spare)}).is_up("b")


@pytest.mark.parametrize("text", ["", "Unknown command", "Name: HAProxy\nUptime_sec: 3\n", answer(place("a1", 1, backend="x"))])
def test_what_is_no_answer_is_not_counted(text: str) -> None:
    """Nothing, an error, half an answer, or one without the process' backend: unknown, not zero."""
    with pytest.raises(ValueError, match=r"HAProxy|backend"):
        traffic.parse(text, ["shop-web"])


def test_sums_of_what_was_counted() -> None:
    """Field by field."""
    one = Counted(requests=1, failures=2, timed=3, sum_ms=4.0)

    assert one + one == Counted(requests=2, failures=4, timed=6, sum_ms=8.0)
