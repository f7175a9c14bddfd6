"""
One server is not well.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Command, Runbook, Situation, Step, say, step


def everywhere(n: Names, *argv: str) -> tuple[Command, ...]:
    """
    The same on each server that is shown: a reader takes the line of the one that it is about.
    """
    return tuple(n.on(found.name, *argv) for found in n.servers[:12])


def looked_at(n: Names, *checks: str) -> tuple[Step, ...]:
    """
    How to see that it worked.
    """
    return (step("The audit says nothing of it any more.", "L'audit n'en dit plus rien.", n.flotilla("audit", *checks)),)


NOTHING = (step("Nothing has to be taken back.", "Rien à annuler."),)


def server_unreachable(n: Names) -> Runbook:
    """
    Off, or the way to it is closed.
    """
    return Runbook(
        slug="server-unreachable",
        situation=Situation.SERVERS,
        title=say("A server does not answer, or restarted", "Un serveur ne répond pas, ou a redémarré"),
        when=say(
            "Monitoring or the audit does not reach a server, or it restarted without anybody's doing.",
            "La surveillance ou l'audit n'atteint pas un serveur, ou il a redémarré tout seul.",
        ),
        risk=Level.IMPORTANT,
        operations=("host reboot",),
        answers=frozenset(
            {
                "server-restarted",
                "host-unreachable",
                "ServerUnreachable",
                "ServerRestarted",
                "network.port-closed",
                *(
                    f"{check}.unreachable"
                    for check in (
                        "hosts",
                        "security",
                        "network",
                        "containers",
                        "data",
                        "dns",
                        "tls",
                        "drift",
                        "docs",
                        "integrity",
                        "prod",
                    )
                ),
            }
        ),
        steps=(
            step(
                "Which ones answer? Is it all of them, the way from here is closed: see `access.sources` in {file}.",
                "Lesquels répondent ? Si c'est tous, le chemin d'ici est fermé : voir `access.sources` dans {file}.",
                n.flotilla("status"),
                file=n.file,
            ),
            step(
                "Look at it: the line of that server.",
                "Le regarder : la ligne de ce serveur.",
                *everywhere(n, "uptime"),
            ),
            step(
                "Did it restart: see why.",
                "S'il a redémarré : voir pourquoi.",
                *everywhere(n, "journalctl", "--no-pager", "-n", "50", "-b", "-1"),
            ),
            step(
                "Is it silent: in the Hetzner console look at its screen, and switch it off and on there. Wait five minutes.",
                "S'il est muet : dans la console Hetzner, voir son écran, l'éteindre et le rallumer. Attendre cinq minutes.",
            ),
            step(
                "Does it not come back: it is lost. See the pages about lost servers.",
                "S'il ne revient pas : il est perdu. Voir les pages des serveurs perdus.",
                n.flotilla("runbook", "server-lost"),
            ),
        ),
        check=(
            *looked_at(n, "hosts", "network"),
            step("It runs what it should.", "Il fait tourner ce qu'il doit.", n.flotilla("status")),
        ),
        undo=NOTHING,
    )


def disk_full(n: Names) -> Runbook:
    """
    Space or inodes.
    """
    return Runbook(
        slug="disk-full",
        situation=Situation.SERVERS,
        title=say("A disk is full", "Un disque est plein"),
        when=say(
            "A file system has no space or inodes left, or will have none within a day. PostgreSQL stops when its disk is "
            "full, and starts by itself once there is room.",
            "Un système de fichiers n'a plus de place ou d'inodes, ou n'en aura plus d'ici un jour. PostgreSQL s'arrête sur "
            "un disque plein et repart seul dès qu'il y a de la place.",
        ),
        risk=Level.IMPORTANT,
        operations=("cleanup",),
        answers=frozenset(
            {
                *("DiskAlmostFull", "DiskFilling", "DiskFullWithinADay", "InodesFilling"),
                *("hosts.disk-full", "hosts.inodes-full"),
            }
        ),
        steps=(
            step(
                "See which one, and what is large: the lines of that server.",
                "Voir lequel, et ce qui est gros : les lignes de ce serveur.",
                *everywhere(n, "df", "-h", "--local"),
                *everywhere(n, "du", "-xhd", "2", "--threshold=100M", "/"),
            ),
            step(
                "Make room with what nobody needs: look at it first, then remove it.",
                "Faire de la place avec ce dont personne n'a besoin : regarder d'abord, puis retirer.",
                n.flotilla("cleanup"),
                n.flotilla("cleanup", "--apply"),
            ),
            step(
                "Is it the journal: keep less of it.",
                "Si c'est le journal : en garder moins.",
                *everywhere(n, "journalctl", "--vacuum-size=500M"),
            ),
            step(
                "Is it data that grows: give its pool more `volume_gb`; the file system grows with it, nothing stops.",
                "Si ce sont des données qui grandissent : donner plus de `volume_gb` au groupe ; le système de fichiers "
                "suit, rien ne s'arrête.",
                n.flotilla("runbook", "server-resize"),
            ),
        ),
        check=(
            *looked_at(n, "hosts"),
            step("Databases and sites answer.", "Bases et sites répondent.", n.flotilla("audit", "data", "network")),
        ),
        undo=(
            step(
                "What was removed is images, caches and old logs: images come again with a deployment. A volume never "
                "becomes smaller.",
                "Ce qui est retiré : images, caches, vieux journaux ; les images reviennent au déploiement. Un volume ne "
                "rétrécit jamais.",
            ),
        ),
    )


def disk_read_only(n: Names) -> Runbook:
    """
    The kernel has stopped writing to it.
    """
    return Runbook(
        slug="disk-read-only",
        situation=Situation.SERVERS,
        title=say("A disk has become read-only", "Un disque est passé en lecture seule"),
        when=say(
            "The kernel found a fault and writes nothing more, so that nothing gets worse.",
            "Le noyau a trouvé un défaut et n'écrit plus rien, pour que rien n'empire.",
        ),
        risk=Level.IMPORTANT,
        operations=("host reboot",),
        answers=frozenset({"DiskReadOnly", "hosts.disk-read-only"}),
        steps=(
            step(
                "See what the kernel says: the line of that server.",
                "Voir ce que dit le noyau : la ligne de ce serveur.",
                *everywhere(n, "journalctl", "-k", "--no-pager", "-n", "100"),
            ),
            step(
                "Restart it: the file system is checked on the way up. Projects that run only there are down meanwhile.",
                "Le redémarrer : le système de fichiers est vérifié au démarrage. Les projets qui n'y tournent que là sont "
                "coupés.",
                *(n.flotilla("host", "reboot", found.name) for found in n.servers[:12]),
            ),
            step(
                "Does it come again: the disk is lost. Have a backup, then replace server or volume.",
                "Si cela revient : le disque est perdu. Avoir une sauvegarde, puis remplacer serveur ou volume.",
                n.flotilla("backup", "run"),
                n.flotilla("runbook", "server-replace"),
            ),
        ),
        check=looked_at(n, "hosts", "data"),
        undo=NOTHING,
    )


RUNBOOKS = (server_unreachable, disk_full, disk_read_only)
