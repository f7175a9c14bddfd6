"""
The compliance pack, as Pulumi runs it: `pulumi preview --policy-pack policies/compliance`.
"""

import sys
from pathlib import Path

# Pulumi puts this folder on the path, for `rules`; what the packs share lies in the checkout around it.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from rules import PACK

from policies.catalog import is_strange
from policies.framework.server import serve

serve(PACK, is_strange)
