"""
The words around runbooks, on pages and in the terminal.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.dossier.words import Language, Words
from ops.runbooks.durations import REHEARSALS, Duration
from ops.runbooks.runbook import Runbook, Situation, say

SITUATIONS = {
    Situation.DISASTER: Words(en="Something is lost", fr="Quelque chose est perdu"),
    Situation.SERVERS: Words(en="A server is not well", fr="Un serveur va mal"),
    Situation.SITES: Words(
        en="Visitors do not get what they came for", fr="Les visiteurs n'obtiennent pas ce qu'ils cherchent"
    ),
    Situation.DATA: Words(en="Data and databases", fr="Données et bases"),
    Situation.WATCHING: Words(en="Something is not as it should be", fr="Quelque chose n'est pas comme prévu"),
    Situation.RELEASES: Words(en="Releases", fr="Mises en service"),
    Situation.GROWING: Words(
        en="Projects, servers and environments come and go", fr="Projets, serveurs et environnements changent"
    ),
    Situation.CARE: Words(en="Regular care, and after something went wrong", fr="Entretien régulier, et après un incident"),
}
RISKS = {
    Level.INFO: Words(en="info: changes nothing", fr="info : ne change rien"),
    Level.STANDARD: Words(en="standard: can be undone", fr="standard : réversible"),
    Level.IMPORTANT: Words(en="important: changes what runs", fr="important : change ce qui tourne"),
    Level.CRITICAL: Words(
        en="critical: deletes, replaces, or touches access", fr="critique : supprime, remplace ou touche aux accès"
    ),
}
RUNBOOKS = Words(en="Runbooks", fr="Procédures")
BEFORE = say(
    "Run the commands in the checkout, after `. ./env.sh` (for a real stack with `PULUMI_BACKEND_URL` of your own). Words in "
    "`< >` are yours to replace. Without a terminal, what asks needs `--approve` and `--reason`.",
    "Lancer les commandes dans le dépôt, après `. ./env.sh` (pour une vraie pile, avec votre `PULUMI_BACKEND_URL`). Les mots "
    "entre `< >` sont à remplacer. Sans terminal, ce qui demande une confirmation veut `--approve` et `--reason`.",
)
MANY = Words(
    en="For servers and projects beyond the first {most} do the same with their names.",
    fr="Pour les serveurs et projets au-delà des {most} premiers, faire de même avec leurs noms.",
)
WHEN = Words(en="When", fr="Quand")
RISK = Words(en="Risk", fr="Risque")
DURATION = Words(en="Expected duration", fr="Durée attendue")
REHEARSED = Words(en="Rehearsed by", fr="Répété par")
NOT_REHEARSED = Words(en="not rehearsed end to end", fr="pas répété de bout en bout")
STEPS = Words(en="Steps", fr="Étapes")
CHECK = Words(en="Check that it worked", fr="Vérifier que cela a marché")
UNDO = Words(en="Undo", fr="Annuler")
ANSWERS = Words(en="Leads here", fr="Mène ici")
NOT_MEASURED = Words(en="not measured yet", fr="pas encore mesurée")
_ONE = Words(
    en="{name} {median} s, at most {longest} s ({count} times)", fr="{name} {median} s, au plus {longest} s ({count} fois)"
)
_WHOLE = Words(
    en="{seconds} s for the whole page, in the sandbox on {day}",
    fr="{seconds} s pour toute la page, dans le bac à sable le {day}",
)


def duration(runbook: Runbook, known: dict[str, Duration], language: Language) -> str:
    """
    As measured, in words: of the whole page where a test follows it, and of the operations in it that this stack has seen.
    """
    told = []
    whole = REHEARSALS.get(runbook.slug)
    if whole:
        told.append(_WHOLE.of(language).format(seconds=whole.seconds, day=whole.day.isoformat()))
    for name in runbook.operations:
        if name in known:
            found = known[name]
            words = {"median": f"{found.median_s:.0f}", "longest": f"{found.longest_s:.0f}", "count": found.count}
            told.append(_ONE.of(language).format(name=name, **words))
    return "; ".join(told) or NOT_MEASURED.of(language)
