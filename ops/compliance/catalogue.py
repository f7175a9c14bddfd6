"""
Every control that is assessed, by framework.
"""

from __future__ import annotations

from ops.compliance import catalogue_anssi, catalogue_debian, catalogue_docker, catalogue_gdpr, catalogue_iso
from ops.compliance.control import Control

MODULES = (catalogue_gdpr, catalogue_anssi, catalogue_docker, catalogue_debian, catalogue_iso)
CONTROLS: tuple[Control, ...] = tuple(control for module in MODULES for control in module.CONTROLS)
