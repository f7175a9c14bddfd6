"""
What is remembered about a server, and for how long; and the right time, without which no record is worth much.
"""

from __future__ import annotations

from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Command, File, Item, Packages, Unit

NO_CLOCK = "a container may not set the clock (CAP_SYS_TIME)"
NO_AUDIT = "the kernel's audit log cannot be had in a container (CAP_AUDIT_CONTROL)"
JOURNAL_SIZE = "2G"
DISK_KEPT_FREE = "15%"
RESTART_JOURNAL: tuple[Command, ...] = (("systemctl", "restart", "systemd-journald.service"),)
RESTART_CHRONY: tuple[Command, ...] = (("systemctl", "restart", "chrony.service"),)
LOAD_RULES: tuple[Command, ...] = (("augenrules", "--load"),)
# systemd may not stop auditd, so it is not restarted.
READ_AGAIN: tuple[Command, ...] = (("systemctl", "kill", "--signal=HUP", "auditd.service"),)

# Who became whom, what was changed that decides who may do what, and what root ran.
# Source: CIS Debian 12 benchmark 1.1, section 6.2.3, read 2026-11-26; fewer, because a full log helps nobody.
_AUDIT = """\
# Written by Flotilla (hosts/roles/common/records.py).
-D
-b 8192
-f 1
--loginuid-immutable
-w /etc/passwd -p wa -k identity
-w /etc/shadow -p wa -k identity
-w /etc/group -p wa -k identity
-w /etc/gshadow -p wa -k identity
-w /etc/sudoers -p wa -k privileges
-w /etc/sudoers.d/ -p wa -k privileges
-w /etc/ssh/ -p wa -k ssh
-w /root/.ssh/ -p wa -k ssh
-w /etc/flotilla/ -p wa -k flotilla
-w /etc/systemd/system/ -p wa -k units
-w /etc/docker/ -p wa -k docker
-w /etc/localtime -p wa -k time
-w /var/log/sudo.log -p wa -k records
-a always,exit -F arch=b64 -S adjtimex,settimeofday,clock_settime -F key=time
-a always,exit -F arch=b64 -S init_module,finit_module,delete_module -F key=modules
-a always,exit -F arch=b64 -S mount,umount2 -F auid>=1000 -F auid!=unset -F key=mounts
-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=unset -F key=root
"""
_AUDITD = """\
# Written by Flotilla. Text logs of the kernel's audit: bounded, and never what stops the server.
local_events = yes
write_logs = yes
log_file = /var/log/audit/audit.log
log_group = adm
log_format = ENRICHED
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 32
num_logs = 16
max_log_file_action = ROTATE
space_left = 512
space_left_action = SYSLOG
admin_space_left = 256
admin_space_left_action = SUSPEND
disk_full_action = SUSPEND
disk_error_action = SUSPEND
"""
_CHRONY = """\
# Written by Flotilla. Beside Debian's own servers those of Hetzner, near by: docs.hetzner.com, "NTP", read 2026-11-26.
server ntp1.hetzner.de iburst
server ntp2.hetzner.com iburst
server ntp3.hetzner.net iburst
"""


def journal(retention_days: int) -> str:
    """
    journald's limits: older records go, and so do the oldest when there is no room.
    """
    return (
        "# Written by Flotilla (hosts/roles/common/records.py).\n"
        "[Journal]\n"
        "Storage=persistent\n"
        "Compress=yes\n"
        f"SystemMaxUse={JOURNAL_SIZE}\n"
        f"SystemKeepFree={DISK_KEPT_FREE}\n"
        f"MaxRetentionSec={retention_days}day\n"
        "MaxFileSec=1day\n"
        "ForwardToSyslog=no\n"
    )


def rotation(retention_days: int) -> str:
    """
    logrotate's part: sudo's own log is no part of the journal.
    """
    lines = ("daily", f"rotate {retention_days}", "compress", "missingok", "notifempty", "create 0600 root root")
    return "# Written by Flotilla.\n/var/log/sudo.log {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def wanted(host: Host) -> Sequence[Item]:
    """
    The journal, the kernel's audit, and the clock.
    """
    days = host.roles["common"]["log_retention_days"]
    return [
        File(path="/etc/systemd/journald.conf.d/90-flotilla.conf", content=journal(days), notify=RESTART_JOURNAL),
        Packages(names=("logrotate",)),
        File(path="/etc/logrotate.d/flotilla", content=rotation(days), check=("logrotate", "--debug", "{new}")),
        Packages(names=("auditd",), not_in_container=NO_AUDIT),
        File(path="/etc/audit/auditd.conf", content=_AUDITD, mode=0o640, notify=READ_AGAIN, not_in_container=NO_AUDIT),
        File(
            path="/etc/audit/rules.d/audit.rules",
            content=_AUDIT,
            mode=0o640,
            notify=LOAD_RULES,
            not_in_container=NO_AUDIT,
        ),
        Unit(unit="auditd.service", not_in_container=NO_AUDIT),
        Packages(names=("chrony",), not_in_container=NO_CLOCK),
        File(
            path="/etc/chrony/conf.d/flotilla.conf",
            content=_CHRONY,
            notify=RESTART_CHRONY,
            not_in_container=NO_CLOCK,
        ),
        Unit(unit="chrony.service", not_in_container=NO_CLOCK),
    ]
