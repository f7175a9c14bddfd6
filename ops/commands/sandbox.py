"""
`flotilla sandbox ...`: the local cloud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ops import checkout, console
from ops.commands import Json, words

if TYPE_CHECKING:
    from ops.sandbox import Status
    from sandbox.publish import Published

app = typer.Typer(help="The local cloud, in which the fleet is rehearsed.", no_args_is_help=True, rich_markup_mode=None)

STYLES = {"running": "green", "stopped": "yellow", "missing": "yellow", "off": "yellow"}


@app.command()
def start(json: Json = False) -> None:
    """
    Set up and start everything: Docker, images, certificates, registry, cloud, machines that ran before; then publish.
    """
    from ops import sandbox
    from sandbox import lifecycle

    instance, published = lifecycle.start(checkout.find())
    status = sandbox.status(instance.checkout)
    if json:
        console.document({"status": status, "published": published})
        return
    _show_published(published)
    console.line()
    _show_status(status)


@app.command()
def stop(json: Json = False) -> None:
    """
    Stop the cloud, its machines and the registry, and keep everything in them.
    """
    from sandbox import lifecycle

    instance = lifecycle.stop(checkout.find())
    if json:
        console.document({"instance": instance.id if instance else None, "is_running": False})
    elif instance is None:
        console.line("There is no sandbox. `flotilla sandbox start` makes one.")
    else:
        console.line(
            "The sandbox is stopped. `flotilla sandbox start` goes on where it was; `flotilla sandbox reset` removes it."
        )


@app.command()
def reset(
    images: Annotated[bool, typer.Option("--images", help="Remove the images too, unless another checkout uses them.")] = False,
    json: Json = False,
) -> None:
    """
    Remove everything that this checkout's sandbox made, with its Pulumi state, and what checkouts left that are gone.
    """
    from sandbox import lifecycle

    removed = lifecycle.reset(checkout.find(), with_images=images)
    if json:
        console.document(removed)
        return
    console.line("The sandbox is removed." if removed.instance else "There was no sandbox.")
    for path in removed.dead:
        console.line(f"Removed what {path} had left behind, which no longer exists.")
    if removed.images:
        console.line(f"Removed {len(removed.images)} images.")
    if removed.images_kept_for:
        console.line(f"Kept the images: {', '.join(map(str, removed.images_kept_for))} uses them.")


@app.command()
def status(json: Json = False) -> None:
    """
    Show services, machines, addresses and URLs. Changes nothing.
    """
    from ops import sandbox

    found = sandbox.status(checkout.find())
    if json:
        console.document(found)
    else:
        _show_status(found)


@app.command()
def logs(
    what: Annotated[str, typer.Argument(help="cloud, registry, docker, or a machine's name.", callback=words.name)] = "cloud",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 200,
    json: Json = False,
) -> None:
    """
    Show the log of a service, or the journal of a machine.
    """
    from ops import logs as sources

    pieces = sources.read(checkout.find(), what, lines, follow=follow)
    if json:
        console.document({"what": what, "lines": "".join(pieces).splitlines()})
        return
    for piece in pieces:
        console.raw(piece)


@app.command()
def publish(json: Json = False) -> None:
    """
    Build the images of the ingress and of every project with a `source`, push them, and note them in releases/local.yaml.
    """
    from ops import sandbox

    published = sandbox.publish(checkout.find())
    if json:
        console.document({"published": published})
        return
    _show_published(published)
    if any(row.is_new for row in published):
        console.line("`pulumi up -s local` puts them into service.")


def _show_published(published: list[Published]) -> None:
    for row in published:
        console.line(f"{'published' if row.is_new else 'unchanged'}  {row.image}")


def _show_status(status: Status) -> None:
    if status.instance is None:
        console.line("There is no sandbox. `flotilla sandbox start` makes one.")
        return
    console.table(["service", "state", "address"], [(row.name, row.state, row.address) for row in status.services], STYLES)
    if status.machines:
        console.line()
        rows = [(row.name, row.state, row.public_ip, ", ".join(row.private_ips)) for row in status.machines]
        console.table(["machine", "state", "public address", "private addresses"], rows, STYLES)
    for site in status.sites:
        console.line()
        console.line(f"{site.url}", "bold")
        console.line(f"  {site.curl}")
    console.line()
    for hint in status.next_steps:
        console.line(hint)
