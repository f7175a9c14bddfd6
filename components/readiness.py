"""
How a server with an ingress says that it has every site and route, and how a load balancer asks for that. Pure.
"""

from __future__ import annotations

PATH = "/.well-known/flotilla/ready"
# In the folder of Caddy's configuration, and where that is on the server: it is ready as long as the file is there.
FILE = "/ready"
FILE_ON_SERVER = f"/etc/flotilla/caddy{FILE}"
PORT = 80
# Caddy refuses a request without a Host header; this one is nobody's.
NAME = "ready.invalid"
INTERVAL_S, TIMEOUT_S, RETRIES = 5, 3, 2
# How long a server that is not ready any more is still sent new connections: one check, and as many again as there are retries.
LEFT_OUT_AFTER_S = INTERVAL_S * (1 + RETRIES) + TIMEOUT_S
