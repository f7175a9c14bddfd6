"""
The compliance pack's rules in French, by what they are about.
"""

from . import accounting, data, running

TEXTS = {**data.TEXTS, **running.TEXTS, **accounting.TEXTS}
