"""
How requests find an environment and get in: DNS, certificates, and what stands in front of the servers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from settings.model import Model
from settings.values import Email, FilePath, Flag, Hostname, HttpsUrl, RecordName, Text, Ttl


class RecordType(StrEnum):
    """
    The kinds of DNS record that can be written.
    """

    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    TXT = "TXT"
    MX = "MX"
    CAA = "CAA"


class DnsRecord(Model):
    """
    A record beside those of the projects, such as those for mail.
    """

    name: RecordName = Field(description="The whole name.")
    type: RecordType = Field(description="What it says about the name.")
    content: Text = Field(description='What it says: an address, a name, a text, or for CAA `0 issue "letsencrypt.org"`.')
    priority: Annotated[int, Field(strict=True, ge=0, le=65535)] | None = Field(
        default=None, description="For MX: the lowest is asked first."
    )
    ttl_s: Ttl | None = Field(default=None, description="How long others remember it, if not as long as all records.")
    proxied: Flag = Field(default=False, description="Cloudflare answers in its place.")


class Dns(Model):
    """
    The environment's DNS. Records of the projects are made from their domains.
    """

    ttl_s: Ttl = Field(default=300, description="How long others remember a record, in seconds.")
    proxied: Flag = Field(default=False, description="Cloudflare answers in place of the servers.")
    authorities: tuple[Hostname, ...] | None = Field(
        default=None,
        description="Certificate authorities that CAA records allow. None: Let's Encrypt with `acme`, no record otherwise.",
    )
    records: tuple[DnsRecord, ...] = Field(default=(), description="Further records.")


class Authority(Model):
    """
    A certificate authority of one's own that signs the projects' certificates (sandbox). Paths are relative to the checkout.
    """

    certificate_file: FilePath = Field(description="Its root certificate, PEM.")
    key_file: FilePath = Field(description="Its private key, PEM, readable by nobody else.")


class Acme(Model):
    """
    Certificates from a public authority by ACME.
    """

    email: Email = Field(description="Where the authority writes to when a certificate is about to expire.")
    directory: HttpsUrl = Field(
        default="https://acme-v02.api.letsencrypt.org/directory", description="The authority's ACME directory."
    )


class Tls(Model):
    """
    Where certificates come from: exactly one of the two is set.
    """

    authority: Authority | None = Field(default=None, description="The sandbox's own authority.")
    acme: Acme | None = Field(default=None, description="A public authority.")


class Entry(StrEnum):
    """
    The address that names point to. `auto`: a load balancer where several servers have the role `ingress`, else the server's.
    """

    AUTO = "auto"
    SERVER = "server"
    FLOATING_IP = "floating-ip"
    LOAD_BALANCER = "load-balancer"


class Ingress(Model):
    """
    How requests get in.
    """

    tls: Tls = Field(description="Where certificates come from.")
    entry: Entry = Field(
        default=Entry.AUTO,
        description="The address that names point to; `auto` is a load balancer for several servers, else the server's.",
    )
