"""
What things cost at Hetzner, for budgets: EUR per month, net, in the European locations. Not an invoice.

Confirmed are cx33 and volumes (`GET /v1/pricing` as quoted in public on 2026-05-27), and cx23 and cpx12 (as reported in 2026).
All others are unconfirmed: most are of before Hetzner's increase of 2026-06-15. Outside of Europe servers cost more.
"""

from __future__ import annotations

from datetime import date

PRICED_ON = date(2026, 5, 27)

# {server type: EUR per month}, without its IPv4 address.
SERVERS = {
    "cx23": 3.99,
    "cx33": 6.49,
    "cx43": 11.99,
    "cx53": 22.49,
    "cpx11": 3.85,
    "cpx21": 7.05,
    "cpx31": 13.10,
    "cpx41": 24.70,
    "cpx51": 54.40,
    "cpx12": 11.49,
    "cpx22": 7.99,
    "cpx32": 13.99,
    "cpx42": 25.49,
    "cpx52": 36.49,
    "cpx62": 50.49,
    "cax11": 4.49,
    "cax21": 7.99,
    "cax31": 15.99,
    "cax41": 31.49,
    "ccx13": 15.99,
    "ccx23": 31.49,
    "ccx33": 62.49,
    "ccx43": 124.99,
    "ccx53": 249.99,
    "ccx63": 374.49,
}
VOLUME_GB = 0.0572
IPV4 = 0.50
FLOATING_IP = 3.00
LOAD_BALANCERS = {"lb11": 5.39, "lb21": 16.40, "lb31": 32.90}
