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


def out_of_memory(n: Names) -> Runbook:
    """
    Of a container, or of the whole server.
    """
    return Runbook(
        slug="out-of-memory",
        situation=Situation.SERVERS,
        title=say("Memory runs out", "La mémoire manque"),
        when=say(
            "Something was killed for want of memory, or will be. A container at its limit is killed alone; a server without "
            "memory kills anything.",
            "Quelque chose a été tué faute de mémoire, ou le sera. Un conteneur à sa limite meurt seul ; un serveur à court "
            "tue n'importe quoi.",
        ),
        risk=Level.IMPORTANT,
        operations=("deploy", "rollback"),
        answers=frozenset(
            {
                *("memory-exhausted", "MemoryExhausted", "MemoryShort", "KilledForMemory"),
                *("ContainerOutOfMemory", "ContainerMemoryNearLimit"),
                *(
                    "hosts.memory-low",
                    "hosts.out-of-memory",
                    "containers.out-of-memory",
                    "containers.unlimited",
                    "prod.out-of-memory",
                ),
            }
        ),
        steps=(
            step(
                "See who takes it, and who was killed: the lines of that server.",
                "Voir qui la prend, et qui a été tué : les lignes de ce serveur.",
                *everywhere(n, "free", "-m"),
                *everywhere(n, "journalctl", "-k", "--no-pager", "--grep", "Out of memory|oom-kill"),
                *(n.on(found.name, "docker", "stats", "--no-stream") for found in n.having("app", "ingress")[:12]),
            ),
            step(
                "Did it begin with a release: go back.",
                "Si cela a commencé avec une version : revenir.",
                *(n.flotilla("rollback", found.name) for found in n.shown),
            ),
            step(
                "Is the limit too low for what the project does: raise it, and see what that means for the server.",
                "Si la limite est trop basse pour le projet : l'augmenter, et voir l'effet sur le serveur.",
                *(Command(argv=("flotilla", "project", "set", found.name, "limits.memory_mb", "<MB>")) for found in n.shown),
                n.flotilla("settings", "check"),
                n.flotilla("apply"),
            ),
            step(
                "Is the server too small: another type.",
                "Si le serveur est trop petit : un autre type.",
                n.flotilla("runbook", "server-resize"),
            ),
        ),
        check=looked_at(n, "hosts", "containers"),
        undo=(
            step(
                "Put the limit back.",
                "Remettre la limite.",
                Command(argv=("git", "checkout", "-p", "--", "projects")),
                n.flotilla("apply"),
            ),
        ),
    )


def processor_saturated(n: Names) -> Runbook:
    """
    More to do than cores.
    """
    return Runbook(
        slug="processor-saturated",
        situation=Situation.SERVERS,
        title=say("A server has too much to do", "Un serveur est surchargé"),
        when=say(
            "Processors are busy for half an hour, or many processes wait for their turn.",
            "Les processeurs sont occupés depuis une demi-heure, ou beaucoup de processus attendent.",
        ),
        risk=Level.IMPORTANT,
        operations=("apply",),
        answers=frozenset({"ProcessorSaturated", "hosts.load-high"}),
        steps=(
            step(
                "See who works: the line of that server.",
                "Voir qui travaille : la ligne de ce serveur.",
                *everywhere(n, "top", "-b", "-n", "1"),
            ),
            step(
                "Is it a project: go back to the release before, or limit its `limits.cpus`. Is it more visitors: more "
                "servers.",
                "Si c'est un projet : revenir à la version précédente, ou limiter `limits.cpus`. Si ce sont plus de "
                "visiteurs : plus de serveurs.",
                n.flotilla("release", "list"),
                n.flotilla("runbook", "server-add"),
            ),
        ),
        check=looked_at(n, "hosts", "network"),
        undo=NOTHING,
    )


