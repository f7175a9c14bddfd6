"""
Items of the CIS Docker Benchmark, as far as policies or the audit see them.

Source: CIS Docker Benchmark v1.6.0, items as in docker-bench-security 1.6.0, read 2026-11-21.
"""

from __future__ import annotations

from ops.compliance.control import NOTHING, Condition, Control, Framework
from ops.dossier.words import Words

ROLE = ("drift.role-differs",)


def _item(
    item: str, title: Words, *policies: str, checks: tuple[str, ...] = (), beyond: Words = NOTHING, outside: Words = NOTHING
) -> Control:
    return Control(
        id=f"docker-{item}",
        framework=Framework.DOCKER,
        item=item,
        title=title,
        policies=policies,
        checks=checks,
        condition=Condition.CONTAINERS,
        beyond=beyond,
        outside=outside,
    )


CONTROLS = (
    _item(
        "1.1.3",
        Words(en="What changes Docker's own files is recorded", fr="Ce qui modifie les fichiers de Docker est journalisé"),
        checks=ROLE,
    ),
    _item(
        "2.2",
        Words(
            en="Containers of the default bridge do not reach one another",
            fr="Les conteneurs du pont par défaut ne peuvent pas se joindre entre eux",
        ),
        checks=ROLE,
    ),
    _item(
        "2.5",
        Words(en="No registry is trusted without TLS", fr="Aucun registre n'est accepté sans TLS"),
        checks=("security.docker-insecure-registry",),
    ),
    _item(
        "2.7",
        Words(
            en="Docker's own interface is reached by nobody without proof",
            fr="Personne n'atteint l'interface de Docker sans s'authentifier",
        ),
        "docker-over-plain-tcp",
        checks=("security.docker-exposed",),
    ),
    _item(
        "2.8",
        Words(
            en="Containers may open a bounded number of files",
            fr="Le nombre de fichiers qu'un conteneur peut ouvrir est limité",
        ),
        checks=ROLE,
    ),
    _item(
        "2.9",
        Words(en="Root in a container is nobody outside", fr="Le root d'un conteneur n'est personne au-dehors"),
        outside=Words(
            en="containers run as a user of their own instead, which 4.1 asks for",
            fr="à la place, les conteneurs tournent sous leur propre utilisateur, ce que demande 4.1",
        ),
    ),
    _item(
        "2.13",
        Words(en="Logs go to another place", fr="Les journaux partent ailleurs"),
        beyond=Words(en="logs stay on the server that wrote them", fr="les journaux restent sur le serveur qui les a écrits"),
        checks=ROLE,
    ),
    _item(
        "2.14",
        Words(en="Processes in containers gain no privileges", fr="Les processus des conteneurs n'acquièrent aucun privilège"),
        checks=ROLE,
    ),
    _item(
        "2.15",
        Words(
            en="Containers live on while Docker restarts",
            fr="Les conteneurs continuent de tourner pendant que Docker redémarre",
        ),
        outside=Words(
            en="a swarm's services cannot: another server takes over",
            fr="les services d'un Swarm ne le peuvent pas : un autre serveur prend le relais",
        ),
    ),
    _item(
        "4.1",
        Words(en="Containers run as a user of their own", fr="Les conteneurs tournent sous leur propre utilisateur"),
        "container-root-user",
        checks=("security.container-soft",),
    ),
    _item(
        "4.2",
        Words(en="Images come from known registries", fr="Les images viennent de registres connus"),
        "image-from-unknown-registry",
    ),
    _item(
        "4.6",
        Words(en="Containers say whether they are well", fr="Les conteneurs disent s'ils vont bien"),
        "container-without-healthcheck",
        checks=("containers.unhealthy",),
    ),
    _item(
        "5.4",
        Words(en="Containers have no capabilities", fr="Les conteneurs n'ont aucune capacité du noyau"),
        "container-added-capability",
        "container-keeps-capabilities",
    ),
    _item(
        "5.5",
        Words(en="No container is privileged", fr="Aucun conteneur n'est privilégié"),
        "container-privileged",
        checks=("security.container-escapes",),
    ),
    _item(
        "5.6",
        Words(en="No folder of the system is in a container", fr="Aucun dossier du système n'est monté dans un conteneur"),
        "system-folder-mounted",
        "host-path-outside-allowed",
    ),
    _item(
        "5.9",
        Words(en="Only the ports that are needed are open", fr="Seuls les ports nécessaires sont ouverts"),
        "port-published-past-ingress",
        "container-publishes-all-ports",
    ),
    _item(
        "5.10",
        Words(en="No container has its server's network", fr="Aucun conteneur n'utilise le réseau de son serveur"),
        "container-host-network",
    ),
    _item(
        "5.11",
        Words(en="Memory is bounded", fr="La mémoire est limitée"),
        "container-without-memory-limit",
        checks=("containers.unlimited",),
    ),
    _item(
        "5.12",
        Words(en="Processors are shared by a rule", fr="Le partage des processeurs suit une règle"),
        "container-without-cpu-limit",
        checks=("containers.unlimited",),
    ),
    _item(
        "5.13",
        Words(en="Nothing of an image can be written to", fr="Le contenu des images est en lecture seule"),
        "container-writable-root",
        checks=("security.container-soft",),
    ),
    _item(
        "5.15",
        Words(
            en="A container that fails starts again a bounded number of times",
            fr="Un conteneur en échec redémarre un nombre limité de fois",
        ),
        "container-not-restarted",
    ),
    _item(
        "5.16",
        Words(
            en="Containers share no process list with their server",
            fr="Les conteneurs ne partagent pas la liste des processus de leur serveur",
        ),
        "container-host-namespaces",
    ),
    _item(
        "5.18",
        Words(en="No device of the server is in a container", fr="Aucun périphérique du serveur n'est dans un conteneur"),
        "container-host-device",
    ),
    _item(
        "5.20",
        Words(en="Mounts reach nothing outside", fr="Les montages ne se propagent pas au-dehors"),
        "mount-propagation-shared",
    ),
    _item(
        "5.22",
        Words(en="The filter of system calls is on", fr="Le filtre des appels système est actif"),
        "container-unconfined",
    ),
    _item(
        "5.26",
        Words(en="No container may gain privileges", fr="Aucun conteneur ne peut acquérir de privilèges"),
        "container-new-privileges",
    ),
    _item(
        "5.32",
        Words(en="No container has Docker's own interface", fr="Aucun conteneur n'a accès à l'interface de Docker"),
        "docker-socket-mounted",
        checks=("security.container-escapes",),
    ),
    _item(
        "7.4",
        Words(en="Secrets are given as secrets", fr="Les secrets sont transmis comme des secrets"),
        "container-secret-in-environment",
        "swarm-secret-in-plain-text",
    ),
)
