"""
Machines that are lost for good: a server, a whole location.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, Step, say, step

LOST_DATABASE = "database-server-lost"
IN_THE_SWARM = "**$docker:index/**"


def refreshed(n: Names) -> Step:
    """
    What is gone goes from the state.
    """
    return step(
        "Have the state forget what is gone. What is in the swarm is not asked for: nobody answers where its manager is lost.",
        "Faire oublier à l'état ce qui a disparu. Ce qui est dans le swarm n'est pas demandé : personne ne répond si son "
        "gestionnaire est perdu.",
        n.pulumi("refresh", "--yes", "--skip-preview", "--exclude", IN_THE_SWARM),
    )


def brought_up(n: Names) -> Step:
    """
    What is missing is made again.
    """
    return step(
        "Make what is missing: machines, disks, roles, containers.",
        "Recréer ce qui manque : machines, disques, rôles, conteneurs.",
        n.pulumi("up", "--yes", "--skip-preview"),
    )


def deleted_at_hetzner() -> Step:
    """
    By hand.
    """
    return step(
        "Where the machine still exists at Hetzner but cannot be saved: in the Hetzner console take its protection off and "
        "delete it. Leave its volume, unless that is lost too.",
        "Si la machine existe encore chez Hetzner sans pouvoir être sauvée : dans la console Hetzner, lever sa protection et "
        "la supprimer. Garder son volume, sauf s'il est perdu aussi.",
    )


def all_well(n: Names, *checks: str) -> tuple[Step, ...]:
    """
    How to see that it worked.
    """
    return (
        step(
            "No server differs from its roles (exit code 0).",
            "Aucun serveur ne diffère de ses rôles (code de sortie 0).",
            n.flotilla("host", "converge", "--dry-run"),
        ),
        step(
            "The audit says nothing about it any more.",
            "L'audit n'en dit plus rien.",
            n.flotilla("audit", *checks),
        ),
    )


NOTHING_TO_UNDO = (
    step(
        "Nothing can be taken back: what was lost is replaced, not changed. Every step may be repeated.",
        "Rien à annuler : ce qui était perdu est remplacé, pas modifié. Chaque étape peut être répétée.",
    ),
)


def server_lost(n: Names) -> Runbook:
    """
    Any but the database server and the backup server, which have their own.
    """
    others = [found for found in n.servers if not found.roles & {"db", "backup"}]
    ingress = n.having("ingress")
    certificates = tuple(
        n.flotilla("restore", "ingress", "--volume", f"certificates-{found.name}", "--over-existing") for found in ingress[:12]
    )
    return Runbook(
        slug="server-lost",
        situation=Situation.DISASTER,
        title=say("A server is lost", "Un serveur est perdu"),
        when=say(
            "A server was deleted, or does not come back and cannot be repaired. Its disk for data may still be there: then "
            "nothing has to be restored. Where it is {manager}, which answers for the swarm, the others go over to the new "
            "one, and their containers are started anew.",
            "Un serveur a été supprimé, ou ne revient pas et ne peut être réparé. Si son disque de données existe encore, il "
            "n'y a rien à restaurer. Si c'est {manager}, qui répond du swarm, les autres passent au nouveau : leurs conteneurs "
            "redémarrent.",
            manager=n.manager,
        ),
        risk=Level.CRITICAL,
        operations=("host converge", "restore"),
        answers=frozenset({"containers.node-down"}),
        steps=(
            deleted_at_hetzner(),
            step(
                "Let the state give it up: only the line of the lost server.",
                "Autoriser l'état à l'abandonner : seulement la ligne du serveur perdu.",
                *(n.unprotect(found, with_disks=False) for found in others[:12]),
            ),
            refreshed(n),
            brought_up(n),
            *(
                [
                    step(
                        "Only where the disk was lost with it: give the volumes back from the last backup.",
                        "Seulement si le disque est perdu aussi : rendre les volumes depuis la dernière sauvegarde.",
                        *n.restored_volumes(),
                    )
                ]
                if n.restored_volumes()
                else []
            ),
            *(
                [
                    step(
                        "Only where the authority refuses new certificates (its limit is reached): take the old ones from the "
                        "backup, the line of the lost server, before the next backup is made.",
                        "Seulement si l'autorité refuse de nouveaux certificats (limite atteinte) : reprendre les anciens "
                        "depuis la sauvegarde, la ligne du serveur perdu, avant la prochaine sauvegarde.",
                        *certificates,
                    )
                ]
                if certificates and n.is_acme
                else []
            ),
        ),
        check=(
            *all_well(n, "hosts", "containers", "network"),
            step("All projects are healthy.", "Tous les projets sont sains.", n.flotilla("status")),
        ),
        undo=NOTHING_TO_UNDO,
        rehearsed="tests/proof/test_two_servers.py",
    )


def database_server_lost(n: Names) -> Runbook:
    """
    Machine and disk. Executed literally by tests/e2e/test_runbook_disaster.py.
    """
    servers = n.having("db")
    return Runbook(
        slug=LOST_DATABASE,
        situation=Situation.DISASTER,
        title=say("The database server is lost", "Le serveur de bases de données est perdu"),
        when=say(
            "The database server is gone for good, with its disk. Everything that was committed until some seconds before is "
            "on the backup server {backup}. Is the disk still there, use the page about a lost server: nothing has to be "
            "restored.",
            "Le serveur de bases de données a disparu avec son disque. Tout ce qui était validé jusqu'à quelques secondes "
            "avant est sur le serveur de sauvegarde {backup}. Si le disque existe encore, suivre la page du serveur perdu : "
            "rien à restaurer.",
            backup=n.first("backup"),
        ),
        risk=Level.CRITICAL,
        operations=("restore",),
        steps=(
            step(
                "Let the state give up the machine and its disk. Harmless where nothing is protected.",
                "Autoriser l'état à abandonner la machine et son disque. Sans effet si rien n'est protégé.",
                *([n.unprotect(*servers[:12], with_disks=True)] if servers else []),
            ),
            refreshed(n),
            brought_up(n),
            step(
                "Give every database back, compared with what was backed up; a full backup of the new server follows by "
                "itself. Until this has ended, backups of the new, empty databases are refused.",
                "Rendre toutes les bases, comparées à ce qui a été sauvegardé ; une sauvegarde complète du nouveau serveur "
                "suit d'elle-même. D'ici là, les sauvegardes des nouvelles bases vides sont refusées.",
                n.critical("restore", "--all", reason="the database server is lost"),
            ),
        ),
        check=(
            *all_well(n, "data"),
            step(
                "Every database has a backup of the new server.",
                "Chaque base a une sauvegarde du nouveau serveur.",
                n.flotilla("backup", "list"),
            ),
        ),
        undo=NOTHING_TO_UNDO,
        rehearsed="tests/e2e/test_runbook_disaster.py",
    )


def backup_server_lost(n: Names) -> Runbook:
    """
    The data itself is safe: it is where it is used.
    """
    backup = n.first("backup")
    keepers = n.having("backup")
    offsite = (
        step(
            "To have the old backups, too: bring the folder back from off-site. `<place>` is the repository's address, as "
            "restic writes it.",
            "Pour retrouver aussi les anciennes sauvegardes : ramener le dossier depuis la copie externe. `<place>` est "
            "l'adresse du dépôt, comme restic l'écrit.",
            n.on(
                backup,
                *("restic", "-r", "<place>", "--password-file", "/etc/flotilla/backup/restic.key"),
                *("restore", "latest", "--tag", "pgbackrest", "--target", "/"),
            ),
        ),
    )
    return Runbook(
        slug="backup-server-lost",
        situation=Situation.DISASTER,
        title=say("The backup server is lost", "Le serveur de sauvegarde est perdu"),
        when=say(
            "The server that keeps the backups is gone. Projects run on; until this is done, nothing new is backed up.",
            "Le serveur qui garde les sauvegardes a disparu. Les projets continuent ; d'ici là, rien de nouveau n'est "
            "sauvegardé.",
        ),
        risk=Level.CRITICAL,
        operations=("host converge",),
        answers=frozenset({"data.backup-server-missing"}),
        steps=(
            deleted_at_hetzner(),
            step(
                "Let the state give it up; leave the second name out where its disk is still there.",
                "Autoriser l'état à l'abandonner ; omettre le second nom si son disque existe encore.",
                *([n.unprotect(*keepers[:12], with_disks=True)] if keepers else []),
            ),
            refreshed(n),
            brought_up(n),
            *(offsite if n.offsite else ()),
            step("Back everything up.", "Tout sauvegarder.", n.flotilla("backup", "run", "--full")),
        ),
        check=(
            step(
                "Everything can be restored.",
                "Tout peut être restauré.",
                n.flotilla("backup", "verify"),
                n.flotilla("backup", "list"),
            ),
        ),
        undo=NOTHING_TO_UNDO,
    )


def location_lost(n: Names) -> Runbook:
    """
    The servers of the environment's own location; others are done alike.
    """
    lost = [found for found in n.servers if found.location == n.location]
    return Runbook(
        slug="location-lost",
        situation=Situation.DISASTER,
        title=say("A location is lost", "Un site est perdu"),
        when=say(
            "Hetzner's location {location} is gone for long, with the servers there. Backups stand elsewhere. Where the backup "
            "server stood there, too, begin with the off-site copy (page about the lost backup server).",
            "Le site Hetzner {location} est durablement perdu, avec ses serveurs. Les sauvegardes sont ailleurs. Si le "
            "serveur de sauvegarde s'y trouvait aussi, commencer par la copie externe (page du serveur de sauvegarde perdu).",
            location=n.location,
        ),
        risk=Level.CRITICAL,
        operations=("restore",),
        steps=(
            step(
                "In {file} write another location of the same network zone: `location` of the environment, and of each pool "
                "that names the lost one. Then see that the settings fit together.",
                "Dans {file}, écrire un autre site de la même zone réseau : `location` de l'environnement et de chaque "
                "groupe qui nomme le site perdu. Puis vérifier les réglages.",
                n.flotilla("settings", "check"),
                file=n.file,
            ),
            step(
                "In the Hetzner console take the protection off the servers and volumes of the lost location and delete "
                "them, as far as they are still listed; a load balancer there, too.",
                "Dans la console Hetzner, lever la protection des serveurs et volumes du site perdu et les supprimer s'ils y "
                "figurent encore ; un répartiteur de charge aussi.",
            ),
            step(
                "Let the state give them up.",
                "Autoriser l'état à les abandonner.",
                *(n.unprotect(found, with_disks=True) for found in lost[:12]),
            ),
            refreshed(n),
            brought_up(n),
            step(
                "Give all databases back, then the volumes: before the next backup is made, which would be of empty volumes.",
                "Rendre toutes les bases, puis les volumes : avant la prochaine sauvegarde, qui serait celle de volumes vides.",
                n.critical("restore", "--all", reason="a location is lost"),
                *n.restored_volumes(),
            ),
        ),
        check=(
            *all_well(n, "hosts", "containers", "data", "network", "dns"),
            step(
                "Names lead to the new servers once others have forgotten the old answer.",
                "Les noms mènent aux nouveaux serveurs une fois l'ancienne réponse oubliée.",
                n.flotilla("status"),
            ),
        ),
        undo=NOTHING_TO_UNDO,
        rehearsed="tests/proof/test_runbook_losses.py",
    )


RUNBOOKS = (
    server_lost,
    database_server_lost,
    backup_server_lost,
    location_lost,
)
