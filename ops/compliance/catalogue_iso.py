"""
Controls of ISO 27001's annex A as a mapping: which of them have evidence here. A certificate asks for much more than servers.

Source: ISO/IEC 27001:2022, annex A, numbers and subjects as third parties give them: not compared with the standard.
"""

from __future__ import annotations

from ops.compliance.catalogue_gdpr import ACCESS, BACKUPS
from ops.compliance.control import Condition, Control, Framework
from ops.dossier.words import Words


def _control(item: str, title: Words, **evidence: object) -> Control:
    return Control(id=f"iso-{item}", framework=Framework.ISO, item=f"A.{item}", title=title, **evidence)  # type: ignore[arg-type]


CONTROLS = (
    _control(
        "5.2",
        Words(en="Who answers for what is written down", fr="Qui répond de quoi est écrit"),
        policies=("projects-owned",),
        facts=("administrators-named",),
    ),
    _control(
        "5.9",
        Words(
            en="There is a list of what there is, and it is true",
            fr="Il existe un inventaire de ce qui est en place, et il est exact",
        ),
        policies=("labels-required", "names-pattern"),
        checks=("drift.unmanaged", "drift.changed"),
    ),
    _control(
        "5.12",
        Words(en="Data is classified", fr="Les données sont classées"),
        policies=("data-classified",),
        facts=("projects-classified",),
    ),
    _control(
        "5.13",
        Words(en="Things carry labels", fr="Les ressources portent des étiquettes"),
        policies=("labels-known", "labels-environment", "labels-required"),
    ),
    _control(
        "5.15",
        Words(en="Access follows rules", fr="Les accès suivent des règles"),
        policies=("ssh-open-to-world", "admin-range-too-wide"),
        checks=ACCESS,
    ),
    _control(
        "5.17",
        Words(en="What people prove themselves by is protected", fr="Ce qui sert à s'authentifier est protégé"),
        policies=("ssh-key-weak", "ssh-key-shared"),
        checks=("security.password-set", "security.sshd-key-source", "security.secret-overdue"),
    ),
    _control(
        "5.18",
        Words(en="Access is given, looked at again and taken away", fr="Les accès sont donnés, revus et retirés"),
        checks=("security.key-unknown", "security.key-missing", "security.account-unknown"),
        facts=("administrators-named",),
    ),
    _control(
        "5.19",
        Words(en="Other companies are chosen with care", fr="Les sous-traitants sont choisis avec soin"),
        policies=("approval-processor",),
        facts=("processors-approved",),
        beyond=Words(en="what the contracts say", fr="ce que disent les contrats"),
    ),
    _control(
        "5.23",
        Words(en="Clouds are used by a rule", fr="L'usage du cloud suit une règle"),
        policies=("region-servers", "region-offsite", "budget-set"),
    ),
    _control(
        "5.24",
        Words(en="Incidents are prepared for", fr="La réponse aux incidents est préparée"),
        policies=("monitoring-receivers",),
        facts=("incident-procedure",),
    ),
    _control(
        "5.28",
        Words(en="Evidence is kept as it was", fr="Les preuves sont gardées telles quelles"),
        facts=("history-intact", "logs-kept"),
        beyond=Words(en="logs stay on the server that wrote them", fr="les journaux restent sur le serveur qui les a écrits"),
    ),
    _control(
        "5.30",
        Words(
            en="What is needed to go on after a disaster is ready",
            fr="Ce qu'il faut pour reprendre après un sinistre est prêt",
        ),
        policies=("backup-offsite", "backup-server-elsewhere", "backup-drill"),
        checks=("data.drill-old", "data.offsite-old"),
        condition=Condition.DATA,
    ),
    _control(
        "5.31",
        Words(en="What law asks for is known", fr="Ce que la loi demande est connu"),
        policies=("region-declared", "data-classified"),
        facts=("record-of-processing",),
        beyond=Words(en="which laws count for the company", fr="quelles lois s'appliquent à l'entreprise"),
    ),
    _control(
        "5.34",
        Words(en="Personal data is protected", fr="Les données personnelles sont protégées"),
        policies=("data-classified", "approval-personal-data"),
        condition=Condition.PERSONAL,
        beyond=Words(en="what each project does with it", fr="ce que chaque projet en fait"),
    ),
    _control(
        "5.36",
        Words(
            en="Whether rules are kept is checked, and exceptions end",
            fr="Le respect des règles est vérifié, et les dérogations prennent fin",
        ),
        policies=("waiver-complete", "waiver-term", "waiver-narrow"),
        facts=("waivers-valid", "report-of-this-week"),
    ),
    _control(
        "5.37",
        Words(en="How to operate is written down", fr="Les procédures d'exploitation sont écrites"),
        facts=("incident-procedure", "history-intact"),
    ),
    _control(
        "7.5",
        Words(en="Buildings are protected", fr="Les bâtiments sont protégés"),
        outside=Words(
            en="the buildings are Hetzner's: ask for its certificate for ISO 27001",
            fr="les bâtiments sont ceux de Hetzner : lui demander son certificat ISO 27001",
        ),
    ),
    _control(
        "8.2",
        Words(en="Few have privileges, and they are known", fr="Peu de gens ont des privilèges, et on sait qui"),
        checks=("security.sudoer-unknown", "security.account-unknown"),
    ),
    _control(
        "8.5",
        Words(en="Logging in is safe", fr="L'ouverture de session est sûre"),
        policies=("user-data-password-login",),
        checks=("security.sshd-passwords", "security.sshd-weak", "security.sshd-algorithms"),
    ),
    _control(
        "8.6",
        Words(en="There is enough of everything", fr="Il y a assez de chaque ressource"),
        policies=("projects-promise", "container-without-memory-limit"),
        checks=("hosts.disk-full", "hosts.memory-low", "hosts.load-high", "data.connections-high"),
    ),
    _control(
        "8.7",
        Words(en="Nothing harmful is run", fr="Rien de malveillant n'est exécuté"),
        policies=("image-by-tag", "image-from-unknown-registry", "user-data-runs-download"),
        checks=("containers.image-unpinned", "drift.container-unmanaged"),
        beyond=Words(
            en="no scanner looks into images here: their own builds do",
            fr="aucun outil n'analyse les images ici : cela se fait à leur construction",
        ),
    ),
    _control(
        "8.8",
        Words(en="Weaknesses are found and mended", fr="Les vulnérabilités sont trouvées et corrigées"),
        checks=("hosts.updates-pending", "hosts.reboot-required"),
        facts=("updates-by-themselves",),
        beyond=Words(en="weaknesses in the projects' images", fr="les vulnérabilités dans les images des projets"),
    ),
    _control(
        "8.9",
        Words(en="Everything is set up as it is written down", fr="Tout est configuré comme c'est écrit"),
        checks=("drift.changed", "drift.role-differs", "containers.release-differs"),
    ),
    _control(
        "8.10",
        Words(en="What is not needed any more is deleted", fr="Ce qui n'est plus nécessaire est supprimé"),
        policies=("backup-retention-maximum", "log-retention", "monitoring-retention"),
    ),
    _control(
        "8.12",
        Words(en="Data does not leak", fr="Les données ne fuient pas"),
        policies=("secret-in-outputs", "container-secret-in-environment", "command-secret-in-command-line"),
        checks=("security.port-open",),
    ),
    _control(
        "8.13",
        Words(en="There are copies of data", fr="Les données sont sauvegardées"),
        policies=("backup-databases", "backup-volumes", "backup-offsite"),
        checks=(*BACKUPS, "data.drill-old"),
        condition=Condition.DATA,
    ),
    _control(
        "8.14",
        Words(en="What matters is there twice", fr="Ce qui compte est en double"),
        policies=("availability-ingress", "availability-app", "availability-location", "placement-apart"),
    ),
    _control(
        "8.15",
        Words(en="There are logs, for as long as is right", fr="Il y a des journaux, gardés le temps qu'il faut"),
        policies=("log-retention", "container-unbounded-logs"),
        facts=("logs-kept", "history-intact"),
    ),
    _control(
        "8.16",
        Words(en="Somebody watches, and is told", fr="Une surveillance est en place, et quelqu'un est prévenu"),
        policies=("monitoring-present", "monitoring-servers", "monitoring-sites", "monitoring-alerts"),
    ),
    _control(
        "8.17",
        Words(en="Clocks agree", fr="Les horloges sont à la même heure"),
        checks=("hosts.clock-wrong", "hosts.clock-unsynchronized"),
    ),
    _control(
        "8.20",
        Words(en="Networks are protected", fr="Les réseaux sont protégés"),
        policies=("server-without-firewall", "any-port-open-to-world"),
        checks=("security.host-firewall-open", "security.port-open"),
    ),
    _control(
        "8.22",
        Words(en="Networks are kept apart", fr="Les réseaux sont cloisonnés"),
        policies=("database-server-exposed", "environments-apart", "network-range-too-wide"),
    ),
    _control(
        "8.24",
        Words(en="Encryption is used by a rule", fr="L'usage du chiffrement suit une règle"),
        policies=("weak-tls", "backup-unencrypted", "ssh-key-weak"),
        checks=("tls.protocol-old", "tls.expired", "security.sshd-algorithms", "security.secret-overdue"),
    ),
    _control(
        "8.31",
        Words(en="Development, test and production are kept apart", fr="Développement, test et production sont séparés"),
        policies=("environments-apart", "environments-domains", "names-environment"),
    ),
    _control(
        "8.32",
        Words(
            en="Changes are planned, graded and written down",
            fr="Les changements sont planifiés, classés par niveau et consignés",
        ),
        policies=("environments-alike",),
        checks=("containers.release-pending", "drift.changed"),
        facts=("brought-out-by-flotilla", "history-intact"),
    ),
)
