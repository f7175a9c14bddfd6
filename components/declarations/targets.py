"""
What Prometheus asks, and where: every server, every ingress, every database server, and every site from outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from components.declarations import exporters
from components.naming import all_servers
from settings import Process, Project, Role, Settings
from settings.stacks import is_sandbox

BLACKBOX = "127.0.0.1:9115"
PROMETHEUS = "127.0.0.1:9090"
INTERVAL_S = 15
PROBE_INTERVAL_S = 30
PROBE_TIMEOUT_S = 10
# Where the monitoring server has the root of an authority of one's own.
AUTHORITY = "/etc/flotilla/monitoring/authority.crt"


class Site(NamedTuple):
    """
    One address that visitors use, with what is to answer there.
    """

    url: str
    project: str
    process: str
    module: str


def sites(settings: Settings) -> list[Site]:
    """
    Every name of every project that is served: the main ones must answer well, the others must redirect.
    """
    return [site for project, _ in settings.served for site in _sites(settings, project)]


def _sites(settings: Settings, project: Project) -> Iterator[Site]:
    for name, process in project.all_processes().items():
        module = "maintenance" if project.maintenance else "site"
        for hostname in settings.hostnames(process):
            yield Site(f"https://{hostname}{_path(process)}", project.name, name, module)
        for hostname in settings.redirects(process):
            yield Site(f"https://{hostname}/", project.name, name, "redirect")


def _path(process: Process) -> str:
    return process.health.path if process.health and process.health.path else "/"


def blackbox_modules(settings: Settings) -> dict[str, Any]:
    """
    The ways of asking a site, as blackbox exporter has them. Certificates of an own authority are trusted by its root.
    """
    authority = settings.environment.ingress.tls.authority
    tls = {"ca_file": AUTHORITY} if authority else {}
    protocol = {"preferred_ip_protocol": "ip4", "ip_protocol_fallback": settings.environment.network.ipv6}
    http = {"method": "GET", "fail_if_not_ssl": True, "tls_config": tls, **protocol}
    expected = {
        "site": {"valid_status_codes": [200], "follow_redirects": True},
        "redirect": {"valid_status_codes": [301, 302, 307, 308], "follow_redirects": False},
        "maintenance": {"valid_status_codes": [503], "follow_redirects": False},
    }
    return {
        name: {"prober": "http", "timeout": f"{PROBE_TIMEOUT_S}s", "http": {**http, **codes}}
        for name, codes in expected.items()
    }


def scrape_configs(settings: Settings, addresses: Mapping[str, str]) -> list[dict[str, Any]]:
    """
    Prometheus' `scrape_configs`.
    """
    servers = all_servers(settings)
    jobs = [_job("prometheus", [{"targets": [PROMETHEUS], "labels": {}}])]
    asked = {name: exporters.jobs(settings, name) for name in servers}
    for job in dict.fromkeys(job for ports in asked.values() for job in ports):
        having = [(name, ports[job]) for name, ports in asked.items() if job in ports]
        jobs.append(_job(job, [_target(settings, name, f"{addresses[name]}:{port}") for name, port in having]))
    inside = _inside(settings, addresses)
    for module in blackbox_modules(settings):
        found = [site for site in sites(settings) if site.module == module]
        if found:
            asked_sites = [_asked(site, inside) for site in found]
            jobs.append({**probe(f"probe-{module}", asked_sites), "params": {"module": [module]}})
    return jobs


def _inside(settings: Settings, addresses: Mapping[str, str]) -> str | None:
    """
    In the sandbox, names lead to loopback addresses of the computer that it runs on, which its machines cannot reach: sites are
    asked at the first ingress server's private address. Everywhere else, names are resolved as visitors resolve them.
    """
    if not is_sandbox(settings.stack):
        return None
    return next((addresses[name] for name, (_, pool) in all_servers(settings).items() if Role.INGRESS in pool.roles), None)


def _asked(site: Site, inside: str | None) -> dict[str, Any]:
    """
    A site as a target: `__param_target` is what is connected to, `__param_hostname` whom it is asked for.
    """
    labels = {"project": site.project, "process": site.process, "__param_target": site.url}
    if inside:
        parts = urlsplit(site.url)
        labels |= {"__param_target": parts._replace(netloc=inside).geturl(), "__param_hostname": parts.netloc}
    return {"targets": [site.url], "labels": labels}


def _job(name: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {"job_name": name, "scrape_interval": f"{INTERVAL_S}s", "static_configs": targets}


def _target(settings: Settings, server: str, address: str) -> dict[str, Any]:
    pool_name, pool = all_servers(settings)[server]
    labels = {
        "server": server,
        "pool": pool_name,
        "roles": ",".join(pool.roles),
        "location": pool.location or settings.environment.location,
    }
    return {"targets": [address], "labels": labels}


def probe(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """
    Blackbox exporter asks in Prometheus' place: whom, and which of its modules, are parameters.
    """
    return {
        **_job(name, found),
        "scrape_interval": f"{PROBE_INTERVAL_S}s",
        "scrape_timeout": f"{PROBE_TIMEOUT_S + 1}s",
        "metrics_path": "/probe",
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": BLACKBOX},
        ],
    }
