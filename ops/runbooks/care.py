"""
What is done regularly, and what is done when something has gone wrong.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, run, say, step
from ops.runbooks.servers import NOTHING


def incident(n: Names) -> Runbook:
    """
    From the first minute to the post-mortem.
    """
    return Runbook(
        slug="incident",
        situation=Situation.CARE,
        title=say("Incident and post-mortem", "Incident et post-mortem"),
        when=say(
            "Visitors, data or access are affected, or it is not clear whether they are.",
            "Les visiteurs, les données ou les accès sont touchés, ou l'on n'en est pas sûr.",
        ),
        risk=Level.INFO,
        steps=(
            step(
                "Say that you have it, and write down when. Keep what is to be seen before it changes.",
                "Dire que vous vous en occupez, noter l'heure. Garder ce qui se voit avant que cela change.",
                n.flotilla("incident", "start", "--title", "<what is wrong>"),
            ),
            step(
                "Help visitors first, look for the cause after: most often by going back to the release before. The command "
                "above named what fits.",
                "D'abord aider les visiteurs, chercher la cause ensuite : souvent en revenant à la version précédente. La "
                "commande a nommé ce qui convient.",
                n.flotilla("release", "list"),
                n.flotilla("runbook"),
            ),
            step(
                "Tell those concerned every half hour, also when there is nothing new. Look again and add it.",
                "Informer toutes les demi-heures, même sans nouveauté. Regarder de nouveau et l'ajouter.",
                run("flotilla", "incident", "collect"),
            ),
            step(
                "May personal data be concerned: within 72 hours the authority has to know (GDPR, article 33). Keep the "
                "bundle.",
                "Si des données personnelles sont concernées : l'autorité doit le savoir sous 72 heures (RGPD, article 33). "
                "Garder le dossier.",
            ),
            step(
                "Is it over, close it: a last look, and the post-mortem is written as far as machines know it.",
                "Quand c'est fini, le clore : un dernier regard, et le post-mortem est écrit autant que les machines le "
                "savent.",
                run("flotilla", "incident", "close", "--resolution", "<what was wrong, and what helped>"),
            ),
            step(
                "Within a week complete `post-mortem.md` in `reports/incidents/` together: what happened, what helped, what "
                "is changed so that it does not come again. Nobody is blamed.",
                "Dans la semaine, compléter ensemble `post-mortem.md` dans `reports/incidents/` : les faits, ce qui a aidé, "
                "ce qui change pour que cela ne revienne pas. Personne n'est accusé.",
                run("flotilla", "incident", "list"),
            ),
        ),
        check=(step("All is well again.", "Tout va bien de nouveau.", n.flotilla("report")),),
        undo=(
            step(
                "Nothing was changed but reports/incidents/.",
                "Rien n'a changé sauf reports/incidents/.",
            ),
        ),
        rehearsed="tests/e2e/test_upkeep.py",
    )


def monthly(n: Names) -> Runbook:
    """
    An hour a month.
    """
    return Runbook(
        slug="monthly",
        situation=Situation.CARE,
        title=say("Monthly checks", "Contrôles mensuels"),
        when=say("Once a month, an hour.", "Une fois par mois, une heure."),
        risk=Level.IMPORTANT,
        operations=("cleanup",),
        steps=(
            step(
                "What the weeks said, and what is wrong now.",
                "Ce qu'ont dit les semaines, et ce qui ne va pas.",
                n.flotilla("report", "--weekly"),
                n.flotilla("report"),
            ),
            step(
                "Restore every backup, and see how long that takes.",
                "Restaurer chaque sauvegarde, et voir combien de temps cela prend.",
                n.flotilla("drill"),
            ),
            step(
                "Is the history as it was written; who did what.",
                "L'historique est-il intact ; qui a fait quoi.",
                n.flotilla("history", "verify"),
                n.flotilla("history", "-n", "100"),
            ),
            step(
                "What it costs, and what could be saved.",
                "Ce que cela coûte, et ce qui pourrait être économisé.",
                run("flotilla", "costs", "refresh"),
                n.flotilla("costs"),
            ),
            step("Are people reached?", "Les gens sont-ils joints ?", n.flotilla("notify", "test")),
            step(
                "Remove what nobody needs: look first.",
                "Retirer l'inutile : regarder d'abord.",
                n.flotilla("cleanup"),
                n.flotilla("cleanup", "--apply"),
            ),
            step(
                "A copy of the state, kept elsewhere than the state and the key.",
                "Une copie de l'état, gardée ailleurs que l'état et la clé.",
                n.pulumi("stack", "export", "--file", f"{n.stack}-<day>.json"),
            ),
        ),
        check=(step("All is well.", "Tout va bien.", n.flotilla("report", "--fail-on", "warning")),),
        undo=NOTHING,
    )


def yearly(n: Names) -> Runbook:
    """
    A day a year.
    """
    return Runbook(
        slug="yearly",
        situation=Situation.CARE,
        title=say("Yearly checks", "Contrôles annuels"),
        when=say("Once a year, a day; and after somebody has left.", "Une fois par an, une journée ; et après chaque départ."),
        risk=Level.CRITICAL,
        steps=(
            step(
                "Who may do what: go through `access.public_keys` and `access.sources` in {file} with everybody named there.",
                "Qui peut quoi : parcourir `access.public_keys` et `access.sources` dans {file} avec tous ceux qui y figurent.",
                n.flotilla("audit", "security"),
                file=n.file,
            ),
            step(
                "Change the secrets that are a year old.",
                "Changer les secrets qui ont un an.",
                n.flotilla("runbook", "rotate-secrets"),
            ),
            step(
                "Lose the database server on purpose, in the sandbox, with somebody who has never done it, by the page "
                "alone. Take the time.",
                "Perdre exprès le serveur de bases, dans le bac à sable, avec quelqu'un qui ne l'a jamais fait, avec la page "
                "seule. Chronométrer.",
                run("flotilla", "runbook", "database-server-lost", "-s", "local"),
            ),
            step(
                "Can the key be found where no server is, and the passphrase, and the accounts at Hetzner, Cloudflare and "
                "the registrar?",
                "Retrouve-t-on la clé hors des serveurs, la phrase secrète, et les comptes Hetzner, Cloudflare et "
                "registraire ?",
                run("pulumi", "whoami", "-v"),
            ),
            step(
                "Read everything that is kept off-site.",
                "Lire tout ce qui est gardé à l'extérieur.",
                n.flotilla("backup", "verify", "--deep"),
                *([n.on(n.first("backup"), "flotilla-backup", "offsite", "--part", "100%")] if n.offsite else []),
            ),
            step(
                "Waivers that end, versions that go out of support: Debian, PostgreSQL, Pulumi.",
                "Dérogations qui finissent, versions en fin de vie : Debian, PostgreSQL, Pulumi.",
                n.flotilla("settings", "check"),
                run("flotilla", "doctor"),
            ),
        ),
        check=(step("All is well.", "Tout va bien.", n.flotilla("report", "--fail-on", "warning")),),
        undo=NOTHING,
    )


RUNBOOKS = (incident, monthly, yearly)
