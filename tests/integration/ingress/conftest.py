"""
The ingress' own images on a network, for the tests in this folder.
"""

from tests.integration.ingress_stand import stand

__all__ = ["stand"]
