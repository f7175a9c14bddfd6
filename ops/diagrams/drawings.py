"""
Every picture of an environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.diagrams.backups import backups
from ops.diagrams.deployment import deployment
from ops.diagrams.graph import Drawing
from ops.diagrams.loss_drawings import loss_drawing
from ops.diagrams.losses import losses
from ops.diagrams.network import inside, outside
from ops.diagrams.requests import requests
from ops.diagrams.resources import overview, resources
from ops.diagrams.speech import Speech
from settings import Settings

Outputs = Mapping[str, Any] | None


def drawings(settings: Settings, outputs: Outputs) -> tuple[Drawing, ...]:
    """
    All of one environment, in the language of its documents. `outputs` is its outputs document, None before it was brought up.
    """
    speech = Speech(settings.language)
    return (
        *general(settings, outputs, speech),
        *(requests(settings, project, outputs, speech) for _, project in sorted(settings.projects.items())),
        *(loss_drawing(settings, loss, speech) for loss in losses(settings)),
    )


def general(settings: Settings, outputs: Outputs, speech: Speech) -> tuple[Drawing, ...]:
    """
    Those of the environment as a whole.
    """
    return (
        overview(settings, outputs, speech),
        resources(settings, outputs, speech),
        outside(settings, outputs, speech),
        inside(settings, speech),
        deployment(settings, speech),
        backups(settings, speech),
    )
