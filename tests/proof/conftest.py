"""
The stand with a backup in it, for the tests of this folder.
"""

from tests.integration.backup_stand import stand

__all__ = ["stand"]
