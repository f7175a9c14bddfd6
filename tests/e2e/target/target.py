"""
An application that behaves as its build was told: BEHAVIOUR is {errors_percent, delay_ms, starts_after_s, never_healthy,
migration_fails}. Every answer says in X-Release which release it is from; /slow takes five seconds.
"""

import http.client
import http.server
import json
import os
import random
import signal
import sys
import threading
import time

PORT = 8000
SLOW_S = 5.0
BODY = b"all is well\n" * 50
BEHAVIOUR = json.loads(os.environ["BEHAVIOUR"])
under_way = 0
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        global under_way
        with lock:
            under_way += 1
        try:
            self.answer()
        finally:
            with lock:
                under_way -= 1

    def answer(self):
        status = 200
        if self.path == "/up":
            status = 503 if BEHAVIOUR.get("never_healthy") else 200
        else:
            time.sleep(SLOW_S if self.path == "/slow" else BEHAVIOUR.get("delay_ms", 0) / 1000)
            status = 500 if random.uniform(0, 100) < BEHAVIOUR.get("errors_percent", 0) else 200  # noqa: S311 - no secret
        self.send_response_only(status)
        self.send_header("X-Release", os.environ["RELEASE"])
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512


def end(*_):
    """
    What is under way is finished first.
    """

    def leave():
        until = time.monotonic() + 20
        while under_way and time.monotonic() < until:
            time.sleep(0.05)
        os._exit(0)

    threading.Thread(target=leave).start()


def check():
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
    connection.request("GET", "/up")
    return 0 if connection.getresponse().status == 200 else 1


def main():
    if sys.argv[1:] == ["check"]:
        return check()
    if sys.argv[1:] == ["migrate"]:
        sys.stdout.write(f"the migration of {os.environ['RELEASE']}\n")
        return 1 if BEHAVIOUR.get("migration_fails") else 0
    signal.signal(signal.SIGTERM, end)
    time.sleep(BEHAVIOUR.get("starts_after_s", 0))
    Server(("", PORT), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
