"""
The pictures as pages of a dossier: three pages that show them, one more for each project, and the files themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ops.diagrams.comparison import comparison
from ops.diagrams.drawings import drawings, general
from ops.diagrams.graph import Drawing, file_name
from ops.diagrams.loss_drawings import loss_drawing, said
from ops.diagrams.losses import losses
from ops.diagrams.mermaid import mermaid
from ops.diagrams.requests import requests
from ops.diagrams.speech import Speech
from ops.diagrams.svg import svg
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    block,
    body,
    bullets,
    details,
    heading,
    image,
    link,
    output,
    paragraph,
    setting,
    source,
    table,
)

FOLDER = "diagrams"


def pages(facts: Facts) -> tuple[Page, ...]:
    """
    All of them. Links to the pictures are relative, so that they work wherever the folder is.
    """
    speech = Speech(facts.language)
    return (_general(facts, speech), _losses(facts, speech), *_requests(facts, speech), *_files(facts))


def _files(facts: Facts) -> Iterator[Page]:
    for drawing in (*drawings(facts.settings, facts.there), *_comparison(facts)):
        yield Page(path=f"{FOLDER}/{drawing.name}.svg", title=drawing.title, body=svg(drawing))


def _comparison(facts: Facts) -> Iterator[Drawing]:
    if facts.compared_with:
        yield comparison(facts.compared_with, facts.settings, Speech(facts.language))


def _general(facts: Facts, speech: Speech) -> Page:
    """
    What concerns the environment as a whole, with the way to the others.
    """
    shown = [*general(facts.settings, facts.there, speech), *_comparison(facts)]
    projects = [link(name, f"{FOLDER}/{_request_page(name)}") for name in sorted(facts.settings.projects)]
    return Page(
        path="diagrams.md",
        title=speech("Diagrams", "Schémas"),
        body=body(
            *(part for drawing in shown for part in _shown(drawing, f"{FOLDER}/", speech)),
            heading(speech("Requests, project by project", "Requêtes, projet par projet")),
            bullets(projects),
            heading(speech("What stops when a server dies", "Ce qui s'arrête si un serveur meurt")),
            paragraph(link(speech("Server by server", "Serveur par serveur"), "losses.md")),
            _source(facts),
        ),
    )


def _losses(facts: Facts, speech: Speech) -> Page:
    found = losses(facts.settings)
    pictures = [loss_drawing(facts.settings, loss, speech) for loss in found]
    heads = [speech("Server", "Serveur"), speech("What happens", "Ce qui arrive")]
    note = speech(
        "Of the first hours: nobody has mended anything yet. Docker Swarm moves containers on its own only as long as the "
        "server that starts them is there.",
        "Des premières heures : personne n'a encore rien réparé. Docker Swarm ne déplace des conteneurs que tant que le "
        "serveur qui les démarre est là.",
    )
    return Page(
        path="losses.md",
        title=speech("What stops when a server dies", "Ce qui s'arrête si un serveur meurt"),
        body=body(
            paragraph(note),
            table(heads, [(loss.server, said(loss, speech)) for loss in found]),
            *(part for drawing in pictures for part in _shown(drawing, f"{FOLDER}/", speech)),
            _source(facts),
        ),
    )


def _requests(facts: Facts, speech: Speech) -> Iterator[Page]:
    for name, project in sorted(facts.settings.projects.items()):
        drawing = requests(facts.settings, project, facts.there, speech)
        shown = list(_shown(drawing, "", speech))[1:]
        yield Page(
            path=f"{FOLDER}/{_request_page(name)}",
            title=drawing.title,
            body=body(*shown, _source(facts, f"projects/{name}.yaml")),
        )


def _request_page(project: str) -> str:
    return f"{file_name(f'requests-{project}')}.md"


def _shown(drawing: Drawing, folder: str, speech: Speech) -> Iterable[Markdown]:
    """
    A picture under its title, and the same as Mermaid's text for who wants to change or copy it.
    """
    yield heading(drawing.title)
    yield paragraph(image(drawing.alt, f"{folder}{drawing.name}.svg"))
    yield details(speech("The same as Mermaid", "Le même en Mermaid"), block(mermaid(drawing.graph), "mermaid"))


def _source(facts: Facts, *names: str) -> Markdown:
    origins: Sequence[str] = names or ("environment", "projects", "releases")
    outputs = [output("servers"), output("entry")] if facts.there is not None else []
    return source(facts.language, *(setting(name) for name in origins), *outputs)
