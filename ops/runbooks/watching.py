"""
What was seen that should not be: drift, access, a watch that fails, documents that are not true.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, run, say, step
from ops.runbooks.servers import NOTHING, looked_at


def monitoring(n: Names) -> Runbook:
    """
    The watching itself.
    """
    server = n.first("monitoring")
    units = ("prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter")
    return Runbook(
        slug="monitoring",
        situation=Situation.WATCHING,
        title=say("Monitoring itself fails", "La surveillance elle-même échoue"),
        when=say(
            "Alerts are not sent, rules fail, or measures are missing. Until it is mended, silence means nothing.",
            "Les alertes ne partent pas, des règles échouent ou des mesures manquent. D'ici là, le silence ne veut rien dire.",
        ),
        risk=Level.IMPORTANT,
        operations=("host converge",),
        answers=frozenset({"AlertsNotSent", "RulesFail", "MeasuresMissing"}),
        steps=(
            step(
                "Look at everything from here meanwhile.",
                "D'ici là, tout regarder d'ici.",
                n.flotilla("report"),
            ),
            step(
                "What do the programs on {server} say?",
                "Que disent les programmes sur {server} ?",
                n.on(server, "systemctl", "status", "--no-pager", *units),
                n.on(server, "journalctl", "--no-pager", "-n", "100", *(word for unit in units for word in ("-u", unit))),
                server=server,
            ),
            step("Are the receivers reached?", "Les destinataires sont-ils joints ?", n.flotilla("notify", "test")),
            step(
                "Put right what differs from the roles, exporters too.",
                "Corriger ce qui diffère des rôles, exportateurs compris.",
                n.flotilla("host", "converge"),
            ),
            step(
                "Was an address or password of a receiver changed: give it here, and bring it out.",
                "Si l'adresse ou le mot de passe d'un destinataire a changé : le donner ici, et appliquer.",
                *(n.set_secret(*path) for path in n.secrets if path[0] == "notifications"),
                n.flotilla("apply"),
            ),
        ),
        check=(
            step("Everybody was told.", "Tous ont été prévenus.", n.flotilla("notify", "test")),
            *looked_at(n, "hosts"),
        ),
        undo=NOTHING,
    )


def drift(n: Names) -> Runbook:
    """
    State, settings and world differ.
    """
    return Runbook(
        slug="drift",
        situation=Situation.WATCHING,
        title=say("Something was changed by hand", "Quelque chose a été changé à la main"),
        when=say(
            "The cloud, a server or the swarm is not as the stack says, or what is released is not what runs.",
            "Le cloud, un serveur ou le swarm n'est pas comme la pile le dit, ou ce qui tourne n'est pas la version publiée.",
        ),
        risk=Level.IMPORTANT,
        operations=("apply", "host converge"),
        answers=frozenset(
            {
                *(
                    f"drift.{name}"
                    for name in ("changed", "role-differs", "unmanaged", "service-unmanaged", "container-unmanaged")
                ),
                *(f"integrity.{name}" for name in ("code-differs", "ingress-differs", "name-undeclared", "name-unused")),
                *(
                    "hosts.declaration-differs",
                    "containers.release-differs",
                    "containers.release-pending",
                    "containers.image-unpinned",
                ),
            }
        ),
        steps=(
            step(
                "See what differs, in the cloud and on servers. Nothing is changed.",
                "Voir ce qui diffère, dans le cloud et sur les serveurs. Rien n'est changé.",
                n.flotilla("plan", "--refresh"),
                n.flotilla("host", "converge", "--dry-run"),
            ),
            step(
                "Was it on purpose: write it into {file} or the project's file, so that it stays.",
                "Si c'était voulu : l'écrire dans {file} ou le fichier du projet, pour que cela reste.",
                n.flotilla("settings", "check"),
                file=n.file,
            ),
            step(
                "Put everything else back.",
                "Remettre tout le reste.",
                n.flotilla("apply", "--refresh"),
                n.flotilla("host", "converge"),
            ),
            step(
                "What no stack declares is yours to decide: see who made it, then remove it at Hetzner, Cloudflare or Docker.",
                "Ce qu'aucune pile ne déclare est à décider : voir qui l'a fait, puis le retirer chez Hetzner, Cloudflare ou "
                "Docker.",
                n.flotilla("audit", "drift"),
                n.on(n.manager, "docker", "service", "ls"),
            ),
        ),
        check=(
            *looked_at(n, "drift", "containers"),
            step("And nothing is to be done.", "Et il n'y a rien à faire.", n.flotilla("report", "--only", "integrity")),
        ),
        undo=(
            step(
                "Settings are put back from the repository's history, and brought out again.",
                "Les réglages se remettent depuis l'historique du dépôt, puis s'appliquent.",
                run("git", "log", "--oneline", "-n", "10", "--", n.file, "projects"),
            ),
        ),
    )


def access(n: Names) -> Runbook:
    """
    Something is open, soft or unknown.
    """
    names = (
        *("host-key-changed", "docker-exposed", "docker-insecure-registry", "container-escapes", "container-soft"),
        *("port-open", "port-exposed", "host-firewall-open", "fail2ban-off", "sysctl-weak", "suid-unknown"),
        *("sshd-passwords", "sshd-weak", "sshd-algorithms", "sshd-key-source", "key-missing", "password-set"),
    )
    return Runbook(
        slug="access",
        situation=Situation.WATCHING,
        title=say("Something is open, or softer than it should be", "Quelque chose est ouvert, ou trop faible"),
        when=say(
            "The audit found an open port, a weak setting, a container with too many rights, or another host key.",
            "L'audit a trouvé un port ouvert, un réglage faible, un conteneur trop puissant ou une autre clé d'hôte.",
        ),
        risk=Level.IMPORTANT,
        operations=("host converge",),
        answers=frozenset(f"security.{name}" for name in names),
        steps=(
            step(
                "Keep what is to be seen first: somebody may be there. Is an account or a key unknown, use the page about "
                "keys.",
                "D'abord garder ce qui se voit : quelqu'un est peut-être là. Si un compte ou une clé est inconnu, voir la "
                "page des clés.",
                n.flotilla("incident", "start", "--title", "Something is open"),
                n.flotilla("audit", "security"),
                n.flotilla("runbook", "key-compromised"),
            ),
            step(
                "Shows a server another host key although nobody replaced it: run nothing there; look at it at Hetzner's "
                "console.",
                "Si un serveur montre une autre clé d'hôte sans avoir été remplacé : n'y rien lancer ; le voir dans la "
                "console Hetzner.",
            ),
            step(
                "Put right what differs from the roles: firewall, SSH, accounts, kernel, Docker.",
                "Corriger ce qui diffère des rôles : pare-feu, SSH, comptes, noyau, Docker.",
                n.flotilla("host", "converge", "--dry-run"),
                n.flotilla("host", "converge"),
            ),
            step(
                "Is it a container that nobody declared: see who made it, then remove it.",
                "Si c'est un conteneur que personne n'a déclaré : voir qui l'a fait, puis le retirer.",
                *(n.on(found.name, "docker", "ps", "--no-trunc") for found in n.having("app", "ingress")[:12]),
            ),
            step(
                "Was somebody on the server: replace it; what was on it cannot be trusted.",
                "Si quelqu'un était sur le serveur : le remplacer ; ce qui y était n'est plus fiable.",
                n.flotilla("runbook", "server-replace"),
            ),
        ),
        check=looked_at(n, "security", "network"),
        undo=NOTHING,
    )


def documents(n: Names) -> Runbook:
    """
    Pages that are not true.
    """
    return Runbook(
        slug="documents",
        situation=Situation.WATCHING,
        title=say("Documents do not say what is so", "Les documents ne disent pas ce qui est"),
        when=say(
            "A page that is written from code is stale, a link leads nowhere, or a page names a command that there is not.",
            "Une page écrite depuis le code est périmée, un lien ne mène nulle part, ou une page nomme une commande qui "
            "n'existe pas.",
        ),
        risk=Level.STANDARD,
        answers=frozenset(f"docs.{name}" for name in ("page-stale", "link-broken", "command-unknown")),
        steps=(
            step(
                "Each finding has the command that mends it, or shows the line.",
                "Chaque constat a la commande qui corrige, ou montre la ligne.",
                n.flotilla("report", "--only", "docs"),
            ),
            step(
                "See the difference and commit it.",
                "Voir la différence et l'enregistrer.",
                run("git", "diff", "--", "docs", "README.md"),
                run("git", "commit", "-m", "Write documents anew", "--", "docs", "README.md"),
            ),
        ),
        check=(step("Nothing is stale.", "Rien n'est périmé.", n.flotilla("report", "--only", "docs")),),
        undo=(
            step(
                "A page is put back as every file is.",
                "Une page se remet comme tout fichier.",
                run("git", "checkout", "-p", "--", "docs", "README.md"),
            ),
        ),
    )


RUNBOOKS = (monitoring, drift, access, documents)
