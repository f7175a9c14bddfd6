"""
What Prometheus is told: see components/declarations/measures.py. Written to node exporter's folder, in one step each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from hosts.backup.config import METRICS


def text(measures: Mapping[str, Iterable[tuple[Mapping[str, str], float]]]) -> str:
    """
    Prometheus' text format: {measure: (labels, value)}.
    """
    lines: list[str] = []
    for name, values in sorted(measures.items()):
        lines.append(f"# TYPE {name} gauge")
        for labels, value in values:
            written = ",".join(f'{label}="{content}"' for label, content in sorted(labels.items()))
            lines.append(f"{name}{{{written}}} {value:.15g}" if written else f"{name} {value:.15g}")
    return "".join(f"{line}\n" for line in lines)


def write(name: str, content: str, folder: Path = METRICS) -> None:
    """
    Publish a text under a name. Nothing happens on a server without node exporter.
    """
    if not folder.is_dir():
        return
    new = folder / f".{name}.new"
    new.write_text(content)
    new.chmod(0o644)
    new.replace(folder / f"{name}.prom")
