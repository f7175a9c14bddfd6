"""
Articles of the General Data Protection Regulation that servers and their operation have to do with.

Source: Regulation (EU) 2016/679, by its articles; the wording is ours.
"""

from __future__ import annotations

from ops.compliance.control import Condition, Control, Framework
from ops.dossier.words import Words

ACCESS = ("security.key-unknown", "security.account-unknown", "security.password-set", "security.sshd-passwords")
BACKUPS = ("data.backup-missing", "data.backup-old", "data.backup-empty")


def _article(item: str, title: Words, **evidence: object) -> Control:
    slug = item.replace("(", "-").replace(")", "")
    return Control(id=f"gdpr-{slug}", framework=Framework.GDPR, item=f"Art. {item}", title=title, **evidence)  # type: ignore[arg-type]


CONTROLS = (
    _article(
        "25",
        Words(
            en="What personal data there is, where it is and for how long is decided beforehand, and careful is the default",
            fr="Quelles données personnelles il y a, où et pour combien de temps est décidé d'avance, et le réglage par défaut "
            "est le plus prudent",
        ),
        policies=("data-classified", "approval-personal-data", "region-declared", "backup-retention-maximum", "log-retention"),
        checks=("security.port-open", "security.port-exposed"),
        condition=Condition.PERSONAL,
        beyond=Words(
            en="what each project collects and shows by default is in its own code: its owner answers for that",
            fr="ce que chaque projet collecte et montre par défaut est dans son propre code : son responsable en répond",
        ),
    ),
    _article(
        "28",
        Words(
            en="Other companies get personal data only with a contract that somebody answers for",
            fr="Un sous-traitant ne reçoit de données personnelles qu'avec un contrat dont quelqu'un répond",
        ),
        policies=("approval-processor",),
        facts=("processors-approved",),
        condition=Condition.PERSONAL,
        beyond=Words(
            en="the contracts themselves, those with Hetzner and Cloudflare included",
            fr="les contrats eux-mêmes, y compris ceux avec Hetzner et Cloudflare",
        ),
    ),
    _article(
        "30",
        Words(
            en="There is a record of what personal data is processed, by whom, where, for how long and how it is protected",
            fr="Un registre dit quelles données personnelles sont traitées, par qui, où, pour combien de temps et comment "
            "elles sont protégées",
        ),
        policies=("data-classified", "projects-owned", "approval-processor"),
        facts=("record-of-processing",),
        condition=Condition.PERSONAL,
        beyond=Words(
            en="purposes and groups of people: the record has room for them, and only the owners know them",
            fr="finalités et catégories de personnes : le registre leur fait une place, seuls les responsables les connaissent",
        ),
    ),
    _article(
        "32(1)(a)",
        Words(
            en="Personal data is encrypted on its way and in its copies",
            fr="Les données personnelles sont chiffrées en transit et dans leurs sauvegardes",
        ),
        policies=(
            "backup-unencrypted",
            "site-plain-http",
            "weak-tls",
            "load-balancer-plain-http",
            "swarm-secret-in-plain-text",
        ),
        checks=("tls.untrusted", "tls.protocol-old", "network.plain-http"),
        condition=Condition.PERSONAL,
        beyond=Words(
            en="servers' disks are not encrypted: whoever has the hardware could read them",
            fr="les disques des serveurs ne sont pas chiffrés : qui a le matériel en main pourrait les lire",
        ),
    ),
    _article(
        "32(1)(b)",
        Words(
            en="Nobody gets at data who should not, it stays right, and what serves it stays up",
            fr="Nul n'accède aux données sans y avoir droit, elles restent exactes, et ce qui les sert reste disponible",
        ),
        policies=(
            *("ssh-open-to-world", "database-open-to-world", "server-without-firewall", "stateful-unprotected"),
            *("volume-delete-protection", "monitoring-servers", "monitoring-sites", "projects-promise", "placement-apart"),
        ),
        checks=(*ACCESS, "containers.service-short", "network.site-failing", "data.postgresql-down"),
    ),
    _article(
        "32(1)(c)",
        Words(
            en="Data that is lost is there again in good time",
            fr="Les données perdues sont rétablies dans un délai convenable",
        ),
        policies=("backup-databases", "backup-volumes", "backup-frequency", "backup-retention-minimum", "backup-offsite"),
        checks=(*BACKUPS, "data.drill-old", "data.offsite-old"),
        condition=Condition.DATA,
    ),
    _article(
        "32(1)(d)",
        Words(
            en="Whether the protection works is tried again and again",
            fr="L'efficacité de la protection est éprouvée régulièrement",
        ),
        policies=("backup-drill", "waiver-term"),
        checks=("data.drill-old",),
        facts=("report-of-this-week", "history-intact"),
    ),
    _article(
        "33",
        Words(
            en="A breach of personal data is noticed, and can be told to the authority within 72 hours with what is known",
            fr="Une violation de données personnelles est détectée, et peut être notifiée à l'autorité sous 72 heures avec "
            "ce qu'on en sait",
        ),
        policies=("monitoring-present", "monitoring-receivers", "monitoring-alerts"),
        checks=(*ACCESS, "security.fail2ban-off", "security.host-key-changed"),
        facts=("history-intact", "logs-kept"),
        condition=Condition.PERSONAL,
        beyond=Words(
            en="telling the authority and the people: `flotilla incident` gathers what happened and when, people send it",
            fr="prévenir l'autorité et les personnes : `flotilla incident` réunit ce qui s'est passé et quand, mais c'est "
            "une personne qui l'envoie",
        ),
    ),
    _article(
        "44",
        Words(
            en="Personal data leaves the EU only where that was decided",
            fr="Les données personnelles ne quittent l'UE que là où cela a été décidé",
        ),
        policies=(
            *("region-servers", "region-volumes", "region-networks", "region-addresses", "region-load-balancers"),
            *("region-offsite", "approval-region"),
        ),
        condition=Condition.PERSONAL,
    ),
)
