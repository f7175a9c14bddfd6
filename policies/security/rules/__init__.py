"""
The security pack's rules, one module per subject. Nothing here is started by importing it.
"""

from policies.framework import Pack

from . import reach

PACK = Pack(
    name="flotilla-security",
    description="What would make the fleet an easy target.",
    rules=(*reach.RULES,),
    reports_strange_waivers=True,
)
