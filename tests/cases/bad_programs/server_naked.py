"""
A server as a tutorial makes it: no firewall, no key, a password in its user data, and a script from the Internet.
"""

import pulumi_hcloud as hcloud

CAUGHT_BY = {
    "stateful-unprotected": ["naked"],
    "server-replaced-by-edit": ["naked"],
    "server-without-firewall": ["naked"],
    "server-without-ssh-key": ["naked"],
    "user-data-password-login": ["naked"],
    "user-data-sets-password": ["naked"],
    "user-data-runs-download": ["naked"],
    "monitoring-servers": ["naked"],
}

USER_DATA = """\
#cloud-config
ssh_pwauth: true
chpasswd:
  list: root:letmein
runcmd:
  - curl https://get.example.com | sh
"""

hcloud.Server(
    "naked",
    name="naked-1",
    server_type="cx23",
    image="debian-12",
    location="fsn1",
    labels={"managed-by": "flotilla", "environment": "production"},
    user_data=USER_DATA,
)
