"""
pgbouncer's own figures for Prometheus: `pgbouncer_exporter.py <address> <port> <pooler's port>`.

Names and labels are those of prometheus-community/pgbouncer_exporter, which dashboards know. The one that Debian 12 packages is
another, and does not start: it reads columns that pgbouncer has not had since 1.8 (`KeyError: 'total_requests'`). Each scrape
asks the admin console over its socket as the same system user, which needs no password. Standard library and psql only.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SOCKETS = "/var/run/postgresql"
TIMEOUT_S = 5
MICROSECONDS = 1_000_000
# {what is shown: {column: (metric, kind, divided by)}}
COUNTED = {
    "STATS": {
        "total_xact_count": ("pgbouncer_stats_sql_transactions_pooled_total", "counter", 1),
        "total_query_count": ("pgbouncer_stats_queries_pooled_total", "counter", 1),
        "total_received": ("pgbouncer_stats_received_bytes_total", "counter", 1),
        "total_sent": ("pgbouncer_stats_sent_bytes_total", "counter", 1),
        "total_xact_time": ("pgbouncer_stats_server_in_transaction_seconds_total", "counter", MICROSECONDS),
        "total_query_time": ("pgbouncer_stats_queries_duration_seconds_total", "counter", MICROSECONDS),
        "total_wait_time": ("pgbouncer_stats_client_wait_seconds_total", "counter", MICROSECONDS),
    },
    "POOLS": {
        "cl_active": ("pgbouncer_pools_client_active_connections", "gauge", 1),
        "cl_waiting": ("pgbouncer_pools_client_waiting_connections", "gauge", 1),
        "sv_active": ("pgbouncer_pools_server_active_connections", "gauge", 1),
        "sv_idle": ("pgbouncer_pools_server_idle_connections", "gauge", 1),
        "sv_login": ("pgbouncer_pools_server_login_connections", "gauge", 1),
        "maxwait": ("pgbouncer_pools_client_maxwait_seconds", "gauge", 1),
    },
    "DATABASES": {
        "pool_size": ("pgbouncer_databases_pool_size", "gauge", 1),
        "max_connections": ("pgbouncer_databases_max_connections", "gauge", 1),
        "current_connections": ("pgbouncer_databases_current_connections", "gauge", 1),
        "paused": ("pgbouncer_databases_paused", "gauge", 1),
        "disabled": ("pgbouncer_databases_disabled", "gauge", 1),
    },
}


def show(what: str, port: str) -> list[dict[str, str]]:
    """
    The rows of a table of the admin console.
    """
    argv = ["psql", "-X", "--csv", "-h", SOCKETS, "-p", port, "-U", "pgbouncer", "-d", "pgbouncer", "-c", f"SHOW {what}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def exposition(tables: dict[str, list[dict[str, str]]]) -> str:
    """
    Prometheus' text of what the tables hold.
    """
    lines = list(_lines(tables))
    return "".join(f"{line}\n" for line in (*lines, "# TYPE pgbouncer_up gauge", "pgbouncer_up 1"))


def _lines(tables: dict[str, list[dict[str, str]]]) -> Iterator[str]:
    for what, rows in tables.items():
        for column, (metric, kind, divisor) in COUNTED[what].items():
            yield f"# TYPE {metric} {kind}"
            for row in rows:
                labels = {"database": row.get("database") or row.get("name", "")}
                labels |= {"user": row["user"]} if what == "POOLS" else {}
                text = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
                yield f"{metric}{{{text}}} {float(row[column]) / divisor:g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Handler(BaseHTTPRequestHandler):
    """
    Answers /metrics; a pooler that does not answer is `pgbouncer_up 0`.
    """

    pooler_port = ""

    def do_GET(self) -> None:
        """
        Called by the base class.
        """
        if self.path != "/metrics":
            self.send_error(404)
            return
        try:
            text = exposition({what: show(what, self.pooler_port) for what in COUNTED})
        except (subprocess.SubprocessError, OSError, KeyError, ValueError) as error:
            sys.stderr.write(f"pgbouncer does not answer: {type(error).__name__}\n")
            text = "# TYPE pgbouncer_up gauge\npgbouncer_up 0\n"
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """
        Scrapes are not logged.
        """


def main(address: str, port: str, pooler_port: str) -> None:
    Handler.pooler_port = pooler_port
    ThreadingHTTPServer((address, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
