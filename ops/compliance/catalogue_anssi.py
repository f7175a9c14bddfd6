"""
ANSSI's 42 measures of hygiene: those about servers with their evidence, the others with why they are none of a server's.

Source: ANSSI, "Guide d'hygiène informatique", version 2.0 of September 2017, its list of measures as
third parties give it: not compared with the guide itself.
"""

from __future__ import annotations

from ops.compliance.catalogue_gdpr import ACCESS, BACKUPS
from ops.compliance.control import Condition, Control, Framework
from ops.dossier.words import Words

PEOPLE = Words(
    en="it is about people and their training, which servers do not show",
    fr="il s'agit des gens et de leur formation, que des serveurs ne montrent pas",
)
DEVICES = Words(
    en="it is about the devices that people work with, which Flotilla does not run",
    fr="il s'agit des appareils avec lesquels les gens travaillent, que Flotilla ne gère pas",
)


def _measure(number: int, title: Words, **evidence: object) -> Control:
    return Control(
        id=f"anssi-{number}",
        framework=Framework.ANSSI,
        item=f"measure {number}",
        title=title,
        **evidence,  # type: ignore[arg-type]
    )


CONTROLS = (
    _measure(
        1,
        Words(
            en="Who operates the systems is trained in their security",
            fr="Ceux qui exploitent les systèmes sont formés à leur sécurité",
        ),
        outside=PEOPLE,
    ),
    _measure(
        2,
        Words(en="Everybody knows the first rules of security", fr="Chacun connaît les règles élémentaires de sécurité"),
        outside=PEOPLE,
    ),
    _measure(
        3,
        Words(
            en="The risks of handing work to other companies are known and agreed on",
            fr="Les risques de confier du travail à d'autres entreprises sont connus et encadrés par un accord",
        ),
        policies=("approval-processor", "region-servers", "region-offsite"),
        facts=("processors-approved",),
        beyond=Words(en="what the contracts say", fr="ce que disent les contrats"),
    ),
    _measure(
        4,
        Words(
            en="The most sensitive data and servers are known, and the network is drawn",
            fr="Les données et serveurs les plus sensibles sont connus, et il existe un schéma du réseau",
        ),
        policies=("data-classified", "names-pattern", "labels-required"),
        checks=("drift.unmanaged", "drift.changed"),
        facts=("projects-classified",),
    ),
    _measure(
        5,
        Words(
            en="Privileged accounts are listed, and the list is true",
            fr="Les comptes privilégiés figurent dans une liste, et cette liste est exacte",
        ),
        checks=("security.account-unknown", "security.sudoer-unknown", "security.key-unknown", "security.key-missing"),
        facts=("administrators-named",),
    ),
    _measure(
        6,
        Words(
            en="Whoever comes, goes or changes work gets and loses access in an ordered way",
            fr="Qui arrive, part ou change de poste reçoit et perd ses accès selon une procédure",
        ),
        checks=("security.key-unknown", "security.account-unknown", "security.key-missing"),
        facts=("administrators-named",),
        beyond=Words(en="that somebody is told when a person leaves", fr="que quelqu'un soit prévenu quand une personne part"),
    ),
    _measure(
        7,
        Words(en="Only known equipment is on the network", fr="Seul du matériel connu est sur le réseau"),
        checks=("drift.unmanaged", "containers.node-down"),
    ),
    _measure(
        8,
        Words(
            en="Each person is known by name, and administrators' accounts are theirs alone",
            fr="Chaque personne est connue par son nom, et les comptes des administrateurs ne servent qu'à eux",
        ),
        policies=("ssh-key-shared",),
        checks=("security.account-unknown", "security.key-unknown"),
        facts=("administrators-named",),
        beyond=Words(
            en="deployments log in as root by an administrator's key: docs/security.md",
            fr="les déploiements se connectent en root avec la clé d'un administrateur : docs/security.md",
        ),
    ),
    _measure(
        9,
        Words(
            en="Each account may do what it has to, and no more", fr="Chaque compte a les droits qu'il lui faut, et pas plus"
        ),
        policies=("container-root-user", "container-added-capability", "container-keeps-capabilities"),
        checks=("security.sudoer-unknown", "security.container-soft", "security.suid-unknown"),
    ),
    _measure(
        10,
        Words(en="Passwords are well chosen", fr="Les mots de passe sont bien choisis"),
        checks=("security.password-set", "security.sshd-passwords"),
    ),
    _measure(
        11,
        Words(en="Stored passwords are protected", fr="Les mots de passe conservés sont protégés"),
        policies=("container-secret-in-environment", "command-secret-input-in-plain-text", "provider-credential-in-plain-text"),
        facts=("secrets-encrypted",),
    ),
    _measure(
        12,
        Words(
            en="What came with a password that everybody knows has another one",
            fr="Ce qui est livré avec un mot de passe connu de tous en a reçu un autre",
        ),
        policies=("user-data-sets-password", "user-data-password-login"),
        checks=("security.password-set",),
    ),
    _measure(
        13,
        Words(
            en="Whoever logs in proves it by more than a password", fr="Qui se connecte le prouve par plus qu'un mot de passe"
        ),
        policies=("ssh-key-weak", "server-without-ssh-key"),
        checks=("security.sshd-passwords", "security.sshd-key-source"),
        beyond=Words(
            en="that each private key has a passphrase or a token of its own",
            fr="que chaque clé privée ait sa phrase de passe ou son jeton matériel",
        ),
    ),
    _measure(
        14,
        Words(
            en="All machines have the same least level of security",
            fr="Toutes les machines ont le même niveau minimal de sécurité",
        ),
        checks=("drift.role-differs", "security.sysctl-weak", "hosts.declaration-differs"),
    ),
    _measure(
        15, Words(en="Removable media bring nothing in", fr="Les supports amovibles n'introduisent rien"), outside=DEVICES
    ),
    _measure(
        16,
        Words(en="One tool sets up all machines alike", fr="Un seul outil configure toutes les machines de la même façon"),
        checks=("drift.role-differs",),
        facts=("brought-out-by-flotilla",),
    ),
    _measure(
        17,
        Words(en="Each machine has its own firewall", fr="Chaque machine a son propre pare-feu"),
        checks=("security.host-firewall-open", "security.port-exposed"),
    ),
    _measure(
        18,
        Words(
            en="Sensitive data is encrypted on its way through the internet",
            fr="Les données sensibles qui passent par Internet sont chiffrées",
        ),
        policies=("site-plain-http", "backup-unencrypted", "weak-tls"),
        checks=("network.plain-http", "tls.untrusted"),
        condition=Condition.SITES,
    ),
    _measure(
        19,
        Words(en="The network has parts that are kept apart", fr="Le réseau est divisé en parties séparées"),
        policies=("network-range-too-wide", "network-range-not-private", "database-server-exposed", "environments-apart"),
        checks=("security.port-open",),
    ),
    _measure(
        20,
        Words(en="Wireless networks are safe and kept apart", fr="Les réseaux sans fil sont sûrs et séparés du reste"),
        outside=Words(en="servers have no wireless network", fr="les serveurs n'ont pas de réseau sans fil"),
    ),
    _measure(
        21,
        Words(en="Services are spoken to by secure protocols", fr="On parle aux services par des protocoles sûrs"),
        policies=("site-plain-http", "weak-tls", "load-balancer-plain-http", "docker-over-plain-tcp"),
        checks=("tls.protocol-old", "security.sshd-algorithms", "security.docker-exposed"),
    ),
    _measure(
        22,
        Words(
            en="People reach the internet through a gateway that watches",
            fr="Les gens atteignent Internet par une passerelle qui surveille",
        ),
        outside=DEVICES,
    ),
    _measure(
        23,
        Words(
            en="What the internet sees is kept apart from the rest", fr="Ce qui est visible depuis Internet est séparé du reste"
        ),
        policies=("any-port-open-to-world", "port-without-role", "database-server-exposed", "port-published-past-ingress"),
        checks=("security.port-open", "security.port-exposed"),
    ),
    _measure(
        24,
        Words(en="Mail is protected", fr="Le courrier électronique est protégé"),
        outside=Words(
            en="mail of people is elsewhere; servers only send alerts, to a server that takes them",
            fr="le courrier des gens est ailleurs ; les serveurs n'envoient que des alertes, à un serveur qui les accepte",
        ),
    ),
    _measure(
        25,
        Words(en="Connections with partners are protected", fr="Les liaisons avec les partenaires sont protégées"),
        outside=Words(
            en="no network of anybody else is joined to the private one", fr="aucun réseau de tiers n'est relié au réseau privé"
        ),
    ),
    _measure(
        26,
        Words(en="Rooms with servers are locked", fr="Les salles des serveurs sont fermées à clé"),
        outside=Words(
            en="the rooms are Hetzner's: ask for its certificate for ISO 27001",
            fr="les salles sont celles de Hetzner : demandez-lui son certificat ISO 27001",
        ),
    ),
    _measure(
        27,
        Words(
            en="Administrators' machines do not reach the internet",
            fr="Les postes des administrateurs n'atteignent pas Internet",
        ),
        outside=DEVICES,
    ),
    _measure(
        28,
        Words(en="Administration has ways of its own", fr="L'administration a ses propres voies d'accès"),
        policies=("admin-range-too-wide", "ssh-open-to-world"),
        checks=("security.port-open",),
        beyond=Words(
            en="SSH comes over the internet, from `access.sources` only; there is no network for administration alone",
            fr="SSH passe par Internet, depuis `access.sources` seulement ; il n'y a pas de réseau réservé à l'administration",
        ),
    ),
    _measure(
        29,
        Words(
            en="People are no administrators of their own devices",
            fr="Les gens ne sont pas administrateurs de leur propre poste",
        ),
        outside=DEVICES,
    ),
    _measure(30, Words(en="Mobile devices are guarded", fr="Les appareils mobiles sont gardés à l'abri"), outside=DEVICES),
    _measure(
        31,
        Words(
            en="Sensitive data on what may get lost is encrypted",
            fr="Les données sensibles sont chiffrées sur le matériel qui peut être perdu",
        ),
        outside=DEVICES,
    ),
    _measure(
        32, Words(en="Mobile devices connect safely", fr="Les appareils mobiles se connectent de façon sûre"), outside=DEVICES
    ),
    _measure(
        33,
        Words(en="Mobile phones have rules of their own", fr="Les téléphones mobiles ont leurs propres règles"),
        outside=DEVICES,
    ),
    _measure(
        34,
        Words(en="Updates are installed by a rule", fr="Les mises à jour sont installées selon une règle"),
        checks=("hosts.updates-pending", "hosts.reboot-required"),
        facts=("updates-by-themselves",),
        beyond=Words(
            en="what is in the projects' images: their own builds update it",
            fr="ce qu'il y a dans les images des projets : la construction de chaque image le met à jour",
        ),
    ),
    _measure(
        35,
        Words(en="What is not mended any more is replaced in time", fr="Ce qui n'est plus corrigé est remplacé à temps"),
        facts=("supported-versions",),
        beyond=Words(en="what is in the projects' images", fr="ce qu'il y a dans les images des projets"),
    ),
    _measure(
        36,
        Words(en="The most important components keep logs", fr="Les composants les plus importants tiennent des journaux"),
        policies=("log-retention", "container-unbounded-logs"),
        checks=("hosts.clock-wrong", "hosts.clock-unsynchronized"),
        facts=("logs-kept", "history-intact"),
        beyond=Words(
            en="logs stay on the server that wrote them: whoever takes it over could change them",
            fr="les journaux restent sur le serveur qui les a écrits : qui en prendrait le contrôle pourrait les modifier",
        ),
    ),
    _measure(
        37,
        Words(
            en="What matters is backed up by a rule, away from where it is, and restoring it is tried",
            fr="Ce qui compte est sauvegardé selon une règle, ailleurs que là où il se trouve, et sa restauration est essayée",
        ),
        policies=("backup-databases", "backup-volumes", "backup-server-elsewhere", "backup-offsite", "backup-drill"),
        checks=(*BACKUPS, "data.drill-old", "data.offsite-old"),
        condition=Condition.DATA,
    ),
    _measure(
        38,
        Words(
            en="Security is checked regularly, and what is found is mended",
            fr="La sécurité est contrôlée régulièrement, et ce qui est trouvé est corrigé",
        ),
        policies=("waiver-complete", "waiver-term"),
        checks=ACCESS,
        facts=("report-of-this-week",),
    ),
    _measure(
        39,
        Words(
            en="There is somebody to ask about security, and everybody knows whom",
            fr="Il y a quelqu'un à qui s'adresser pour la sécurité, et chacun sait qui",
        ),
        policies=("projects-owned", "monitoring-receivers"),
        beyond=Words(en="who that is for the company as a whole", fr="qui c'est pour l'ensemble de l'entreprise"),
    ),
    _measure(
        40,
        Words(en="It is known what to do in an incident", fr="On sait quoi faire en cas d'incident"),
        policies=("monitoring-receivers", "monitoring-alerts"),
        facts=("incident-procedure",),
    ),
    _measure(
        41,
        Words(en="The risks are analysed in a formal way", fr="Les risques sont analysés de manière formelle"),
        outside=Words(
            en="an analysis of risks is people's work; this is material for it",
            fr="une analyse de risques est un travail humain ; ceci en est la matière",
        ),
    ),
    _measure(
        42,
        Words(
            en="Products and services are those that ANSSI has qualified",
            fr="Les produits et services sont de ceux que l'ANSSI a qualifiés",
        ),
        outside=Words(
            en="Hetzner and Cloudflare are not qualified by ANSSI", fr="Hetzner et Cloudflare ne sont pas qualifiés par l'ANSSI"
        ),
    ),
)
