"""
Values of /etc/login.defs: each once, where the package has it or at the end; everything else stays the package's.
"""

import re
from pathlib import Path
from typing import Any

FILE = Path("/etc/login.defs")


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    before = FILE.read_text()
    text, changes = before, list[str]()
    for name, value in sorted(data["values"].items()):
        found = re.findall(rf"^{name}[ \t]+(\S+)", text, re.MULTILINE)
        if found == [value]:
            continue
        changes.append(f"{name}: {' '.join(found) or 'not set'} -> {value}")
        text = re.sub(rf"^{name}[ \t].*\n", "", text, flags=re.MULTILINE) + f"{name}\t{value}\n"
    if changes and not dry:
        new = FILE.with_suffix(".flotilla-new")
        new.write_text(text)
        new.chmod(0o644)
        new.replace(FILE)
    return changes
