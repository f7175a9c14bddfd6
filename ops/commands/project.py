"""
`flotilla project ...`: what is hosted.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops import checkout, confirm, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes, words

app = typer.Typer(help="The hosted projects.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The project's name.", callback=words.name)]


@app.command()
def new(
    name: Name,
    image: Annotated[str, typer.Option("--image", help="Its image's repository, without tag.", callback=words.repository)],
    kind: Annotated[str, typer.Option("--kind", help="web, static, worker or job.", callback=words.name)] = "web",
    domain: Annotated[
        list[str] | None,
        typer.Option("--domain", help="A name that it answers to; without a dot, a subdomain.", callback=words.name),
    ] = None,
    owner: Annotated[str, typer.Option("--owner", help="Who answers for it.", callback=words.person)] = "web-team",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where it listens in its container.")] = 8000,
    health: Annotated[
        str, typer.Option("--health", help="The path that answers 200 when it can serve.", callback=words.url_path)
    ] = "/up",
    schedule: Annotated[
        str, typer.Option("--schedule", help="When a job starts, as cron's five fields.", callback=words.schedule)
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            "--data",
            help="personal or none: whether it has data about people; only the sandbox does without.",
            callback=words.name,
        ),
    ] = "",
    environment: Annotated[
        list[str] | None, typer.Option("--environment", help="Only in this stack; may be said again.", callback=words.name)
    ] = None,
    json: Json = False,
) -> None:
    """
    Write a new project down in projects/. It is checked with all settings first; nothing is deployed.
    """
    from ops import projects

    wish = projects.Wish(
        name=name,
        image=image,
        kind=kind,
        owner=owner,
        domains=domain or (),
        port=port,
        health=health,
        schedule=schedule,
        environments=environment or (),
        data=data,
    )
    path = projects.new(checkout.find(), wish)
    steps = [f"flotilla workflow run new-project --project {name} --image :<tag>", f"flotilla deploy {name} --image :<tag>"]
    if json:
        console.document({"project": name, "path": path, "next_steps": steps})
        return
    console.line(f"Written: {path}")
    console.line(f"Complete it (docs/settings.md), then: `{steps[0]}`.")


@app.command("list")
def list_(stack: Stack = "local", json: Json = False) -> None:
    """
    The projects of an environment, what they serve, and where they answer.
    """
    from ops import projects

    found = projects.overview(checkout.find(), stack)
    if json:
        console.document({"stack": stack, "projects": found})
        return
    rows = []
    for row in found:
        digests = ", ".join(f"{release['digest']} ({release['weight']} %)" for release in row["serving"]) or "not served"
        urls = [url for process in row["processes"].values() for url in process["urls"]]
        rows.append((row["name"], row["kind"], row["owner"], digests, ", ".join(urls)))
    console.table(["project", "kind", "owner", "serves", "answers at"], rows, {"not served": "yellow"})


@app.command()
def show(name: Name, stack: Stack = "local", json: Json = False) -> None:
    """
    What a project is, its releases and its URLs.
    """
    from ops import projects

    row = projects.describe(projects.loaded(checkout.find(), stack), name)
    if json:
        console.document(row)
        return
    console.line(f"{row['name']} in {row['stack']}: {row['kind']} of {row['owner']}", "bold")
    for process, found in row["processes"].items():
        console.line(f"  {process}: {found['kind']}, {found['replicas']} at once  {' '.join(found['urls'])}")
    console.line(f"  data: {', '.join([*filter(None, [row['database']]), *row['volumes']]) or 'none'}")
    for release in row["serving"]:
        console.line(f"  serves {release['image']} (slot {release['slot']}, {release['weight']} %)", "green")
    for past in row["history"][:5]:
        console.line(f"  before {past['image']} (until {past['until']})")
    if not row["serving"]:
        console.line(f"  It is not served yet: `flotilla deploy {name} -s {stack} --image :<tag>`.", "yellow")


@app.command()
def remove(
    name: Name,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Take a project out of the settings; critical when it has data. What runs is touched by the next
    `flotilla apply` only.
    """
    from ops import mutation, projects

    here = checkout.find()
    wanted = projects.removal(here, name, stack)
    approval = confirm.Approval(is_yes=yes, level=approve, reason=reason)
    report = projects.remove(here, wanted, approval, lock_wait_s=lock_wait)
    if json:
        console.document(report)
        return
    mutation.show(report)
    for found in wanted.served:
        console.line(
            f"It still runs in {found}: `flotilla plan -s {found}` shows what `flotilla apply -s {found}` then removes."
        )
    if wanted.data:
        console.line(f"Its data ({', '.join(wanted.data)}) and backups are kept until you remove them.")


@app.command("set")
def set_value(
    project: Annotated[str, typer.Argument(help="The project's name.", callback=words.name)],
    key: Annotated[str, typer.Argument(help="Which value, such as limits.memory_mb.", callback=words.name)],
    value: Annotated[str, typer.Argument(help="A number or a plain word.", callback=words.value)],
    json: Json = False,
) -> None:
    """
    Change one value of projects/<name>.yaml, everything else as it was; refused where the settings were not valid any more.
    """
    from ops import project_edits

    edited = project_edits.change(checkout.find(), project, key, value)
    if json:
        console.document(edited)
        return
    if edited.before == edited.after:
        console.line(f"{edited.file}: {edited.key} is {edited.after} already. Nothing was changed.")
        return
    console.line(f"{edited.file}: {edited.key} is {edited.after} now; it was {edited.before or 'not set'}.")
    console.line("Nothing was brought out yet. See what it does: `flotilla plan`; undo it: `git checkout -p`.")
