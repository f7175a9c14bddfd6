"""
The compliance pack's rules, one module per subject. Nothing here is started by importing it.
"""

from policies.framework import Pack

from . import (
    approvals,
    availability,
    backups,
    costs,
    environments,
    exceptions,
    labels,
    names,
    projects,
    region,
    retention,
    waste,
    watching,
)

PACK = Pack(
    name="flotilla-compliance",
    description="What law, budgets and one's own promises ask of the fleet.",
    rules=(
        *labels.RULES,
        *names.RULES,
        *region.RULES,
        *backups.RULES,
        *retention.RULES,
        *watching.RULES,
        *costs.RULES,
        *waste.RULES,
        *availability.RULES,
        *environments.RULES,
        *projects.RULES,
        *exceptions.RULES,
        *approvals.RULES,
    ),
)
