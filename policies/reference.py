"""
The reference of every policy, from the rules' own words and examples: `python -m policies.reference` writes docs/policies.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from policies.catalog import packs
from policies.framework import AnyRule, Level, Option, Pack, Resource, Rule, Stack
from policies.framework.judge import WAIVER_RULES, Judge
from policies.framework.rule import Metadata

PAGE = Path(__file__).parents[1] / "docs" / "policies.md"

INTRODUCTION = """\
# Policies

Written by `python -m policies.reference` from the rules in `policies/`: edit those, not this page.

{count} rules in {packs} packs judge every plan before anything is touched: {levels}. A rule is a pure function over the
resources of the plan; each has examples that tests run, and the results below are theirs.

| level | what follows from a finding |
|---|---|
| `mandatory` | the preview or update fails before anything is touched; `python -m sandbox.preview` exits with code 4 |
| `remediate` | the pack sets the property itself and says so; what it cannot mend is `mandatory` |
| `advisory` | it is said, and nothing stops |

## Run them

| where | how |
|---|---|
| by hand | `pulumi preview -s production --policy-pack policies/security --policy-pack policies/compliance` |
| with `up` | the same two options to `pulumi up`: what a preview could not know yet is judged before it is made |
| offline, without credentials | `make preview-production`, `make preview-staging`, `make preview-local` |
| on every pull request | the workflow in `.github/workflows/` previews all stacks with both packs |

A value that is computed only when the plan is carried out is unknown in a preview. Rules say nothing of it, and judge the rest
of the resource; `up` judges it.

## Configure them

Levels and options are in a file for each pack, named in the same order as the packs:

```json
{{
  "availability-ingress": "mandatory",
  "names-pattern": "disabled",
  "backup-drill": {{"enforcementLevel": "mandatory", "days": 14}}
}}
```

```sh
pulumi preview -s production \\
  --policy-pack policies/security --policy-pack-config security.json \\
  --policy-pack policies/compliance --policy-pack-config compliance.json
```

## Except something

A waiver is for one rule, for resources by their name (`*` stands for anything), with a reason, an owner and an end date. It is
written where the environment is described, in `Pulumi.<stack>.yaml`, and reviewed like any other change:

```yaml
config:
  flotilla:environment:
    waivers:
      - rule: backup-offsite
        resource: guestbook
        reason: The copy moves to another provider in January.
        owner: web-team
        until: 2027-01-31
```

A waived finding is still shown, as advice with the waiver's words. A waiver that has ended, that lacks something, that holds
for too long or that excuses too much stops the preview; one that excuses nothing is pointed out. Findings about the whole stack
have the resource `stack`, those about the environment's settings the environment's name.
"""

HEADINGS = {"flotilla-security": "Security", "flotilla-compliance": "Compliance and cost"}
EXAMPLES = """\
## Examples

Each rule's own examples, run when this page was written: right ones pass, wrong ones are found, of unknown values nothing is
said, and the last column is what each rule says when what it looks at is not there at all.
"""


def render_reference() -> str:
    """
    The whole page.
    """
    rules = [rule for pack in packs() for rule in pack.rules]
    counted = Counter(rule.level for rule in rules)
    levels = ", ".join(f"{counted[level]} {level.value}" for level in Level if counted[level])
    parts = [INTRODUCTION.format(count=len(rules), packs=len(packs()), levels=levels)]
    parts += [_pack(pack) for pack in packs()]
    parts += [_waiver_rules(), _frameworks(rules), EXAMPLES]
    parts += [_examples(pack) for pack in packs()]
    return "\n".join(parts)


def _pack(pack: Pack) -> str:
    heading = f"## {HEADINGS[pack.name]}: {len(pack.rules)} rules\n\n{pack.description}\n"
    return "\n".join([heading, _table(pack.rules)])


def _waiver_rules() -> str:
    return "\n".join(["## Of waivers, in each pack\n", _table(WAIVER_RULES)])


def _table(rules: Sequence[Metadata]) -> str:
    rows = [_row(rule) for rule in sorted(rules, key=lambda rule: rule.id)]
    return "\n".join(["| id | level | what | asked for by | remedy | options |", "|---|---|---|---|---|---|", *rows, ""])


def _row(rule: Metadata) -> str:
    references = "; ".join(map(str, rule.references)) or "our own"
    options = "<br>".join(_option(name, option) for name, option in rule.options.items()) or "none"
    cells = (f"`{rule.id}`", rule.level.value, rule.description, references, rule.remediation, options)
    return f"| {' | '.join(_cell(text) for text in cells)} |"


def _option(name: str, option: Option) -> str:
    default = option.default
    shown = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
    return f"`{name}` = {f'`{shown}`' if shown else 'none'}: {option.description}"


def _cell(text: str) -> str:
    """
    Text that stays in its cell.
    """
    return text.replace("|", "\\|").replace("\n", " ")


def _frameworks(rules: Sequence[AnyRule]) -> str:
    """
    Which rules speak for which item of which document.
    """
    found: dict[tuple[str, str], set[str]] = {}
    titles: dict[tuple[str, str], str] = {}
    for rule in rules:
        for reference in rule.references:
            key = (reference.document, reference.item)
            found.setdefault(key, set()).add(rule.id)
            titles.setdefault(key, reference.title)
    lines = ["## Who asks for it\n", "| document | item | subject | rules |", "|---|---|---|---|"]
    for document, item in sorted(found, key=_by_number):
        ids = ", ".join(f"`{name}`" for name in sorted(found[document, item]))
        lines.append(f"| {document} | {item} | {_cell(titles[document, item])} | {ids} |")
    return "\n".join([*lines, ""])


def _by_number(key: tuple[str, str]) -> tuple[object, ...]:
    """
    Documents by name, and their items as people count: 5 before 32, A.5.9 before A.5.13.
    """
    document, item = key
    words = "".join(character if character.isalnum() else " " for character in item).split()
    return (document, [(word.isdecimal(), int(word) if word.isdecimal() else 0, word) for word in words])


def _examples(pack: Pack) -> str:
    rows = [_results(pack, rule) for rule in sorted(pack.rules, key=lambda rule: rule.id)]
    head = ["| rule | right | wrong | unknown | absent |", "|---|---|---|---|---|"]
    return "\n".join([f"### {HEADINGS[pack.name]}\n", *head, *rows, ""])


def _results(pack: Pack, rule: AnyRule) -> str:
    fixtures = rule.fixtures
    groups = (fixtures.passes, fixtures.fails, fixtures.unknown, fixtures.absent)
    return f"| `{rule.id}` | {' | '.join(_outcome(list(_found(pack, rule, cases))) for cases in groups)} |"


def _found(pack: Pack, rule: AnyRule, cases: Sequence[Resource] | Sequence[Sequence[Resource]]) -> Iterator[bool]:
    """
    For each example, whether the rule finds something.
    """
    judge = Judge(pack=pack, today=datetime.now(UTC).date())
    for case in cases:
        if isinstance(rule, Rule) and isinstance(case, Resource):
            yield bool(judge.check(rule, case))
        elif not isinstance(rule, Rule) and not isinstance(case, Resource):
            yield bool(judge.check_stack(rule, Stack(case)))


def _outcome(results: list[bool]) -> str:
    """
    What the rule says of examples of one kind.
    """
    if not any(results):
        return f"{len(results)} pass"
    return f"{len(results)} found" if all(results) else f"{sum(results)} found, {len(results) - sum(results)} pass"


if __name__ == "__main__":
    PAGE.write_text(render_reference(), encoding="utf-8")
