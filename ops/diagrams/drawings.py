"""
Every picture of an environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.diagrams import comparison as side_by_side
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


def drawings(settings: Settings, outputs: Mapping[str, Any] | None) -> tuple[Drawing, ...]:
    """
    All of one environment, in the language of its documents. `outputs` is its outputs document, None before it was brought up.
    Names are unique, and those of files.
    """
    speech = Speech(settings.language)
    return (
        overview(settings, outputs, speech),
        resources(settings, outputs, speech),
        outside(settings, outputs, speech),
        inside(settings, speech),
        *(requests(settings, project, outputs, speech) for _, project in sorted(settings.projects.items())),
        deployment(settings, speech),
        backups(settings, speech),
        *(loss_drawing(settings, loss, speech) for loss in losses(settings)),
    )


def comparison(first: Settings, second: Settings) -> Drawing:
    """
    Two environments side by side, in the language of the second one's documents.
    """
    return side_by_side.comparison(first, second, Speech(second.language))
