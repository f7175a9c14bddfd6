"""
What it costs, for whom, and what could be saved: what `flotilla costs` says.
"""

from __future__ import annotations

from ops.costs.split import FREE, SHARED
from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    body,
    bullets,
    code,
    file,
    heading,
    joined,
    paragraph,
    prose,
    report,
    say,
    setting,
    source,
    strong,
    table,
)
from ops.dossier.words import Words

TITLE = Words(en="Costs", fr="Coûts")
TOTAL = Words(en="{eur} EUR per month, net.", fr="{eur} EUR par mois, hors taxes.")
AT_LEAST = Words(
    en="At least {eur} EUR per month, net: the price of {names} is not known.",
    fr="Au moins {eur} EUR par mois, hors taxes : le prix de {names} est inconnu.",
)
BUDGET = Words(
    en="The budget is {eur} EUR: {verdict}, {percent} % used, {left} EUR left.",
    fr="Le budget est de {eur} EUR : {verdict}, {percent} % utilisés, {left} EUR de reste.",
)
NO_BUDGET = Words(en="Nobody has agreed on a budget.", fr="Personne n'a fixé de budget.")
VERDICTS = {
    "under": Words(en="kept", fr="tenu"),
    "over": Words(en="exceeded", fr="dépassé"),
    "unknown": Words(en="not known, because prices are missing", fr="inconnu, car des prix manquent"),
}
REHEARSAL = Words(
    en="This is the sandbox, which costs nothing: it is what the same would cost at Hetzner.",
    fr="Ceci est le bac à sable, qui ne coûte rien : c'est ce que la même chose coûterait chez Hetzner.",
)
BILL = Words(en="What is billed", fr="Ce qui est facturé")
KIND = Words(en="Kind", fr="Genre")
EUR = Words(en="EUR per month", fr="EUR par mois")
TRAFFIC = Words(en="Traffic included", fr="Trafic inclus")
TRAFFIC_IS = Words(en="{tb} TB, then {eur} EUR per TB", fr="{tb} To, puis {eur} EUR par To")
FOR_WHOM = Words(en="For whom", fr="Pour qui")
NAMED = {
    SHARED: Words(en="for all", fr="pour tous"),
    FREE: Words(en="reserved by nobody", fr="réservé par personne"),
}
PRICES = Words(en="Prices are of {day}: {source}.", fr="Prix du {day} : {source}.")
UNCONFIRMED = Words(
    en="Not confirmed by Hetzner's API: {names}. Run {command}.",
    fr="Non confirmés par l'API de Hetzner : {names}. Lancez {command}.",
)
ELSEWHERE = Words(en="Paid to others, and not in the sum: {what}.", fr="Payé à d'autres, et hors de la somme : {what}.")
ADVICE = Words(en="What could be saved", fr="Ce qui pourrait être économisé")
SAVES = Words(en="Saves (EUR)", fr="Économie (EUR)")
NO_ADVICE = Words(en="Nothing that is known.", fr="Rien de connu.")


def page(facts: Facts) -> Page:
    """
    The page.
    """
    parts = (_sum(facts), _bill(facts), _split(facts), _advice(facts), _prices(facts))
    return Page("costs.md", TITLE.of(facts.language), body(*parts))


def total(facts: Facts) -> Markdown:
    """
    The sum, in one sentence.
    """
    found = facts.statement
    if found["is_complete"]:
        return say(TOTAL, facts.language, eur=found["total_eur"])
    return say(AT_LEAST, facts.language, eur=found["total_eur"], names=joined(map(code, found["unpriced"])))


def _sum(facts: Facts) -> Markdown:
    language, found = facts.language, facts.statement
    agreed = found["budget"]
    if agreed["eur"] is None:
        budget = say(NO_BUDGET, language)
    else:
        verdict = VERDICTS[agreed["verdict"]].of(language)
        values = {"eur": agreed["eur"], "verdict": verdict, "percent": agreed["percent"], "left": agreed["left_eur"]}
        budget = say(BUDGET, language, **values)
    return body(
        paragraph(strong(total(facts)), " ", budget),
        paragraph(say(REHEARSAL, language)) if found["is_rehearsal"] else Markdown(),
        source(language, setting("environment.budget_eur"), setting("environment.servers"), file("settings/prices.json")),
    )


def _bill(facts: Facts) -> Markdown:
    language = facts.language
    rows = [
        (
            row["name"],
            row["kind"],
            row["what"],
            row["location"],
            row["eur"] or terms.NOT_KNOWN.of(language),
            say(TRAFFIC_IS, language, tb=row["traffic_tb"], eur=row["eur_per_tb"]) if row["traffic_tb"] else "",
        )
        for row in facts.statement["lines"]
    ]
    headers = (terms.NAME, KIND, terms.WHAT, terms.LOCATION, EUR, TRAFFIC)
    return body(heading(BILL.of(language)), table(terms.heads(language, *headers), rows))


def _split(facts: Facts) -> Markdown:
    language = facts.language
    rows = [(NAMED[name].of(language) if name in NAMED else name, eur) for name, eur in facts.statement["projects"].items()]
    return body(heading(FOR_WHOM.of(language)), table(terms.heads(language, terms.PROJECT, EUR), rows))


def _advice(facts: Facts) -> Markdown:
    language = facts.language
    rows = [
        (row["resource"], prose(row["message"]), row["evidence"], row["eur"] or terms.NOT_KNOWN.of(language))
        for row in facts.statement["advice"]
    ]
    shown = (
        table(terms.heads(language, terms.WHAT, ADVICE, terms.WHY, SAVES), rows)
        if rows
        else paragraph(say(NO_ADVICE, language))
    )
    return body(heading(ADVICE.of(language)), shown, source(language, report("hosts"), report("drift")))


def _prices(facts: Facts) -> Markdown:
    language, found = facts.language, facts.statement
    lines = [say(PRICES, language, day=found["prices"]["priced_on"], source=found["prices"]["source"])]
    if found["unconfirmed"]:
        names, command = joined(map(code, found["unconfirmed"])), code("flotilla costs refresh")
        lines.append(say(UNCONFIRMED, language, names=names, command=command))
    lines += [say(ELSEWHERE, language, what=what) for what in found["elsewhere"]]
    return body(bullets(lines), source(language, file("settings/prices.json")))
