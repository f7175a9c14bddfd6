"""
The probe: what an audit knows of a host, read there in one go. Changes nothing.

It is one Python program of the standard library, sent to `python3 -` on the host and run there as root; `script` puts it
together from this package's modules. It prints one JSON document:

    {"version": 1, "time_s": ..., "cpu_s": ..., "sections": {name: {"data": ...} or {"error": "why not"}}}

Each section is read on its own: what cannot be read says why, and the others are there. No section holds a secret.
"""

from __future__ import annotations
