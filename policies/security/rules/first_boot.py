"""
What a server is told at its first boot: `user_data`, cloud-init's or a script. Anyone on the server, and anyone with the
cloud's token, can read it at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Options, Resource, Rule, Secret, get, text
from policies.framework.kinds import SERVER

from .references import cis_debian, cwe
from .secret_text import argument_of

SAFE = """\
#cloud-config
disable_root: false
ssh_pwauth: false
users:
- name: admin
  lock_passwd: true
write_files:
- path: /etc/ssh/sshd_config.d/10-flotilla.conf
  content: |
    PasswordAuthentication no
    PermitRootLogin prohibit-password
    PermitEmptyPasswords no
"""
LINES = re.MULTILINE | re.IGNORECASE
TURNED_OFF = re.compile(r"^\s*ssh_pwauth:\s*[\"']?(?:false|no|0)\b|\bPasswordAuthentication\s+no\b", LINES)
TURNED_ON = re.compile(r"^\s*(ssh_pwauth:\s*[\"']?(?:true|yes|1)\b)|(\bPasswordAuthentication\s+yes\b)", LINES)
ROOT_LOGIN = re.compile(r"\bPermitRootLogin\s+yes\b", LINES)
EMPTY_PASSWORDS = re.compile(r"\bPermitEmptyPasswords\s+yes\b", LINES)
PASSWORD_SET = re.compile(
    r"^\s*-?\s*((?:password|passwd|hashed_passwd|plain_text_passwd):|lock_passwd:\s*(?:false|no)\b)|\bchpasswd\b", LINES
)
PIPED = re.compile(r"\b(?:curl|wget)\b[^\n;]*\|\s*(?:sudo\s+)?(?:ba|da|z)?sh\b|\b(?:ba|da|z)?sh\b\s+<\(\s*(?:curl|wget)\b")


def server(user_data: Any) -> Resource:
    """
    An example of a server.
    """
    return Resource(type=SERVER, name="app-1", props={"name": "app-1", "userData": user_data})


def with_line(line: str) -> Resource:
    """
    An example of a server whose first boot has this besides.
    """
    return server(f"{SAFE}{line}\n")


NOTHING_SAID = [Resource(type=SERVER, name="app-1", props={"name": "app-1"})]


def _secret(resource: Resource, options: Options) -> Iterator[str]:
    found = text(resource.props, "userData")
    if isinstance(found, Secret):
        yield "a secret of Pulumi's configuration is in its user data"
    elif looks := argument_of(found):
        yield f"its user data has {looks} in it"


SECRET = Rule(
    id="user-data-secret",
    description="No secret is part of a server's user data.",
    level=Level.MANDATORY,
    types=(SERVER,),
    remediation="Send it later, on the standard input of a step over SSH.",
    references=(cwe(798, "use of hard-coded credentials"),),
    check=_secret,
    fixtures=Fixtures(
        passes=[server(SAFE), with_line("runcmd: [[curl, -u, $NAME, https://example.com]]")],
        fails=[
            with_line("  -----BEGIN OPENSSH PRIVATE KEY-----"),
            server(Secret(SAFE)),
            with_line("export PGPASSWORD=hunter22"),
        ],
        unknown=[server(UNKNOWN)],
        absent=NOTHING_SAID,
        absent_fails=False,
    ),
)


def _passwords(resource: Resource, options: Options) -> Iterator[str]:
    if get(resource.props, "userData") is UNKNOWN:
        return
    found = text(resource.props, "userData")
    if turned_on := TURNED_ON.search(found):
        yield f"its user data says `{turned_on[1] or turned_on[2]}`"
    elif not TURNED_OFF.search(found):
        yield "its user data does not turn password logins off"
    if EMPTY_PASSWORDS.search(found):
        yield "its user data permits empty passwords"


PASSWORDS = Rule(
    id="user-data-password-login",
    description="From its first second, a server accepts keys only.",
    level=Level.MANDATORY,
    types=(SERVER,),
    remediation="Set `ssh_pwauth: false` in its cloud-init, as components/cloud_init.py does.",
    references=(cis_debian("5.1.19", "Ensure sshd PermitEmptyPasswords is disabled"),),
    check=_passwords,
    fixtures=Fixtures(
        passes=[server(SAFE), server("#!/bin/sh\nprintf 'PasswordAuthentication no\n' >> /etc/ssh/sshd_config\n")],
        fails=[with_line("ssh_pwauth: true"), with_line("    PermitEmptyPasswords yes"), server("#!/bin/sh\ntrue\n")],
        unknown=[server(UNKNOWN)],
        absent=NOTHING_SAID,
        absent_fails=True,
    ),
)


def _password_set(resource: Resource, options: Options) -> Iterator[str]:
    if found := PASSWORD_SET.search(text(resource.props, "userData")):
        yield f"its user data gives an account a password (`{(found[1] or found[0]).strip()}`)"


PASSWORD_SET_RULE = Rule(
    id="user-data-sets-password",
    description="No account has a password.",
    level=Level.MANDATORY,
    types=(SERVER,),
    remediation="Take it out: administrators log in with keys, and `sudo` needs none.",
    references=(cwe(798, "use of hard-coded credentials"),),
    check=_password_set,
    fixtures=Fixtures(
        passes=[server(SAFE)],
        fails=[with_line("chpasswd: {expire: false}"), with_line("  hashed_passwd: $6$abc"), with_line("  lock_passwd: false")],
        unknown=[server(UNKNOWN)],
        absent=NOTHING_SAID,
        absent_fails=False,
    ),
)


def _root_login(resource: Resource, options: Options) -> Iterator[str]:
    if ROOT_LOGIN.search(text(resource.props, "userData")):
        yield "its user data says `PermitRootLogin yes`"


ROOT = Rule(
    id="user-data-root-password-login",
    description="Nobody logs in as root with a password.",
    level=Level.MANDATORY,
    types=(SERVER,),
    remediation="Say `PermitRootLogin prohibit-password`: deployments reach Docker as root, with a key.",
    references=(cis_debian("5.1.20", "Ensure sshd PermitRootLogin is disabled"),),
    check=_root_login,
    fixtures=Fixtures(
        passes=[server(SAFE), server("PermitRootLogin no")],
        fails=[with_line("    PermitRootLogin yes")],
        unknown=[server(UNKNOWN)],
        absent=NOTHING_SAID,
        absent_fails=False,
    ),
)


def _piped(resource: Resource, options: Options) -> Iterator[str]:
    if PIPED.search(text(resource.props, "userData")):
        yield "its user data runs what it downloads, unseen"


PIPED_RULE = Rule(
    id="user-data-runs-download",
    description="A server runs at its first boot only what was reviewed.",
    level=Level.MANDATORY,
    types=(SERVER,),
    remediation="Install packages that the distribution signs, or compare a checksum before running the file.",
    references=(cwe(494, "download of code without integrity check"),),
    check=_piped,
    fixtures=Fixtures(
        passes=[server(SAFE), with_line("runcmd: [[sh, -c, 'curl https://example.com > /root/page']]")],
        fails=[
            with_line("- curl -fsSL https://get.example.com | sudo sh"),
            with_line("- bash <(wget -qO- https://example.com)"),
        ],
        unknown=[server(UNKNOWN)],
        absent=NOTHING_SAID,
        absent_fails=False,
    ),
)

RULES = (SECRET, PASSWORDS, PASSWORD_SET_RULE, ROOT, PIPED_RULE)
