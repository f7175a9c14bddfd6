"""
How a new release of a project is tried on a share of the traffic before it takes over.
"""

from __future__ import annotations

import itertools
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.model import Model
from settings.wording import refuse

Share = Annotated[int, Field(strict=True, ge=1, le=99)]


class Quiet(StrEnum):
    """
    What becomes of a canary that too few requests reached: it is taken back, or left for a person.
    """

    ABORT = "abort"
    HOLD = "hold"


class Canary(Model):
    """
    How a new release is tried by `flotilla canary`. What is worse than this against the release beside it is taken back.
    """

    steps: Annotated[tuple[Share, ...], Field(min_length=1, max_length=20)] = Field(
        default=(10, 25, 50), description="Its shares of the traffic in percent, rising; after the last it gets everything."
    )
    min_requests: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        default=200, description="How many requests it must have had in a step before the step counts as passed."
    )
    max_step_s: Annotated[int, Field(strict=True, ge=5, le=86_400)] = Field(
        default=600, description="The longest time of a step, in seconds."
    )
    max_error_points: Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)] = Field(
        default=1.0, description="How many more of 100 requests may fail than of the release beside it."
    )
    max_latency_ratio: Annotated[float, Field(strict=True, ge=1, le=100, allow_inf_nan=False)] = Field(
        default=1.5, description="How many times as long it may take to answer as the release beside it, on average."
    )
    when_quiet: Quiet = Field(
        default=Quiet.ABORT, description="What becomes of it when a step's time is up before it had enough requests."
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(later <= earlier for earlier, later in itertools.pairwise(self.steps)):
            raise refuse("the steps do not rise", "Write each share once, from small to large, like `[10, 25, 50]`")
        return self