def clock(n: Names) -> Runbook:
    """
    Certificates, logs and backups depend on it.
    """
    return Runbook(
        slug="clock",
        situation=Situation.SERVERS,
        title=say("A clock is wrong", "Une horloge est fausse"),
        when=say(
            "A server's clock differs, or nothing keeps it right. Certificates, logs and restoring to a moment depend on it.",
            "L'horloge d'un serveur diffère, ou rien ne la tient à l'heure. Certificats, journaux et restauration à un "
            "instant en dépendent.",
        ),
        risk=Level.STANDARD,
        answers=frozenset({"ClockNotSynchronised", "hosts.clock-wrong", "hosts.clock-unsynchronized"}),
        steps=(
            step(
                "See what it is kept by: the line of that server.",
                "Voir ce qui la règle : la ligne de ce serveur.",
                *everywhere(n, "chronyc", "tracking"),
            ),
            step(
                "Set it right at once, and go on keeping it so.",
                "La remettre à l'heure tout de suite, et continuer.",
                *everywhere(n, "systemctl", "restart", "chrony"),
                *everywhere(n, "chronyc", "makestep"),
            ),
        ),
        check=looked_at(n, "hosts"),
        undo=NOTHING,
    )


def unit_failed(n: Names) -> Runbook:
    """
    A service or a job of a server.
    """
    return Runbook(
        slug="unit-failed",
        situation=Situation.SERVERS,
        title=say("A service or job has failed", "Un service ou une tâche a échoué"),
        when=say(
            "systemd says that a unit failed: a service of the server, or a project's job.",
            "systemd signale une unité en échec : un service du serveur, ou une tâche d'un projet.",
        ),
        risk=Level.STANDARD,
        answers=frozenset({"UnitFailed", "hosts.unit-failed"}),
        steps=(
            step(
                "See which one: the line of that server.",
                "Voir laquelle : la ligne de ce serveur.",
                *everywhere(n, "systemctl", "--failed", "--no-pager"),
            ),
            step(
                "See why, with the name from there; mend it, then start it again.",
                "Voir pourquoi, avec ce nom ; corriger, puis relancer.",
                *everywhere(n, "journalctl", "--no-pager", "-n", "100", "-u", "<unit>"),
                *everywhere(n, "systemctl", "restart", "<unit>"),
            ),
            step(
                "Was a file changed by hand: put right what differs from the roles.",
                "Si un fichier a été changé à la main : corriger ce qui diffère des rôles.",
                n.flotilla("host", "converge"),
            ),
        ),
        check=looked_at(n, "hosts"),
        undo=NOTHING,
    )


def updates(n: Names) -> Runbook:
    """
    Security updates and the restarts that they want.
    """
    return Runbook(
        slug="updates",
        situation=Situation.SERVERS,
        title=say("Updates wait, or a restart is due", "Mises à jour en attente, ou redémarrage dû"),
        when=say(
            "Security updates are not installed for days, or one waits for a restart.",
            "Des mises à jour de sécurité attendent depuis des jours, ou l'une attend un redémarrage.",
        ),
        risk=Level.IMPORTANT,
        operations=("host reboot",),
        answers=frozenset({"SecurityUpdatesPending", "RestartRequired", "hosts.updates-pending", "hosts.reboot-required"}),
        steps=(
            step(
                "See why they were not installed: the line of that server.",
                "Voir pourquoi elles n'ont pas été installées : la ligne de ce serveur.",
                *everywhere(n, "journalctl", "--no-pager", "-n", "50", "-u", "flotilla-updates"),
            ),
            step("Install them now.", "Les installer maintenant.", *everywhere(n, "systemctl", "start", "flotilla-updates")),
            step(
                "Restart, one server after the other. What is down meanwhile is said first.",
                "Redémarrer, un serveur après l'autre. Ce qui sera coupé est dit d'abord.",
                *(n.flotilla("host", "reboot", found.name) for found in n.servers[:12]),
            ),
        ),
        check=looked_at(n, "hosts"),
        undo=(
            step(
                "A package is taken back by its older version, by hand, on the server; better is the next update.",
                "Un paquet se remet à l'ancienne version à la main, sur le serveur ; mieux vaut la mise à jour suivante.",
            ),
        ),
    )


RUNBOOKS = (
    server_unreachable,
    disk_full,
    disk_read_only,
    out_of_memory,
    processor_saturated,
    clock,
    unit_failed,
    updates,
)
