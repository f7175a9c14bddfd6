"""
Visitors do not get what they came for.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, Step, run, say, step
from ops.runbooks.servers import NOTHING, looked_at


def went_back(n: Names) -> Step:
    """
    The first thing to try.
    """
    return step(
        "Did it begin with a release: go back to the one before, the line of the project.",
        "Si cela a commencé avec une version : revenir à la précédente, la ligne du projet.",
        n.flotilla("release", "list"),
        *(n.flotilla("rollback", found.name) for found in n.shown),
    )


def site_down(n: Names) -> Runbook:
    """
    Nothing, or an error, for everybody.
    """
    return Runbook(
        slug="site-down",
        situation=Situation.SITES,
        title=say("A site is down, or nobody comes", "Un site est en panne, ou plus personne ne vient"),
        when=say(
            "A site does not answer, answers with an error, or its traffic has stopped.",
            "Un site ne répond pas, répond par une erreur, ou son trafic s'est arrêté.",
        ),
        risk=Level.IMPORTANT,
        operations=("rollback",),
        answers=frozenset(
            {
                *("traffic-stopped", "SiteDown", "TrafficStopped"),
                *("network.site-failing", "network.plain-http", "network.redirect-wrong"),
            }
        ),
        steps=(
            step(
                "Keep what is to be seen, and be told what fits.",
                "Garder ce qui se voit, et apprendre ce qui convient.",
                n.flotilla("incident", "start", "--title", "A site is down"),
            ),
            step(
                "Is it the name, the certificate, the way in, or the containers?",
                "Est-ce le nom, le certificat, l'accès ou les conteneurs ?",
                n.flotilla("audit", "dns", "tls", "network", "containers"),
            ),
            went_back(n),
            step(
                "Do the ingress' own services run?",
                "Les services d'entrée tournent-ils ?",
                n.on(n.manager, "docker", "service", "ps", "--no-trunc", "caddy", "haproxy"),
                n.on(n.manager, "docker", "service", "logs", "--tail", "50", "caddy"),
                n.on(n.manager, "docker", "service", "logs", "--tail", "50", "haproxy"),
            ),
            step(
                "Start them again. Connections that are open are cut.",
                "Les relancer. Les connexions ouvertes sont coupées.",
                n.on(n.manager, "docker", "service", "update", "--force", "haproxy"),
                n.on(n.manager, "docker", "service", "update", "--force", "caddy"),
            ),
        ),
        check=(
            *looked_at(n, "network", "containers"),
            step(
                "Sites answer.",
                "Les sites répondent.",
                *(run("curl", "-fsS", "-o", "/dev/null", f"https://{found.site}/") for found in n.shown if found.site)
                if not n.is_sandbox
                else (n.flotilla("status"),),
            ),
        ),
        undo=(
            step(
                "A rollback is taken back by deploying the newer release again.",
                "Un retour s'annule en remettant la version récente en service.",
                n.flotilla("runbook", "deploy"),
            ),
        ),
    )


def container_restarting(n: Names) -> Runbook:
    """
    Containers do not stay up.
    """
    return Runbook(
        slug="container-restarting",
        situation=Situation.SITES,
        title=say("Containers do not stay up", "Des conteneurs ne tiennent pas"),
        when=say(
            "Containers start again and again, are unhealthy, or are missing.",
            "Des conteneurs redémarrent sans cesse, sont malsains ou manquent.",
        ),
        risk=Level.IMPORTANT,
        operations=("rollback",),
        answers=frozenset(
            {
                *("ContainerRestarting", "ContainerRestarted", "prod.restarts"),
                *(
                    f"containers.{name}"
                    for name in ("restarting", "service-short", "unhealthy", "stopped", "docker-missing", "swarm-missing")
                ),
            }
        ),
        steps=(
            step(
                "See which ones, and their last words.",
                "Voir lesquels, et leurs derniers mots.",
                n.flotilla("status"),
                n.on(n.manager, "docker", "service", "ls"),
                n.on(n.manager, "docker", "service", "ps", "--no-trunc", "<service>"),
                n.on(n.manager, "docker", "service", "logs", "--tail", "100", "<service>"),
            ),
            went_back(n),
            step(
                "Is a database, a secret or a disk missing: mend that first; the swarm starts containers again by itself.",
                "S'il manque une base, un secret ou un disque : corriger d'abord ; le swarm relance les conteneurs tout seul.",
                n.flotilla("audit", "data", "hosts"),
            ),
            step(
                "Does Docker itself not run: start it; the server's containers come with it.",
                "Si Docker lui-même ne tourne pas : le démarrer ; les conteneurs du serveur suivent.",
                *(n.on(found.name, "systemctl", "restart", "docker") for found in n.having("app", "ingress")[:12]),
            ),
        ),
        check=looked_at(n, "containers", "network"),
        undo=NOTHING,
    )


def errors(n: Names) -> Runbook:
    """
    Some requests fail.
    """
    return Runbook(
        slug="errors",
        situation=Situation.SITES,
        title=say("Requests fail", "Des requêtes échouent"),
        when=say(
            "More requests fail than usual, or than the project promised for the month.",
            "Plus de requêtes échouent que d'habitude, ou que le projet ne l'a promis pour le mois.",
        ),
        risk=Level.IMPORTANT,
        operations=("rollback",),
        answers=frozenset({"error-budget", "ErrorsHigh", "ErrorBudgetBurning", "prod.errors", "prod.failing", "prod.unread"}),
        steps=(
            step(
                "See whose, since when, and how many.",
                "Voir de qui, depuis quand et combien.",
                n.flotilla("report", "--only", "prod"),
                n.flotilla("history", "-n", "20"),
            ),
            went_back(n),
            step(
                "Read what the containers say.",
                "Lire ce que disent les conteneurs.",
                n.flotilla("incident", "start", "--title", "Requests fail"),
            ),
            step(
                "Is it burning the month's budget slowly: no release of the project but the one that mends it.",
                "Si le budget du mois brûle lentement : aucune version du projet, sauf celle qui corrige.",
            ),
        ),
        check=(step("No more of them.", "Il n'y en a plus.", n.flotilla("report", "--only", "prod")),),
        undo=NOTHING,
    )


def latency(n: Names) -> Runbook:
    """
    Slow, or waiting in line.
    """
    return Runbook(
        slug="latency",
        situation=Situation.SITES,
        title=say("Answers are slow, or requests wait", "Les réponses sont lentes, ou les requêtes attendent"),
        when=say(
            "Sites answer slower than promised, requests wait for a place, or the ingress is near its limit.",
            "Les sites répondent plus lentement que promis, les requêtes attendent, ou l'entrée est près de sa limite.",
        ),
        risk=Level.IMPORTANT,
        operations=("deploy", "rollback"),
        answers=frozenset(
            {
                *("saturation", "LatencyHigh", "LatencyObjectiveMissed", "RequestsQueued", "IngressNearItsLimit"),
                *("network.site-slow", "prod.slow"),
            }
        ),
        steps=(
            step(
                "Is it the server, the database, or the project itself?",
                "Est-ce le serveur, la base ou le projet lui-même ?",
                n.flotilla("status"),
                n.flotilla("audit", "network", "hosts", "data"),
                n.flotilla("report", "--only", "prod"),
            ),
            went_back(n),
            step(
                "Do more visitors come than there is room for: more containers of the project, then more servers.",
                "S'il vient plus de visiteurs que de place : plus de conteneurs du projet, puis plus de serveurs.",
                *(run("flotilla", "project", "set", found.name, "replicas", "<number>") for found in n.shown),
                n.flotilla("settings", "check"),
                n.flotilla("apply"),
            ),
            step(
                "Does one address ask too much: limit it in the project's file, `rate_limit`.",
                "Si une adresse demande trop : la limiter dans le fichier du projet, `rate_limit`.",
            ),
        ),
        check=looked_at(n, "network", "hosts"),
        undo=(
            step(
                "Put the number back.",
                "Remettre le nombre.",
                run("git", "checkout", "-p", "--", "projects"),
                n.flotilla("apply"),
            ),
        ),
    )


RUNBOOKS = (site_down, container_restarting, errors, latency)
