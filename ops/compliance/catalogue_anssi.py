"""
ANSSI's 42 measures of hygiene: those about servers with their evidence, the others with why they are none of a server's.

Source: ANSSI, "Guide d'hygiène informatique", version 2.0 of September 2017, its list of measures as
third parties give it: not compared with the guide itself.
"""

from __future__ import annotations

from ops.compliance.catalogue_gdpr import ACCESS, BACKUPS
from ops.compliance.control import Condition, Control, Framework

PEOPLE = "it is about people and their training, which servers do not show"
DEVICES = "it is about the devices that people work with, which Flotilla does not run"


def _measure(number: int, title: str, **evidence: object) -> Control:
    return Control(
        id=f"anssi-{number}",
        framework=Framework.ANSSI,
        item=f"measure {number}",
        title=title,
        **evidence,  # type: ignore[arg-type]
    )


CONTROLS = (
    _measure(1, "Who operates the systems is trained in their security", outside=PEOPLE),
    _measure(2, "Everybody knows the first rules of security", outside=PEOPLE),
    _measure(
        3,
        "The risks of handing work to other companies are known and agreed on",
        policies=("approval-processor", "region-servers", "region-offsite"),
        facts=("processors-approved",),
        beyond="what the contracts say",
    ),
    _measure(
        4,
        "The most sensitive data and servers are known, and the network is drawn",
        policies=("data-classified", "names-pattern", "labels-required"),
        checks=("drift.unmanaged", "drift.changed"),
        facts=("projects-classified",),
    ),
    _measure(
        5,
        "Privileged accounts are listed, and the list is true",
        checks=("security.account-unknown", "security.sudoer-unknown", "security.key-unknown", "security.key-missing"),
        facts=("administrators-named",),
    ),
    _measure(
        6,
        "Whoever comes, goes or changes work gets and loses access in an ordered way",
        checks=("security.key-unknown", "security.account-unknown", "security.key-missing"),
        facts=("administrators-named",),
        beyond="that somebody is told when a person leaves",
    ),
    _measure(7, "Only known equipment is on the network", checks=("drift.unmanaged", "containers.node-down")),
    _measure(
        8,
        "Each person is known by name, and administrators' accounts are theirs alone",
        policies=("ssh-key-shared",),
        checks=("security.account-unknown", "security.key-unknown"),
        facts=("administrators-named",),
        beyond="deployments log in as root by an administrator's key: docs/security.md",
    ),
    _measure(
        9,
        "Each account may do what it has to, and no more",
        policies=("container-root-user", "container-added-capability", "container-keeps-capabilities"),
        checks=("security.sudoer-unknown", "security.container-soft", "security.suid-unknown"),
    ),
    _measure(10, "Passwords are well chosen", checks=("security.password-set", "security.sshd-passwords")),
    _measure(
        11,
        "Stored passwords are protected",
        policies=("container-secret-in-environment", "command-secret-input-in-plain-text", "provider-credential-in-plain-text"),
        facts=("secrets-encrypted",),
    ),
    _measure(
        12,
        "What came with a password that everybody knows has another one",
        policies=("user-data-sets-password", "user-data-password-login"),
        checks=("security.password-set",),
    ),
    _measure(
        13,
        "Whoever logs in proves it by more than a password",
        policies=("ssh-key-weak", "server-without-ssh-key"),
        checks=("security.sshd-passwords", "security.sshd-key-source"),
        beyond="that each private key has a passphrase or a token of its own",
    ),
    _measure(
        14,
        "All machines have the same least level of security",
        checks=("drift.role-differs", "security.sysctl-weak", "hosts.declaration-differs"),
    ),
    _measure(15, "Removable media bring nothing in", outside=DEVICES),
    _measure(16, "One tool sets up all machines alike", checks=("drift.role-differs",), facts=("brought-out-by-flotilla",)),
    _measure(17, "Each machine has its own firewall", checks=("security.host-firewall-open", "security.port-exposed")),
    _measure(
        18,
        "Sensitive data is encrypted on its way through the internet",
        policies=("site-plain-http", "backup-unencrypted", "weak-tls"),
        checks=("network.plain-http", "tls.untrusted"),
        condition=Condition.SITES,
    ),
    _measure(
        19,
        "The network has parts that are kept apart",
        policies=("network-range-too-wide", "network-range-not-private", "database-server-exposed", "environments-apart"),
        checks=("security.port-open",),
    ),
    _measure(20, "Wireless networks are safe and kept apart", outside="servers have no wireless network"),
    _measure(
        21,
        "Services are spoken to by secure protocols",
        policies=("site-plain-http", "weak-tls", "load-balancer-plain-http", "docker-over-plain-tcp"),
        checks=("tls.protocol-old", "security.sshd-algorithms", "security.docker-exposed"),
    ),
    _measure(22, "People reach the internet through a gateway that watches", outside=DEVICES),
    _measure(
        23,
        "What the internet sees is kept apart from the rest",
        policies=("any-port-open-to-world", "port-without-role", "database-server-exposed", "port-published-past-ingress"),
        checks=("security.port-open", "security.port-exposed"),
    ),
    _measure(
        24, "Mail is protected", outside="mail of people is elsewhere; servers only send alerts, to a server that takes them"
    ),
    _measure(25, "Connections with partners are protected", outside="no network of anybody else is joined to the private one"),
    _measure(26, "Rooms with servers are locked", outside="the rooms are Hetzner's: ask for its certificate for ISO 27001"),
    _measure(27, "Administrators' machines do not reach the internet", outside=DEVICES),
    _measure(
        28,
        "Administration has ways of its own",
        policies=("admin-range-too-wide", "ssh-open-to-world"),
        checks=("security.port-open",),
        beyond="SSH comes over the internet, from `access.sources` only; there is no network for administration alone",
    ),
    _measure(29, "People are no administrators of their own devices", outside=DEVICES),
    _measure(30, "Mobile devices are guarded", outside=DEVICES),
    _measure(31, "Sensitive data on what may get lost is encrypted", outside=DEVICES),
    _measure(32, "Mobile devices connect safely", outside=DEVICES),
    _measure(33, "Mobile phones have rules of their own", outside=DEVICES),
    _measure(
        34,
        "Updates are installed by a rule",
        checks=("hosts.updates-pending", "hosts.reboot-required"),
        facts=("updates-by-themselves",),
        beyond="what is in the projects' images: their own builds update it",
    ),
    _measure(
        35,
        "What is not mended any more is replaced in time",
        facts=("supported-versions",),
        beyond="what is in the projects' images",
    ),
    _measure(
        36,
        "The most important components keep logs",
        policies=("log-retention", "container-unbounded-logs"),
        checks=("hosts.clock-wrong", "hosts.clock-unsynchronized"),
        facts=("logs-kept", "history-intact"),
        beyond="logs stay on the server that wrote them: whoever takes it over could change them",
    ),
    _measure(
        37,
        "What matters is backed up by a rule, away from where it is, and restoring it is tried",
        policies=("backup-databases", "backup-volumes", "backup-server-elsewhere", "backup-offsite", "backup-drill"),
        checks=(*BACKUPS, "data.drill-old", "data.offsite-old"),
        condition=Condition.DATA,
    ),
    _measure(
        38,
        "Security is checked regularly, and what is found is mended",
        policies=("waiver-complete", "waiver-term"),
        checks=ACCESS,
        facts=("report-of-this-week",),
    ),
    _measure(
        39,
        "There is somebody to ask about security, and everybody knows whom",
        policies=("projects-owned", "monitoring-receivers"),
        beyond="who that is for the company as a whole",
    ),
    _measure(
        40,
        "It is known what to do in an incident",
        policies=("monitoring-receivers", "monitoring-alerts"),
        facts=("incident-procedure",),
    ),
    _measure(
        41, "The risks are analysed in a formal way", outside="an analysis of risks is people's work; this is material for it"
    ),
    _measure(
        42,
        "Products and services are those that ANSSI has qualified",
        outside="Hetzner and Cloudflare are not qualified by ANSSI",
    ),
)
