"""
Controls of ISO 27001's annex A as a mapping: which of them have evidence here. A certificate asks for much more than servers.

Source: ISO/IEC 27001:2022, annex A, numbers and subjects as third parties give them: not compared with the standard.
"""

from __future__ import annotations

from ops.compliance.catalogue_gdpr import ACCESS, BACKUPS
from ops.compliance.control import Condition, Control, Framework


def _control(item: str, title: str, **evidence: object) -> Control:
    return Control(id=f"iso-{item}", framework=Framework.ISO, item=f"A.{item}", title=title, **evidence)  # type: ignore[arg-type]


CONTROLS = (
    _control("5.2", "Who answers for what is written down", policies=("projects-owned",), facts=("administrators-named",)),
    _control(
        "5.9",
        "There is a list of what there is, and it is true",
        policies=("labels-required", "names-pattern"),
        checks=("drift.unmanaged", "drift.changed"),
    ),
    _control("5.12", "Data is classified", policies=("data-classified",), facts=("projects-classified",)),
    _control("5.13", "Things carry labels", policies=("labels-known", "labels-environment", "labels-required")),
    _control("5.15", "Access follows rules", policies=("ssh-open-to-world", "admin-range-too-wide"), checks=ACCESS),
    _control(
        "5.17",
        "What people prove themselves by is protected",
        policies=("ssh-key-weak", "ssh-key-shared"),
        checks=("security.password-set", "security.sshd-key-source"),
    ),
    _control(
        "5.18",
        "Access is given, looked at again and taken away",
        checks=("security.key-unknown", "security.key-missing", "security.account-unknown"),
        facts=("administrators-named",),
    ),
    _control(
        "5.19",
        "Other companies are chosen with care",
        policies=("approval-processor",),
        facts=("processors-approved",),
        beyond="what the contracts say",
    ),
    _control("5.23", "Clouds are used by a rule", policies=("region-servers", "region-offsite", "budget-set")),
    _control("5.24", "Incidents are prepared for", policies=("monitoring-receivers",), facts=("incident-procedure",)),
    _control(
        "5.28",
        "Evidence is kept as it was",
        facts=("history-intact", "logs-kept"),
        beyond="logs stay on the server that wrote them",
    ),
    _control(
        "5.30",
        "What is needed to go on after a disaster is ready",
        policies=("backup-offsite", "backup-server-elsewhere", "backup-drill"),
        checks=("data.drill-old", "data.offsite-old"),
        condition=Condition.DATA,
    ),
    _control(
        "5.31",
        "What law asks for is known",
        policies=("region-declared", "data-classified"),
        facts=("record-of-processing",),
        beyond="which laws count for the company",
    ),
    _control(
        "5.34",
        "Personal data is protected",
        policies=("data-classified", "approval-personal-data"),
        condition=Condition.PERSONAL,
        beyond="what each project does with it",
    ),
    _control(
        "5.36",
        "Whether rules are kept is checked, and exceptions end",
        policies=("waiver-complete", "waiver-term", "waiver-narrow"),
        facts=("waivers-valid", "report-of-this-week"),
    ),
    _control("5.37", "How to operate is written down", facts=("incident-procedure", "history-intact")),
    _control("7.5", "Buildings are protected", outside="the buildings are Hetzner's: ask for its certificate for ISO 27001"),
    _control("8.2", "Few have privileges, and they are known", checks=("security.sudoer-unknown", "security.account-unknown")),
    _control(
        "8.5",
        "Logging in is safe",
        policies=("user-data-password-login",),
        checks=("security.sshd-passwords", "security.sshd-weak", "security.sshd-algorithms"),
    ),
    _control(
        "8.6",
        "There is enough of everything",
        policies=("projects-promise", "container-without-memory-limit"),
        checks=("hosts.disk-full", "hosts.memory-low", "hosts.load-high", "data.connections-high"),
    ),
    _control(
        "8.7",
        "Nothing harmful is run",
        policies=("image-by-tag", "image-from-unknown-registry", "user-data-runs-download"),
        checks=("containers.image-unpinned", "drift.container-unmanaged"),
        beyond="no scanner looks into images here: their own builds do",
    ),
    _control(
        "8.8",
        "Weaknesses are found and mended",
        checks=("hosts.updates-pending", "hosts.reboot-required"),
        facts=("updates-by-themselves",),
        beyond="weaknesses in the projects' images",
    ),
    _control(
        "8.9",
        "Everything is set up as it is written down",
        checks=("drift.changed", "drift.role-differs", "containers.release-differs"),
    ),
    _control(
        "8.10",
        "What is not needed any more is deleted",
        policies=("backup-retention-maximum", "log-retention", "monitoring-retention"),
    ),
    _control(
        "8.12",
        "Data does not leak",
        policies=("secret-in-outputs", "container-secret-in-environment", "command-secret-in-command-line"),
        checks=("security.port-open",),
    ),
    _control(
        "8.13",
        "There are copies of data",
        policies=("backup-databases", "backup-volumes", "backup-offsite"),
        checks=(*BACKUPS, "data.drill-old"),
        condition=Condition.DATA,
    ),
    _control(
        "8.14",
        "What matters is there twice",
        policies=("availability-ingress", "availability-app", "availability-location", "placement-apart"),
    ),
    _control(
        "8.15",
        "There are logs, for as long as is right",
        policies=("log-retention", "container-unbounded-logs"),
        facts=("logs-kept", "history-intact"),
    ),
    _control(
        "8.16",
        "Somebody watches, and is told",
        policies=("monitoring-present", "monitoring-servers", "monitoring-sites", "monitoring-alerts"),
    ),
    _control("8.17", "Clocks agree", checks=("hosts.clock-wrong", "hosts.clock-unsynchronized")),
    _control(
        "8.20",
        "Networks are protected",
        policies=("server-without-firewall", "any-port-open-to-world"),
        checks=("security.host-firewall-open", "security.port-open"),
    ),
    _control(
        "8.22", "Networks are kept apart", policies=("database-server-exposed", "environments-apart", "network-range-too-wide")
    ),
    _control(
        "8.24",
        "Encryption is used by a rule",
        policies=("weak-tls", "backup-unencrypted", "ssh-key-weak"),
        checks=("tls.protocol-old", "tls.expired", "security.sshd-algorithms"),
    ),
    _control(
        "8.31",
        "Development, test and production are kept apart",
        policies=("environments-apart", "environments-domains", "names-environment"),
    ),
    _control(
        "8.32",
        "Changes are planned, graded and written down",
        policies=("environments-alike",),
        checks=("containers.release-pending", "drift.changed"),
        facts=("brought-out-by-flotilla", "history-intact"),
    ),
)
