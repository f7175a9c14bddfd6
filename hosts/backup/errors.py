"""
What can be wrong with a backup.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    `id` is stable, `resource` is what it is about (`database:ledger`, `cluster:data-1`), `fact` what is so, `next_step` what to
    do about it.
    """

    id: str
    resource: str
    fact: str
    next_step: str


class BackupError(Exception):
    """
    It cannot go on; the finding says why.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.resource}: {finding.fact}. {finding.next_step}.")
        self.finding = finding


def failed(id: str, resource: str, fact: str, next_step: str) -> BackupError:
    """
    The error of a finding.
    """
    return BackupError(Finding(id=id, resource=resource, fact=fact, next_step=next_step))
