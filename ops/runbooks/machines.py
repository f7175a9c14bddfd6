"""
Servers come, go, grow and are replaced.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, Step, run, say, step


def brought_out(n: Names) -> tuple[Step, ...]:
    """
    From changed settings to the world.
    """
    return (
        step(
            "See that everything fits together, what would change, how dangerous that is, and what it costs.",
            "Vérifier que tout est cohérent, ce qui changerait, le danger et le coût.",
            n.flotilla("settings", "check"),
            n.flotilla("plan", "--save", "plan.json"),
        ),
        step(
            "Do exactly that. The command asks as it deserves.",
            "Faire exactement cela. La commande demande ce qu'il faut.",
            n.flotilla("apply", "--plan", "plan.json"),
        ),
    )


def put_back(n: Names) -> Step:
    """
    Settings as they were.
    """
    return step(
        "Put {file} back as it was, and bring that out. What was changed stands in the history of the repository.",
        "Remettre {file} comme avant, et appliquer. Les changements sont dans l'historique du dépôt.",
        run("git", "diff", "HEAD", "--", n.file),
        run("git", "checkout", "-p", "--", n.file),
        n.flotilla("plan"),
        n.flotilla("apply"),
        file=n.file,
    )


def server_add(n: Names) -> Runbook:
    """
    A pool grows.
    """
    return Runbook(
        slug="server-add",
        situation=Situation.GROWING,
        title=say("Add servers, or take some away", "Ajouter des serveurs, ou en retirer"),
        when=say(
            "There is no room left, one server more is to carry the load, or one may fail. The pools are {pools}.",
            "Il n'y a plus de place, un serveur de plus doit porter la charge, ou un peut tomber. Les groupes : {pools}.",
            pools=", ".join(dict.fromkeys(found.pool for found in n.servers)),
        ),
        risk=Level.IMPORTANT,
        operations=("apply",),
        steps=(
            step(
                "In {file} raise the `count` of a pool, or lower it: the last ones go. Nothing is replaced. More than one "
                "ingress server gets a load balancer before it, which costs.",
                "Dans {file}, augmenter `count` d'un groupe, ou le baisser : les derniers partent. Rien n'est remplacé. "
                "Plusieurs serveurs d'entrée reçoivent un répartiteur de charge, qui coûte.",
                file=n.file,
            ),
            step("What that costs.", "Ce que cela coûte.", n.flotilla("costs")),
            *brought_out(n),
            step(
                "A server that goes and is protected is refused: take its protection off first, in the state and in the "
                "Hetzner console.",
                "Un serveur à retirer qui est protégé est refusé : lever d'abord sa protection, dans l'état et dans la "
                "console Hetzner.",
                n.pulumi("state", "unprotect", n.server_urn("<server>"), n.disk_urn("<server>"), "--yes"),
            ),
        ),
        check=(
            step(
                "Every server answers, and containers have spread.",
                "Chaque serveur répond, et les conteneurs se sont répartis.",
                n.flotilla("status"),
                n.flotilla("audit", "hosts", "containers", "network"),
            ),
        ),
        undo=(put_back(n),),
        rehearsed="tests/e2e/test_growth.py",
    )


def server_resize(n: Names) -> Runbook:
    """
    Another type, or a larger disk.
    """
    return Runbook(
        slug="server-resize",
        situation=Situation.GROWING,
        title=say("Make a server or a disk larger", "Agrandir un serveur ou un disque"),
        when=say(
            "Memory, processors or the disk for data are too small. Another type restarts the server: about a minute without "
            "it.",
            "Mémoire, processeurs ou disque de données trop petits. Un autre type redémarre le serveur : environ une minute "
            "sans lui.",
        ),
        risk=Level.IMPORTANT,
        operations=("apply",),
        steps=(
            step(
                "See what is used, and what is advised.",
                "Voir ce qui est utilisé, et les conseils.",
                n.flotilla("status"),
                n.flotilla("costs"),
            ),
            step(
                "In {file} write another `type` for the pool, or more `volume_gb`. A volume never becomes smaller.",
                "Dans {file}, écrire un autre `type` pour le groupe, ou plus de `volume_gb`. Un volume ne rétrécit jamais.",
                file=n.file,
            ),
            *brought_out(n),
        ),
        check=(
            step(
                "It has come back with what it ran.",
                "Il est revenu avec ce qui y tournait.",
                n.flotilla("status"),
                n.flotilla("audit", "hosts", "containers", "data"),
            ),
        ),
        undo=(
            step(
                "A type can be put back, since the server's own disk keeps its size; a volume cannot.",
                "Un type peut être remis, car le disque du serveur garde sa taille ; un volume non.",
            ),
            put_back(n),
        ),
    )


def server_replace(n: Names) -> Runbook:
    """
    The same server anew, with its old disk for data.
    """
    chosen = n.servers[:12]
    return Runbook(
        slug="server-replace",
        situation=Situation.GROWING,
        title=say("Replace a server", "Remplacer un serveur"),
        when=say(
            "A machine is to be made anew: somebody was on it, another image, another location. Its disk for data is kept. "
            "Expect downtime of what runs only there. {manager} answers for the swarm: containers end with it until the "
            "update is through, which was tried with one server for containers only.",
            "Une machine doit être refaite : intrusion, autre image, autre site. Son disque de données est gardé. Prévoir "
            "une coupure de ce qui ne tourne que là. {manager} répond du swarm : sans lui les conteneurs s'arrêtent jusqu'à "
            "la fin de la mise à jour, ce qui n'a été essayé qu'avec un seul serveur de conteneurs.",
            manager=n.manager,
        ),
        risk=Level.CRITICAL,
        operations=("backup run",),
        steps=(
            step(
                "Have a verified backup.",
                "Avoir une sauvegarde vérifiée.",
                n.flotilla("backup", "run"),
                n.flotilla("backup", "verify"),
            ),
            step(
                "Let the state give the machine up, not its disk: only the line of that server. In the Hetzner console take "
                "its protection off.",
                "Autoriser l'état à abandonner la machine, pas son disque : seulement la ligne de ce serveur. Dans la "
                "console Hetzner, lever sa protection.",
                *(n.unprotect(found, with_disks=False) for found in chosen),
            ),
            step(
                "Make it anew: only the line of that server.",
                "Le refaire : seulement la ligne de ce serveur.",
                *(n.pulumi("up", "--replace", n.server_urn(found.name)) for found in chosen),
            ),
            step(
                "What was protected is protected again.",
                "Ce qui était protégé l'est de nouveau.",
                n.pulumi("up"),
            ),
        ),
        check=(
            step(
                "It is as its roles say, and everything runs.",
                "Il est conforme à ses rôles, et tout tourne.",
                n.flotilla("host", "converge", "--dry-run"),
                n.flotilla("status"),
            ),
        ),
        undo=(
            step(
                "The old machine is gone. Is data missing, see the pages about restoring.",
                "L'ancienne machine n'existe plus. S'il manque des données, voir les pages de restauration.",
            ),
        ),
        rehearsed="tests/e2e/test_slice.py",
    )


RUNBOOKS = (
    server_add,
    server_resize,
    server_replace,
)
