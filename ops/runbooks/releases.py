"""
What is served: bringing a release out, going back, trying one on a share of the traffic, what was interrupted.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, Step, say, step


def serves(n: Names) -> tuple[Step, ...]:
    """
    How to see that a release is well.
    """
    return (
        step(
            "It serves, and its containers are healthy.",
            "Elle est servie et ses conteneurs sont sains.",
            n.flotilla("release", "list"),
            n.flotilla("status"),
        ),
        step("Sites answer well.", "Les sites répondent bien.", n.flotilla("audit", "network", "containers")),
    )


def deploy(n: Names) -> Runbook:
    """
    A release of one project.
    """
    return Runbook(
        slug="deploy",
        situation=Situation.RELEASES,
        title=say("Bring a release out", "Mettre une version en service"),
        when=say(
            "A new image of a project is in the registry and is to serve. The old one serves until the new one is healthy.",
            "Une nouvelle image d'un projet est dans le registre et doit servir. L'ancienne sert jusqu'à ce que la nouvelle "
            "soit saine.",
        ),
        risk=Level.IMPORTANT if n.stack == "production" else Level.STANDARD,
        operations=("deploy",),
        steps=(
            step(
                "See what serves now, and that nothing else is wrong.",
                "Voir ce qui est servi et que rien d'autre ne va mal.",
                n.flotilla("release", "list"),
                n.flotilla("status"),
            ),
            step(
                "Bring it out: the line of the project, with the image's tag. Where it is not healthy, everything is as "
                "before.",
                "La mettre en service : la ligne du projet, avec l'étiquette de l'image. Si elle n'est pas saine, tout reste "
                "comme avant.",
                *(n.flotilla("deploy", found.name, "--image", ":<tag>") for found in n.shown),
            ),
            step(
                "Or with a look at the site afterwards, and back by itself where it is not well.",
                "Ou avec un regard sur le site ensuite, et retour automatique s'il va mal.",
                n.flotilla("workflow", "run", "release", "--project", n.project, "--image", ":<tag>"),
            ),
        ),
        check=serves(n),
        undo=(
            step(
                "Go back to the one before.",
                "Revenir à la précédente.",
                *(n.flotilla("rollback", found.name) for found in n.shown),
            ),
        ),
        rehearsed="tests/e2e/test_releases.py",
    )


def rollback(n: Names) -> Runbook:
    """
    What was served before.
    """
    return Runbook(
        slug="rollback",
        situation=Situation.RELEASES,
        title=say("Go back to an earlier release", "Revenir à une version antérieure"),
        when=say(
            "Something is wrong since a release. First go back, then find out why.",
            "Quelque chose va mal depuis une mise en service. D'abord revenir, puis chercher pourquoi.",
        ),
        risk=Level.IMPORTANT if n.stack == "production" else Level.STANDARD,
        operations=("rollback",),
        steps=(
            step(
                "See what served before: the number is what `--to` takes; without it, it is the last.",
                "Voir ce qui était servi : le numéro est celui de `--to` ; sans lui, c'est la dernière.",
                *(n.flotilla("release", "list", found.name) for found in n.shown),
            ),
            step(
                "Go back: the line of the project. A migration is not undone: the older release has to work with the newer "
                "schema.",
                "Revenir : la ligne du projet. Une migration n'est pas annulée : l'ancienne version doit accepter le nouveau "
                "schéma.",
                *(n.flotilla("rollback", found.name, "--to", "1") for found in n.shown),
            ),
        ),
        check=serves(n),
        undo=(
            step(
                "Serve the newer one again: the number of it in the list.",
                "Servir de nouveau la plus récente : son numéro dans la liste.",
                n.flotilla("rollback", n.project, "--to", "1"),
            ),
        ),
        rehearsed="tests/e2e/test_releases.py",
    )


def canary(n: Names) -> Runbook:
    """
    A share of the traffic.
    """
    possible = [found.name for found in n.shown if found.is_canary_possible] or ["<project>"]
    return Runbook(
        slug="canary",
        situation=Situation.RELEASES,
        title=say("Try a release on a share of the traffic", "Essayer une version sur une part du trafic"),
        when=say(
            "A release might go wrong in a way that only visitors show.",
            "Une version pourrait mal se comporter d'une façon que seuls les visiteurs révèlent.",
        ),
        risk=Level.IMPORTANT if n.stack == "production" else Level.STANDARD,
        operations=("canary start", "canary step", "canary promote"),
        steps=(
            step(
                "Start it with a tenth: the line of the project.",
                "Commencer par un dixième : la ligne du projet.",
                *(n.flotilla("canary", "start", name, "--image", ":<tag>", "--weight", "10") for name in possible),
            ),
            step(
                "Look at it, then give it more, as often as is needed.",
                "L'observer, puis augmenter sa part, autant que nécessaire.",
                n.flotilla("canary", "status"),
                *(n.flotilla("canary", "step", name) for name in possible),
            ),
            step(
                "Is it well, give it everything.",
                "Si elle va bien, lui donner tout.",
                *(n.flotilla("canary", "promote", name) for name in possible),
            ),
            step(
                "Or let all of this be done by what is measured: it goes on while the release is well, and back where it is "
                "not.",
                "Ou laisser les mesures décider : elle avance tant que la version va bien, et recule sinon.",
                *(n.flotilla("canary", "start", name, "--image", ":<tag>", "--auto") for name in possible),
            ),
        ),
        check=serves(n),
        undo=(
            step(
                "Take it back: all traffic goes to the release beside it.",
                "La retirer : tout le trafic va à la version voisine.",
                *(n.flotilla("canary", "abort", name) for name in possible),
            ),
        ),
        rehearsed="tests/e2e/test_releases_under_load.py",
    )


def interrupted(n: Names) -> Runbook:
    """
    docs/operations.md, "What was interrupted".
    """
    return Runbook(
        slug="interrupted",
        situation=Situation.RELEASES,
        title=say("An operation was interrupted", "Une opération a été interrompue"),
        when=say(
            "A command was killed, a machine restarted in the middle, or the stack is said to be locked.",
            "Une commande a été tuée, une machine a redémarré au milieu, ou la pile est dite verrouillée.",
        ),
        risk=Level.IMPORTANT,
        operations=("apply",),
        steps=(
            step(
                "See who holds the lock, and what was done last.",
                "Voir qui tient le verrou, et ce qui a été fait en dernier.",
                n.flotilla("status"),
                n.flotilla("history", "-n", "20"),
            ),
            step(
                "Was it on this machine: run the same command again. It takes the lock over and settles what was half done.",
                "Si c'était sur cette machine : relancer la même commande. Elle reprend le verrou et règle ce qui était à "
                "moitié fait.",
            ),
            step(
                "Was it on another machine: make sure that it is gone, ask its person, look at the CI job. Then free the "
                "stack.",
                "Si c'était sur une autre machine : s'assurer qu'elle est finie, demander, voir la CI. Puis libérer la pile.",
                n.flotilla("unlock"),
            ),
        ),
        check=(
            step(
                "Nothing is left to do, or it is shown what.",
                "Il ne reste rien à faire, ou cela est montré.",
                n.flotilla("plan", "--refresh"),
            ),
        ),
        undo=(
            step(
                "Nothing was changed but the lock. What the plan shows is done or left by `flotilla apply`.",
                "Rien n'a changé sauf le verrou. Ce que montre le plan se fait ou non par `flotilla apply`.",
            ),
        ),
        rehearsed="tests/proof/test_kill_apply.py",
    )


RUNBOOKS = (deploy, rollback, canary, interrupted)
