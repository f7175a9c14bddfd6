"""
What a control is: one thing that a law, a standard or a guide asks for, and the evidence that would show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ops.dossier.words import Words

NOTHING = Words(en="", fr="")


class Framework(StrEnum):
    """
    Who asks.
    """

    GDPR = "GDPR"
    ANSSI = "ANSSI hygiene guide 2.0"
    DOCKER = "CIS Docker Benchmark 1.6.0"
    DEBIAN = "CIS Debian Linux 12 Benchmark 1.1.0"
    ISO = "ISO/IEC 27001:2022"


class Need(StrEnum):
    """
    Kinds of evidence. `POLICY`: a rule of the policy packs, by its id. `CHECK`: a rule of the audit, by its id. `FACT`:
    something that settings or records say, by its name in `ops.compliance.facts`.
    """

    POLICY = "policy"
    CHECK = "check"
    FACT = "fact"


class Condition(StrEnum):
    """
    What there has to be before a control has anything to ask for.
    """

    ALWAYS = "always"
    DATA = "data"
    PERSONAL = "personal data"
    CONTAINERS = "containers"
    SITES = "sites"
    DATABASES = "databases"


@dataclass(frozen=True, kw_only=True)
class Control:
    """
    `item` is its number in the framework, `title` what it asks for in our own words. `beyond` says what else it asks for that
    no evidence here shows: such a control is met in part at best. `outside`: why it is not about what Flotilla runs at all.
    Both are `NOTHING` for most.
    """

    id: str
    framework: Framework
    item: str
    title: Words
    policies: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    condition: Condition = Condition.ALWAYS
    beyond: Words = NOTHING
    outside: Words = NOTHING

    @property
    def needs(self) -> tuple[tuple[Need, str], ...]:
        """
        All the evidence that it asks for.
        """
        return (
            *((Need.POLICY, name) for name in self.policies),
            *((Need.CHECK, name) for name in self.checks),
            *((Need.FACT, name) for name in self.facts),
        )
