"""
Production with everything in it: servers of every role, a project with every sort of data, secrets wherever one fits.
"""

from __future__ import annotations

import yaml

from tests.conftest import CA_KEY, PRIVATE_KEY, Checkout

# One for each place in which a person may keep a secret; their values are what `plain` makes of them.
_ENCRYPTED = "v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA=="
SECRETS = {
    "key": {"secure": _ENCRYPTED},
    "projects": {"shop": {"SESSION_KEY": {"secure": _ENCRYPTED}, "PAYMENT_TOKEN": {"secure": _ENCRYPTED}}},
    "notifications": {"chat": {"secure": _ENCRYPTED}, "mail": {"secure": _ENCRYPTED}},
    "registry": {"secure": _ENCRYPTED},
}
PLANTED = [
    "the secret at secrets.key",
    "the secret at secrets.projects.shop.SESSION_KEY",
    "the secret at secrets.projects.shop.PAYMENT_TOKEN",
    "the secret at secrets.notifications.chat",
    "the secret at secrets.notifications.mail",
    "the secret at secrets.registry",
    PRIVATE_KEY,
    CA_KEY,
]

SHOP = {
    "name": "shop",
    "owner": "shop-team",
    "kind": "web",
    "image": "shop",
    "port": 8000,
    "health": {"path": "/up"},
    "domains": [{"subdomain": "shop"}, {"subdomain": "old-shop", "redirect": True}],
    "strategy": "recreate",
    "volumes": [{"name": "uploads", "path": "/uploads"}],
    "secrets": ["SESSION_KEY"],
    "database": {"name": "shop", "extensions": ["pg_trgm"], "pool_size": 20, "migration": ["migrate"]},
    "slo": {"availability_percent": 99.9, "latency_ms": 400},
    "backup": {"schedule": "0 */6 * * *"},
    "processes": {
        "mailer": {"kind": "worker", "command": ["mail"], "secrets": ["PAYMENT_TOKEN"]},
        "report": {"kind": "job", "command": ["report"], "schedule": "15 3 * * 1"},
        "docs": {
            "kind": "static",
            "image": "shop-docs",
            "domains": [{"subdomain": "docs"}],
        },
    },
}

ENVIRONMENT = {
    "servers": {
        "app": {"type": "cx33", "count": 2, "roles": ["app", "ingress"], "volume_gb": 50},
        "db": {"type": "cx43", "roles": ["db"], "volume_gb": 100},
        "vault": {"type": "cx23", "roles": ["backup"], "volume_gb": 200, "location": "hel1"},
        "watch": {"type": "cx23", "roles": ["monitoring"], "volume_gb": 50},
    },
    "registry_user": "robot$flotilla",
    "backup": {
        "schedule": "30 2 * * *",
        "offsite": {
            "kind": "sftp",
            "host": "box.example.com",
            "path": "backups",
            "location": "hel1",
            "port": 23,
            "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        },
        "drill_interval_days": 14,
    },
    "monitoring": {
        "retention_days": 60,
        "receivers": [
            {"name": "ops", "kind": "email", "to": "ops@example.com"},
            {"name": "chat", "kind": "slack", "secret": "chat"},
        ],
        "mail": {"host": "mail.example.net", "sender": "flotilla@example.com", "user": "flotilla", "secret": "mail"},
    },
    "compliance": {"data_region": "eu", "log_retention_days": 90, "required_labels": ["environment"]},
    "budget_eur": 200.0,
    "waivers": [
        {
            "rule": "single-point-of-failure",
            "resource": "db-*",
            "reason": "one is enough for now",
            "owner": "ops",
            "until": "2027-06-30",
        }
    ],
}


def complete(checkout: Checkout) -> Checkout:
    """
    Make a checkout's `production` such a fleet, with one release of each project.
    """
    (checkout.root / "projects" / "shop.yaml").write_text(yaml.safe_dump(SHOP))
    path = checkout.root / "Pulumi.production.yaml"
    document = yaml.safe_load(path.read_text())
    document["config"]["flotilla:environment"] |= ENVIRONMENT
    document["config"]["flotilla:secrets"] = SECRETS
    path.write_text(yaml.safe_dump(document))
    checkout.release_all("production")
    return checkout
