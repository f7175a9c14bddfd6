"""
Who is told, and how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hosts.host import Host
from hosts.items import File, Item
from hosts.roles.daemon import Daemon
from hosts.roles.monitoring.document import FOLDER, SECRETS, USER, text
from ops.errors import SettingsError

CONFIGURATION = f"{FOLDER}/alertmanager.yml"
# Its log would have the addresses of receivers that do not answer.
PROGRAM = "/usr/local/lib/flotilla/alertmanager"
SOURCE = Path(__file__).parents[2] / "files" / "alertmanager"
NOBODY, EVERYBODY = "nobody", "everybody"
# An alert that says less than another that is there too: (the one that is told, those that are not, what they have in common).
_SAID_ALREADY = (
    ("ServerUnreachable", "severity=warning", ("server",)),
    ("DiskAlmostFull", "alertname=DiskFilling", ("server", "mountpoint")),
    ("MemoryExhausted", "alertname=MemoryShort", ("server",)),
    ("ContainerRestarting", "alertname=ContainerRestarted", ("server", "service")),
    ("CertificateExpiresSoon", "alertname=CertificateNotRenewed", ("instance",)),
)
DAEMON = Daemon(
    unit="prometheus-alertmanager",
    argv=[
        PROGRAM,
        f"--config.file={CONFIGURATION}",
        "--storage.path=/var/lib/prometheus/alertmanager",
        "--web.listen-address=127.0.0.1:9093",
        # It is alone: nothing is said to others.
        "--cluster.listen-address=",
    ],
    service=["ProtectSystem=full", "ProtectHome=true", "PrivateTmp=true", "PrivateDevices=true"],
)


def wanted(host: Host) -> Sequence[Item]:
    """
    Alertmanager, and the secrets of those who are told, in files that only it reads. Debian's version knows no file for the
    address of a webhook: its configuration is as secret as they are.
    """
    told = host.roles["monitoring"]
    secrets = _secrets(host)
    files = [
        File(path=path, content=value, mode=0o600, owner=USER, group=USER, is_secret=True, notify=(DAEMON.reload,))
        for path, value in secrets.items()
    ]
    document = configuration(host)
    main = File(
        path=CONFIGURATION,
        content=text(document),
        mode=0o600,
        owner=USER,
        group=USER,
        is_secret=any(receiver["kind"] == "webhook" for receiver in told["receivers"]),
        check=("amtool", "check-config", "{new}"),
        notify=(DAEMON.reload,),
    )
    return [*files, main, DAEMON.running()]


def program() -> File:
    """
    What starts it; comes before its drop-in.
    """
    return File(path=PROGRAM, content=SOURCE.read_text(), mode=0o755, notify=(DAEMON.restart,))


def _file(receiver: Mapping[str, Any]) -> str:
    return f"{SECRETS}/{receiver['name']}"


def _secrets(host: Host) -> dict[str, str]:
    """
    {path: secret} for what Alertmanager reads from files.
    """
    told = host.roles["monitoring"]
    found = {_file(receiver): _address(receiver, host) for receiver in told["receivers"] if receiver["kind"] == "slack"}
    mail = told["mail"]
    if mail and mail["secret"]:
        found[f"{SECRETS}/mail"] = _secret("monitoring.mail", mail["secret"], host)
    return found


def _secret(setting: str, name: str, host: Host) -> str:
    if name not in host.notifications:
        raise SettingsError(
            f"{setting}: the secret notifications.{name} has no value here. Nobody would be told. "
            f"Set it with `{_set_command(name, host)}`."
        )
    return host.notifications[name]


def _set_command(name: str, host: Host) -> str:
    """
    As settings/secrets.py has it: a stack is called like its environment.
    """
    return f"flotilla secrets set notifications.{name} -s {host.environment}"


def _address(receiver: Mapping[str, Any], host: Host) -> str:
    """
    A receiver's secret address. A wrong one is refused here, because amtool would quote it.
    """
    setting = f"monitoring.receivers.{receiver['name']}"
    address = _secret(setting, receiver["secret"], host)
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or not address.isprintable() or " " in address:
        raise SettingsError(
            f"{setting}: the secret notifications.{receiver['secret']} is no http or https address. Nobody would be told. "
            f"Set it again: `{_set_command(receiver['secret'], host)}`."
        )
    return address


def configuration(host: Host) -> dict[str, Any]:
    """
    `alertmanager.yml`: everybody is told everything, what is critical again and again. With a webhook's address in it.
    """
    told = host.roles["monitoring"]
    everybody: dict[str, Any] = {"name": EVERYBODY}
    for receiver in told["receivers"]:
        for key, value in _integration(receiver, host).items():
            everybody.setdefault(key, []).append(value)
    routes = [
        {"matchers": [f"severity={severity}"], "receiver": EVERYBODY, "repeat_interval": again}
        for severity, again in told["repeat_after"].items()
    ]
    return {
        **_mail(told["mail"]),
        "route": {
            "receiver": EVERYBODY,
            "group_by": ["alertname", "server", "project"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": "1d",
            "routes": routes,
        },
        "inhibit_rules": [
            {"source_matchers": [f"alertname={said}"], "target_matchers": [less], "equal": list(equal)}
            for said, less, equal in _SAID_ALREADY
        ],
        "receivers": [everybody],
    }


def _integration(receiver: Mapping[str, Any], host: Host) -> dict[str, dict[str, Any]]:
    match receiver["kind"]:
        case "email":
            return {"email_configs": {"to": receiver["to"], "send_resolved": True}}
        case "slack":
            return {"slack_configs": {"api_url_file": _file(receiver), "send_resolved": True, **_SLACK}}
        case "webhook":
            return {"webhook_configs": {"url": _address(receiver, host), "send_resolved": True}}
    raise ValueError(f"{receiver['kind']} is no kind of receiver")


_SLACK = {
    "title": "{{ .Status | toUpper }}: {{ .CommonLabels.alertname }} ({{ .CommonLabels.environment }})",
    "text": "{{ range .Alerts }}{{ .Labels.severity }}: {{ .Annotations.summary }}. "
    "Runbook: {{ .Annotations.runbook }}.\n{{ end }}",
}


def _mail(mail: Mapping[str, Any] | None) -> dict[str, Any]:
    if mail is None:
        return {}
    login = {"smtp_auth_username": mail["user"]} if mail["user"] else {}
    if mail["secret"]:
        login["smtp_auth_password_file"] = f"{SECRETS}/mail"
    smarthost = f"{mail['host']}:{mail['port']}"
    return {"global": {"smtp_smarthost": smarthost, "smtp_from": mail["sender"], "smtp_require_tls": True, **login}}
