"""
Names that are no project's. Standard library only: policies read it, too.
"""

from __future__ import annotations

# Backups of the ingress servers go under this name, as those of a project go under the project's.
INGRESS = "ingress"
