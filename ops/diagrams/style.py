"""
How diagrams look: the fonts that a system has, no picture, no script. Text has a contrast of 4.5 or more on all that it stands
on, frames and arrows one of 3, light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.diagrams.graph import Kind

FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
# Pixels.
TEXT, SMALL, TITLE = 14, 12.5, 17

LIGHT: Mapping[str, str] = {
    "text": "#1b1f24", "soft": "#4f5863", "back": "#ffffff", "raised": "#f3f5f8", "frame": "#848d97", "line": "#57606a",
    "failure": "#b3141e", "gray": "#e9ecf0", "gray-edge": "#6e7781", "blue": "#dbecff", "blue-edge": "#1f6fc2",
    "indigo": "#e6e7ff", "indigo-edge": "#5a5fd0", "green": "#daf4e1", "green-edge": "#1a7f37", "amber": "#fdf0cf",
    "amber-edge": "#9a6700", "purple": "#f1e5ff", "purple-edge": "#8250df", "red": "#ffe0dd", "red-edge": "#c4242b",
    "orange": "#ffe7d3", "orange-edge": "#b8500f",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "text": "#e6eaf0", "soft": "#aab5c1", "back": "#12161c", "raised": "#1b212a", "frame": "#6a7685", "line": "#9fabb8",
    "failure": "#ff7b80", "gray": "#2b333e", "gray-edge": "#8b96a3", "blue": "#12304f", "blue-edge": "#58a6ff",
    "indigo": "#26285a", "indigo-edge": "#8f96ff", "green": "#123a22", "green-edge": "#4cc26b", "amber": "#3d2f0c",
    "amber-edge": "#e0ad3d", "purple": "#33215a", "purple-edge": "#c79bff", "red": "#4d1a1d", "red-edge": "#ff7b80",
    "orange": "#48270f", "orange-edge": "#ff9057",
}  # fmt: skip


@dataclass(frozen=True)
class Paint:
    """
    The colours of a kind of box, by name.
    """

    fill: str

    @property
    def edge(self) -> str:
        """
        That of its frame.
        """
        return f"{self.fill}-edge"


PAINT: Mapping[Kind, Paint] = {
    Kind.OUTSIDE: Paint("gray"),
    Kind.ENTRY: Paint("blue"),
    Kind.SERVER: Paint("indigo"),
    Kind.PROCESS: Paint("green"),
    Kind.STORE: Paint("amber"),
    Kind.WATCH: Paint("purple"),
    Kind.STEP: Paint("blue"),
    Kind.NOTE: Paint("gray"),
    Kind.LOST: Paint("red"),
    Kind.UNSURE: Paint("orange"),
    Kind.WEAKER: Paint("amber"),
    Kind.FINE: Paint("green"),
    Kind.DIFFERENT: Paint("orange"),
}


def css() -> str:
    """
    The style of every diagram, the same for all, so that several may stand in one page.
    """
    paints = sorted({paint.fill for paint in PAINT.values()})
    boxes = "".join(f".fd .{paint}{{fill:var(--{paint});stroke:var(--{paint}-edge)}}" for paint in paints)
    return (
        f".fd{{{_variables(LIGHT)};font:{TEXT}px {FONTS}}}"
        f"@media (prefers-color-scheme:dark){{.fd{{{_variables(DARK)}}}}}"
        ".fd text{fill:var(--text);text-anchor:middle}.fd .head,.fd .frame{text-anchor:start}"
        f".fd .head{{font-size:{TITLE}px;font-weight:600}}.fd .name{{font-weight:600}}"
        f".fd .small,.fd .frame{{font-size:{SMALL}px;fill:var(--soft)}}.fd .frame{{font-weight:600}}"
        ".fd .back{fill:var(--back)}.fd .raised{fill:var(--raised)}.fd .group{stroke:var(--frame)}"
        ".fd path{fill:none;stroke:var(--line);stroke-width:1.5}.fd .order{stroke-dasharray:5 4}"
        ".fd .failure{stroke:var(--failure);stroke-dasharray:2 3;stroke-width:2}"
        ".fd .tip{fill:var(--line);stroke:none}.fd .failing{fill:var(--failure)}"
        f".fd rect,.fd .lid{{stroke-width:1.25}}{boxes}"
    )


def _variables(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())
