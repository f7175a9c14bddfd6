"""
What keeps a server going: its clock, its services, its updates; and when it has too much to do.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Command, Runbook, Situation, say, step
from ops.runbooks.servers import NOTHING, everywhere, looked_at


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


RUNBOOKS = (out_of_memory, processor_saturated, clock, unit_failed, updates)
