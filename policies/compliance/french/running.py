"""
How environments are watched, how much of them may fail, and how they differ.
"""

from policies.french import French

TEXTS = {
    "log-retention": French(
        "Les journaux sont gardés assez longtemps pour comprendre un incident, et pas plus que leur finalité ne le demande.",
        "Régler `compliance.log_retention_days` dans Pulumi.<stack>.yaml.",
    ),
    "monitoring-present": French(
        "Un environnement est surveillé.",
        "Écrire `monitoring` dans Pulumi.<stack>.yaml et donner à un groupe le rôle `monitoring`.",
    ),
    "monitoring-servers": French(
        "Chaque serveur est surveillé.",
        "Écrire `monitoring` dans Pulumi.<stack>.yaml ; tous les serveurs des groupes sont alors couverts.",
    ),
    "monitoring-sites": French(
        "Chaque nom que les visiteurs utilisent est interrogé de l'extérieur, pour savoir s'il répond.",
        "Écrire `monitoring` dans Pulumi.<stack>.yaml ; tous les noms des projets sont alors couverts.",
    ),
    "monitoring-receivers": French(
        "Les alertes parviennent à quelqu'un.",
        "Énumérer des personnes ou des canaux dans `monitoring.receivers` de Pulumi.<stack>.yaml.",
    ),
    "monitoring-alerts": French(
        "Il y a des alertes pour les pannes les plus courantes : serveurs, disques, sites, certificats, bases, sauvegardes.",
        "Laisser l'alerte dans la déclaration de la surveillance, ou changer ce que cette règle demande.",
    ),
    "monitoring-retention": French(
        "Les mesures sont gardées assez longtemps pour comparer des semaines, et pas pour toujours.",
        "Régler `monitoring.retention_days` dans Pulumi.<stack>.yaml.",
    ),
    "availability-ingress": French(
        "La production a plus d'une entrée.",
        "Augmenter le `count` du groupe dans Pulumi.<stack>.yaml.",
    ),
    "availability-app": French(
        "La production a plus d'un serveur pour les conteneurs.",
        "Augmenter le `count` du groupe dans Pulumi.<stack>.yaml.",
    ),
    "availability-location": French(
        "La production n'est pas tout entière au même endroit.",
        "Donner à un groupe, au moins à celui des sauvegardes, un autre `location` dans Pulumi.<stack>.yaml.",
    ),
    "placement-apart": French(
        "Les serveurs d'un même groupe ne partagent pas de matériel.",
        "Les mettre dans un groupe de placement à leur création ; Hetzner n'y déplace ensuite aucun serveur sans l'arrêter.",
    ),
    "placement-spread": French(
        "Les groupes de placement répartissent leurs serveurs sur du matériel distinct.",
        "Écrire pour `type` la valeur `spread`, la seule que Hetzner propose.",
    ),
    "staging-not-larger": French(
        "La préproduction n'est pas plus grande que la production, ni en mémoire, ni en cœurs, ni en volumes.",
        "Baisser `type`, `count` ou `volume_gb` d'un groupe dans Pulumi.staging.yaml.",
    ),
    "environments-alike": French(
        "Préproduction et production ont des serveurs aux mêmes rôles, pour que ce qui marche dans l'une marche dans l'autre.",
        "Donner aussi ce rôle à un groupe de l'autre environnement.",
    ),
    "environments-apart": French(
        "Les réseaux privés de préproduction et de production ne se chevauchent pas.",
        "Prendre un autre `network.cidr` dans Pulumi.staging.yaml.",
    ),
    "environments-domains": French(
        "Préproduction et production répondent à des noms différents.",
        "Prendre un autre `domain` dans Pulumi.staging.yaml.",
    ),
    "projects-owned": French(
        "Quelqu'un répond de chaque projet.",
        "Écrire `owner` dans projects/<name>.yaml.",
    ),
    "projects-promise": French(
        "Un projet en production dit quelle disponibilité il promet, pour que les alertes aient un repère.",
        "Écrire `slo` dans projects/<name>.yaml.",
    ),
    "maintenance-left-on": French(
        "Le mode maintenance prend fin.",
        "Retirer `maintenance: true` de projects/<name>.yaml une fois le travail fait.",
    ),
    "canary-left-on": French(
        "Un canari est promu ou abandonné, et ne reste pas.",
        "Donner tout le poids à une seule version dans releases/<stack>.yaml.",
    ),
}
