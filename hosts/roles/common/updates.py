"""
Security updates by themselves, a restart when one asks for it, at the server's own time; and two measures of what waits.
"""

from __future__ import annotations

from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Command, File, Item, Packages, Unit

METRICS = "/var/lib/prometheus/node-exporter"
PROGRAM = "/usr/local/sbin/flotilla-updates"
UPGRADE, MEASURE = "apt-daily-upgrade.timer", "flotilla-updates.timer"


def _restart(unit: str) -> tuple[Command, ...]:
    return (("systemctl", "daemon-reload"), ("systemctl", "restart", unit))


_PERIODIC = """\
// Written by Flotilla (hosts/roles/common/updates.py).
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
"""
_NEEDRESTART = """\
# Written by Flotilla. Services that use a library that was updated start again by themselves.
$nrconf{restart} = 'a';
$nrconf{kernelhints} = 0;
# These take what runs on them along: the restart in the window, or a person, does it.
$nrconf{override_rc}->{qr(^docker)} = 0;
$nrconf{override_rc}->{qr(^containerd)} = 0;
$nrconf{override_rc}->{qr(^postgresql)} = 0;
"""
_METRICS_PROGRAM = f"""\
#!/bin/sh
# Written by Flotilla. What waits: security updates, and a restart; for node exporter's textfile collector.
set -eu
folder={METRICS}
pending=$(apt-get --simulate --quiet=2 dist-upgrade 2>/dev/null | awk '/^Inst / && /[Ss]ecurity/ {{n++}} END {{print n + 0}}')
[ -e /run/reboot-required ] && reboot=1 || reboot=0
mkdir -p "$folder"
new=$(mktemp -p "$folder")
cat >"$new" <<MEASURES
# HELP flotilla_updates_pending Security updates that are not installed yet.
# TYPE flotilla_updates_pending gauge
flotilla_updates_pending $pending
# HELP flotilla_reboot_required 1 while an update waits for a restart.
# TYPE flotilla_reboot_required gauge
flotilla_reboot_required $reboot
MEASURES
chmod 0644 "$new"
mv "$new" "$folder/flotilla_updates.prom"
"""
_METRICS_UNIT = f"""\
[Unit]
Description=Measure which updates wait

[Service]
Type=oneshot
ExecStart={PROGRAM}
Nice=10
ProtectSystem=full
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes
"""
_METRICS_TIMER = """\
[Unit]
Description=Measure which updates wait

[Timer]
OnBootSec=10min
OnUnitActiveSec=3h
RandomizedDelaySec=2min

[Install]
WantedBy=timers.target
"""


def upgrades(*, may_restart: bool) -> str:
    """
    unattended-upgrades' own settings: Debian's security updates and nothing else. A restart follows the upgrade at once, which
    is in the server's part of the window.
    """
    return (
        "// Written by Flotilla (hosts/roles/common/updates.py).\n"
        "#clear Unattended-Upgrade::Origins-Pattern;\n"
        "Unattended-Upgrade::Origins-Pattern {\n"
        '        "origin=Debian,codename=${distro_codename},label=Debian-Security";\n'
        '        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";\n'
        "};\n"
        'Unattended-Upgrade::MinimalSteps "true";\n'
        'Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";\n'
        'Unattended-Upgrade::Remove-New-Unused-Dependencies "true";\n'
        'Unattended-Upgrade::SyslogEnable "true";\n'
        f'Unattended-Upgrade::Automatic-Reboot "{"true" if may_restart else "false"}";\n'
        'Unattended-Upgrade::Automatic-Reboot-WithUsers "true";\n'
        'Unattended-Upgrade::Automatic-Reboot-Time "now";\n'
    )


def timer(on_calendar: str) -> str:
    """
    When upgrades are made. One that was missed waits for the next window: a server that comes back is not to go away again.
    """
    return (
        "# Written by Flotilla (hosts/roles/common/updates.py).\n"
        "[Timer]\n"
        "OnCalendar=\n"
        f"OnCalendar={on_calendar}\n"
        "RandomizedDelaySec=0\n"
        "Persistent=false\n"
    )


def wanted(host: Host) -> Sequence[Item]:
    """
    Upgrades, restarts of what they touch, and the measures.
    """
    told = host.roles["common"]["updates"]
    upgrade_timer, reload = timer(told["on_calendar"]), (("systemctl", "daemon-reload"),)
    return [
        Packages(names=("unattended-upgrades", "needrestart", "apt-listchanges")),
        File(path="/etc/apt/apt.conf.d/20auto-upgrades", content=_PERIODIC),
        File(path="/etc/apt/apt.conf.d/60-flotilla-upgrades", content=upgrades(may_restart=told["may_restart"])),
        File(
            path=f"/etc/systemd/system/{UPGRADE}.d/90-flotilla.conf",
            content=upgrade_timer,
            notify=_restart(UPGRADE),
        ),
        Unit(unit="apt-daily.timer"),
        Unit(unit=UPGRADE),
        Unit(unit="unattended-upgrades.service"),
        File(path="/etc/needrestart/conf.d/90-flotilla.conf", content=_NEEDRESTART),
        File(path=PROGRAM, content=_METRICS_PROGRAM, mode=0o755),
        File(path="/etc/systemd/system/flotilla-updates.service", content=_METRICS_UNIT, notify=reload),
        File(path=f"/etc/systemd/system/{MEASURE}", content=_METRICS_TIMER, notify=_restart(MEASURE)),
        Unit(unit=MEASURE),
    ]
