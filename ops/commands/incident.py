"""
`flotilla incident ...`: when something is wrong.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json, Stack, words

app = typer.Typer(help="When something is wrong.", no_args_is_help=True, rich_markup_mode=None)

Incident = Annotated[
    str | None, typer.Argument(help="Which one; the newest that is open without it.", show_default=False, callback=words.name)
]
Hours = Annotated[int, typer.Option("--hours", min=1, max=168, help="How far back logs and measures go.")]
STYLES = {"OK": "green", "WARNING": "yellow", "UNKNOWN": "magenta", "DEGRADED": "red", "CRITICAL": "bold red"}


@app.command()
def start(
    project: Annotated[
        str | None, typer.Option("--project", "-p", help="Whose it is; all without one.", callback=words.name)
    ] = None,
    title: Annotated[str, typer.Option("--title", help="What is wrong, in a few words.", callback=words.sentence)] = "",
    hours: Hours = 6,
    stack: Stack = "local",
    json: Json = False,
) -> None:
    """
    Look at everything, keep it, and say what to do. Changes nothing but reports/incidents/; secrets are left out.
    """
    from ops.incidents import incident

    _show(incident.start(checkout.find(), stack, project=project, title=title, since_s=hours * 3600), is_json=json)


@app.command()
def collect(name: Incident = None, hours: Hours = 6, json: Json = False) -> None:
    """
    Look again, and add it to the incident.
    """
    from ops.incidents import incident

    _show(incident.collect(checkout.find(), name, hours * 3600), is_json=json)


@app.command()
def close(
    name: Incident = None,
    resolution: Annotated[
        str, typer.Option("--resolution", help="What was wrong, and what helped.", callback=words.sentence)
    ] = "",
    json: Json = False,
) -> None:
    """
    Look a last time, say whether all is back to normal, and write the post-mortem.
    """
    from ops.incidents import incident

    _show(incident.close(checkout.find(), name, resolution), is_json=json)


@app.command("list")
def list_(json: Json = False) -> None:
    """
    All incidents, the newest first.
    """
    from ops.incidents import folder

    found = folder.everyone(checkout.find())
    if json:
        console.document({"incidents": found})
        return
    rows = [(row["id"], row["status"], row["stack"], row["project"] or "all", row["title"]) for row in found]
    console.table(["incident", "status", "stack", "project", "title"], rows, {"open": "yellow", "closed": "green"})


def _show(document: dict[str, Any], *, is_json: bool) -> None:
    if is_json:
        console.document(document)
        return
    console.line(f"{document['id']}: {document['title']} ({document['status']})", "bold")
    console.table(["audit", document["audit"]], [], STYLES)
    for row in [row for row in document["findings"] if row["severity"] in ("CRITICAL", "DEGRADED")][:10]:
        console.line(f"  {row['severity']:9} {row['id']}  {row['resource']}: {row['message']}", STYLES[row["severity"]])
    for note in document["notes"]:
        console.line(f"  not seen: {note}", "magenta")
    for row in document["runbooks"]:
        console.line()
        console.line(f"{row['title']}", STYLES[row["severity"]])
        for because in row["because"][:5]:
            console.line(f"  {because}")
        for command in row["commands"]:
            console.line(f"    {command}")
    console.line()
    console.line(f"Post-mortem: {document['post_mortem']}")
    console.line(f"Bundle:      {document['bundle']}")
    for step in document["next_steps"]:
        console.line(step)
