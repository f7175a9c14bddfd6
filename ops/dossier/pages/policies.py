"""
What the environment is held to, and what does not count for a while.
"""

from __future__ import annotations

from collections import Counter

from ops.dossier import rules, terms
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    body,
    code,
    file,
    heading,
    joined,
    link,
    paragraph,
    prose,
    say,
    setting,
    source,
    table,
)
from ops.dossier.words import Words
from policies.framework import Pack
from settings.care import Waiver

TITLE = Words(en="Policies and waivers", fr="Règles et dérogations")
WAIVERS = Words(en="Waivers", fr="Dérogations")
NO_WAIVERS = Words(en="There is none: every rule counts.", fr="Il n'y en a aucune : chaque règle compte.")
RULE = Words(en="Rule", fr="Règle")
RESOURCE = Words(en="Resource", fr="Ressource")
ENDED = Words(en="{day}: it has ended", fr="{day} : elle est échue")
STRANGE = Words(en="{rule}: there is no such rule", fr="{rule} : une telle règle n'existe pas")
HELD = Words(
    en="{count} rules judge every plan before anything is touched: {levels}. What is mandatory stops it.",
    fr="{count} règles jugent chaque plan avant que rien ne soit touché : {levels}. Ce qui est obligatoire l'arrête.",
)
LEVEL = Words(en="Level", fr="Niveau")
ASKED_BY = Words(en="Asked for by", fr="Demandé par")
SAID = Words(en="What they say of the settings", fr="Ce qu'elles disent des réglages")
NOT_ASKED = Words(
    en="No preview was made for these pages (`--preview`): {command} says it.",
    fr="Aucun aperçu n'a été fait pour ces pages (`--preview`) : {command} le dit.",
)
NOTHING = Words(en="Nothing: every rule is held.", fr="Rien : chaque règle est tenue.")
OWN = Words(en="our own", fr="nous-mêmes")
BETWEEN = Words(en="; ", fr=" ; ")
WORDS_OF_RULES = Words(
    en="The rules' own words, with examples and remedies: {page}.",
    fr="Les règles avec leurs exemples et leurs remèdes, en anglais : {page}.",
)
REGION = Words(
    en="Data has to stay in: {region}. Logs are kept for {days} days.",
    fr="Les données doivent rester en : {region}. Les journaux sont gardés {days} jours.",
)


def page(facts: Facts) -> Page:
    """
    The page.
    """
    packs = [_pack(facts, pack) for pack in facts.packs]
    return Page("policies.md", TITLE.of(facts.language), body(_waivers(facts), _findings(facts), _held(facts), *packs))


def _waivers(facts: Facts) -> Markdown:
    language = facts.language
    origin = source(language, setting("environment.waivers"))
    if not facts.waivers:
        return body(heading(WAIVERS.of(language)), paragraph(say(NO_WAIVERS, language)), origin)
    rows = [_waiver(facts, waiver) for waiver in facts.waivers]
    headers = terms.heads(language, RULE, RESOURCE, terms.WHY, terms.OWNER, terms.UNTIL)
    return body(heading(WAIVERS.of(language)), table(headers, rows), origin)


def _waiver(facts: Facts, waiver: Waiver) -> tuple[object, ...]:
    language = facts.language
    has_ended = facts.as_of is not None and waiver.until < facts.as_of
    until = say(ENDED, language, day=waiver.until) if has_ended else waiver.until.isoformat()
    is_known = any(waiver.rule == rule.id for pack in facts.packs for rule in pack.rules)
    rule = code(waiver.rule) if is_known else say(STRANGE, language, rule=code(waiver.rule))
    return (rule, code(waiver.resource), waiver.reason, waiver.owner, until)


def _held(facts: Facts) -> Markdown:
    language, compliance = facts.language, facts.settings.environment.compliance
    counted = Counter(rule.level.value for pack in facts.packs for rule in pack.rules)
    levels = joined(Markdown(f"{count} {code(level)}") for level, count in sorted(counted.items()))
    told = Markdown()
    if compliance:
        told = paragraph(say(REGION, language, region=compliance.data_region.value, days=compliance.log_retention_days))
    return body(
        heading(Words(en="Policies", fr="Règles").of(language)),
        paragraph(say(HELD, language, count=sum(counted.values()), levels=levels)),
        told,
        paragraph(say(WORDS_OF_RULES, language, page=link("docs/policies.md", f"{facts.checkout}/docs/policies.md"))),
        source(language, setting("environment.compliance"), file("policies")),
    )


def _findings(facts: Facts) -> Markdown:
    """
    What the packs say of what the settings make, where somebody asked for a preview.
    """
    language = facts.language
    if facts.preview is None:
        return body(
            heading(SAID.of(language)), paragraph(say(NOT_ASKED, language, command=code(f"make preview-{facts.stack}")))
        )
    rows = [
        (
            code(row.policy),
            code(row.level),
            code(row.urn.rpartition("::")[2]),
            prose(rules.retold(row.policy, row.message, language)),
        )
        for row in sorted(facts.preview.findings, key=lambda row: (row.level, row.policy, row.urn, row.message))
    ]
    shown = table(terms.heads(language, RULE, LEVEL, RESOURCE, terms.WHAT), rows) if rows else paragraph(say(NOTHING, language))
    return body(heading(SAID.of(language)), shown, source(language, file(f"python -m sandbox.preview {facts.stack}")))


def _pack(facts: Facts, pack: Pack) -> Markdown:
    language = facts.language
    rows = [
        (
            code(rule.id),
            code(rule.level.value),
            prose(rules.retold(rule.id, rule.description, language)),
            joined((rules.cited(one, language) for one in rule.references), BETWEEN.of(language)) or OWN.of(language),
        )
        for rule in sorted(pack.rules, key=lambda rule: rule.id)
    ]
    return body(heading(code(pack.name), 3), table(terms.heads(language, RULE, LEVEL, terms.WHAT, ASKED_BY), rows))
