"""
The security pack's rules in French, by what they are about.
"""

from . import containers, secrets, servers, sites

TEXTS = {**servers.TEXTS, **containers.TEXTS, **secrets.TEXTS, **sites.TEXTS}
