"""
Articles of the General Data Protection Regulation that servers and their operation have to do with.

Source: Regulation (EU) 2016/679, by its articles; the wording is ours.
"""

from __future__ import annotations

from ops.compliance.control import Condition, Control, Framework

ACCESS = ("security.key-unknown", "security.account-unknown", "security.password-set", "security.sshd-passwords")
BACKUPS = ("data.backup-missing", "data.backup-old", "data.backup-empty")


def _article(item: str, title: str, **evidence: object) -> Control:
    slug = item.replace("(", "-").replace(")", "")
    return Control(id=f"gdpr-{slug}", framework=Framework.GDPR, item=f"Art. {item}", title=title, **evidence)  # type: ignore[arg-type]


CONTROLS = (
    _article(
        "25",
        "What personal data there is, where it is and for how long is decided beforehand, and careful is the default",
        policies=("data-classified", "approval-personal-data", "region-declared", "backup-retention-maximum", "log-retention"),
        checks=("security.port-open", "security.port-exposed"),
        condition=Condition.PERSONAL,
        beyond="what each project collects and shows by default is in its own code: its owner answers for that",
    ),
    _article(
        "28",
        "Other companies get personal data only with a contract that somebody answers for",
        policies=("approval-processor",),
        facts=("processors-approved",),
        condition=Condition.PERSONAL,
        beyond="the contracts themselves, those with Hetzner and Cloudflare included",
    ),
    _article(
        "30",
        "There is a record of what personal data is processed, by whom, where, for how long and how it is protected",
        policies=("data-classified", "projects-owned", "approval-processor"),
        facts=("record-of-processing",),
        condition=Condition.PERSONAL,
        beyond="purposes and groups of people: the record has room for them, and only the owners know them",
    ),
    _article(
        "32(1)(a)",
        "Personal data is encrypted on its way and in its copies",
        policies=(
            "backup-unencrypted",
            "site-plain-http",
            "weak-tls",
            "load-balancer-plain-http",
            "swarm-secret-in-plain-text",
        ),
        checks=("tls.untrusted", "tls.protocol-old", "network.plain-http"),
        condition=Condition.PERSONAL,
        beyond="servers' disks are not encrypted: whoever has the hardware could read them",
    ),
    _article(
        "32(1)(b)",
        "Nobody gets at data who should not, it stays right, and what serves it stays up",
        policies=(
            *("ssh-open-to-world", "database-open-to-world", "server-without-firewall", "stateful-unprotected"),
            *("volume-delete-protection", "monitoring-servers", "monitoring-sites", "projects-promise", "placement-apart"),
        ),
        checks=(*ACCESS, "containers.service-short", "network.site-failing", "data.postgresql-down"),
    ),
    _article(
        "32(1)(c)",
        "Data that is lost is there again in good time",
        policies=("backup-databases", "backup-volumes", "backup-frequency", "backup-retention-minimum", "backup-offsite"),
        checks=(*BACKUPS, "data.drill-old", "data.offsite-old"),
        condition=Condition.DATA,
    ),
    _article(
        "32(1)(d)",
        "Whether the protection works is tried again and again",
        policies=("backup-drill", "waiver-term"),
        checks=("data.drill-old",),
        facts=("report-of-this-week", "history-intact"),
    ),
    _article(
        "33",
        "A breach of personal data is noticed, and can be told to the authority within 72 hours with what is known",
        policies=("monitoring-present", "monitoring-receivers", "monitoring-alerts"),
        checks=(*ACCESS, "security.fail2ban-off", "security.host-key-changed"),
        facts=("history-intact", "logs-kept"),
        condition=Condition.PERSONAL,
        beyond="telling the authority and the people: `flotilla incident` gathers what happened and when, people send it",
    ),
    _article(
        "44",
        "Personal data leaves the EU only where that was decided",
        policies=(
            *("region-servers", "region-volumes", "region-networks", "region-addresses", "region-load-balancers"),
            *("region-offsite", "approval-region"),
        ),
        condition=Condition.PERSONAL,
    ),
)
