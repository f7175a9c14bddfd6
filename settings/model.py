"""
What all settings models have in common: frozen, and unknown keys are errors.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """
    A part of the settings: never changes once loaded, and refuses keys that it does not know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
