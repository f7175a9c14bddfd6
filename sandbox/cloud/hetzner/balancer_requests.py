"""
What requests about load balancers may say. Unknown fields are ignored, as Hetzner does.

Source of limits and defaults: Hetzner's API description (`LoadBalancerService`), as quoted in public code, read 2026-11.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StrictInt

from sandbox.cloud.hetzner.requests import IdOrName, Ipv4, Labels, Name, Range, Selector, ServerId, Zone

DOMAIN = re.compile(r"[^\s%\\\x00-\x1f\x7f]*")
PATH = re.compile(r"[\x21-\x7e]+")
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")
STATUS_CODE = re.compile(r"[0-9?*]{1,3}")
COOKIE = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 6265: a token


def _fitting(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"must be {what}")
        return text

    return AfterValidator(check)


PortNumber = Annotated[StrictInt, Field(ge=1, le=65535)]
Domain = Annotated[str, Field(max_length=128), _fitting(DOMAIN, "a host without spaces, percent or backslash symbols")]
Path = Annotated[str, Field(min_length=1, max_length=256), _fitting(PATH, "a path without spaces")]
Response = Annotated[str, Field(max_length=256), _fitting(PRINTABLE, "printable text")]
StatusCode = Annotated[str, _fitting(STATUS_CODE, "a status code such as 200 or 2??")]
CookieName = Annotated[str, _fitting(COOKIE, "the name of a cookie")]


class HttpCheck(BaseModel):
    domain: Domain | None = None
    path: Path | None = None
    response: Response | None = None
    status_codes: list[StatusCode] | None = Field(default=None, max_length=20)
    tls: StrictBool | None = None


class Check(BaseModel):
    protocol: Literal["tcp", "http"] | None = None
    port: PortNumber | None = None
    interval: Annotated[StrictInt, Field(ge=3, le=60)] | None = None
    timeout: Annotated[StrictInt, Field(ge=1, le=60)] | None = None
    retries: Annotated[StrictInt, Field(ge=1, le=5)] | None = None
    http: HttpCheck | None = None


class Http(BaseModel):
    cookie_name: CookieName | None = None
    cookie_lifetime: Annotated[StrictInt, Field(ge=30, le=86400)] | None = None
    certificates: list[int] | None = None
    redirect_http: StrictBool | None = None
    sticky_sessions: StrictBool | None = None
    timeout_idle: Annotated[StrictInt, Field(ge=30, le=300)] | None = None


class ServiceUpdate(BaseModel):
    """
    A service as far as it is to change; `listen_port` says which.
    """

    listen_port: PortNumber
    protocol: Literal["tcp", "http", "https"] | None = None
    destination_port: PortNumber | None = None
    proxyprotocol: StrictBool | None = None
    health_check: Check | None = None
    http: Http | None = None


class Service(ServiceUpdate):
    """
    A new service; ports follow from the protocol where it is not tcp.
    """

    listen_port: PortNumber | None = None  # type: ignore[assignment]  # a new service may leave it to its protocol
    protocol: Literal["tcp", "http", "https"]


class ListenPort(BaseModel):
    listen_port: int


class TargetIp(BaseModel):
    ip: str


class Target(BaseModel):
    type: Literal["server", "label_selector", "ip"]
    server: ServerId | None = None
    label_selector: Selector | None = None
    ip: TargetIp | None = None
    use_private_ip: StrictBool = False


class Algorithm(BaseModel):
    type: Literal["round_robin", "least_connections"]


class LoadBalancer(BaseModel):
    name: Name
    load_balancer_type: IdOrName
    algorithm: Algorithm = Algorithm(type="round_robin")
    location: IdOrName | None = None
    network_zone: Zone | None = None
    network: int | None = None
    public_interface: StrictBool = True
    services: list[Service] = []
    targets: list[Target] = []
    labels: Labels = {}


class LoadBalancerType(BaseModel):
    load_balancer_type: IdOrName


class Attach(BaseModel):
    network: int
    ip: Ipv4 | None = None
    ip_range: Range | None = None
