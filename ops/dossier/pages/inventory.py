"""
What there is: servers, disks, images, versions.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from components.naming import DATA, all_servers
from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import (
    Markdown,
    Page,
    body,
    code,
    file,
    heading,
    joined,
    output,
    paragraph,
    prose,
    say,
    setting,
    source,
    table,
)
from ops.dossier.words import Words
from settings.catalog import SERVER_TYPES

TITLE = Words(en="Inventory", fr="Inventaire")
SERVERS = Words(en="Servers", fr="Serveurs")
HARDWARE = Words(en="Hardware", fr="Matériel")
SHAPE = Words(
    en="{cores} cores, {memory} GB of memory, {disk} GB of disk",
    fr="{cores} cœurs, {memory} Go de mémoire, {disk} Go de disque",
)
PUBLIC = Words(en="Public addresses", fr="Adresses publiques")
PRIVATE = Words(en="Private address", fr="Adresse privée")
HOST_KEY = Words(en="Host key (SHA-256)", fr="Clé d'hôte (SHA-256)")
ADDRESSES = Words(en="Addresses and host keys", fr="Adresses et clés d'hôte")
LEFT_OVER = Words(
    en="{name} is in the stack's outputs and not in the settings: the next update removes it.",
    fr="{name} figure dans les sorties de la pile et plus dans les réglages : la prochaine mise à jour le supprime.",
)
DISKS = Words(en="Disks for data", fr="Disques de données")
SIZE = Words(en="Size", fr="Taille")
MOUNT = Words(en="Mounted at", fr="Monté sur")
HOLDS = Words(en="Volumes on it", fr="Volumes dessus")
NO_DISK = Words(en="No server has a disk of its own for data.", fr="Aucun serveur n'a de disque séparé pour les données.")
IMAGES = Words(en="Images, by digest", fr="Images, par empreinte")
PLATFORM = Words(en="ingress", fr="entrée")
NO_IMAGES = Words(en="No release is served yet.", fr="Aucune version n'est encore servie.")
RESOURCES = Words(en="Resources that the settings make", fr="Ressources créées par les réglages")
NUMBER = Words(en="Number", fr="Nombre")
KINDS = {
    "hcloud": Words(en="at Hetzner", fr="chez Hetzner"),
    "cloudflare": Words(en="at Cloudflare", fr="chez Cloudflare"),
    "docker": Words(en="in Docker Swarm", fr="dans Docker Swarm"),
    "command": Words(en="a step on a server", fr="une étape sur un serveur"),
    "pulumi": Words(en="of the engine", fr="du moteur"),
    "flotilla": Words(en="a component, made of others", fr="un composant, fait d'autres"),
}
VERSIONS = Words(en="Versions", fr="Versions")
VERSION = Words(en="Version", fr="Version")
SYSTEM = Words(en="operating system of {pool}", fr="système d'exploitation de {pool}")


def page(facts: Facts) -> Page:
    """
    The page.
    """
    parts = (_servers(facts), _addresses(facts), _disks(facts), _images(facts), _versions(facts), _resources(facts))
    return Page("inventory.md", TITLE.of(facts.language), body(*parts))


def _servers(facts: Facts) -> Markdown:
    language = facts.language
    rows = [
        (
            name,
            pool.type,
            shape(facts, pool.type),
            pool.location or facts.settings.environment.location,
            ", ".join(pool.roles),
            joined([pool_name]),
        )
        for name, (pool_name, pool) in all_servers(facts.settings).items()
    ]
    pool = Words(en="Pool", fr="Groupe")
    headers = terms.heads(language, terms.SERVER, terms.TYPE, HARDWARE, terms.LOCATION, terms.ROLES, pool)
    left = sorted(((facts.outputs or {}).get("servers") or {}).keys() - all_servers(facts.settings).keys())
    return body(
        heading(SERVERS.of(language)),
        table(headers, rows),
        *(paragraph(say(LEFT_OVER, language, name=code(name))) for name in left),
        source(language, setting("environment.servers"), file("settings/catalog.py")),
    )


def shape(facts: Facts, name: str) -> Markdown:
    """
    The hardware of a server type, in words.
    """
    found = SERVER_TYPES.get(name)
    if found is None:
        return say(terms.NOT_KNOWN, facts.language)
    return say(SHAPE, facts.language, cores=found.cores, memory=found.memory_gb, disk=found.disk_gb)


def fingerprint(key: str) -> str:
    """
    A public SSH key's fingerprint as `ssh-keygen -l` shows it; empty for what is no key.
    """
    try:
        blob = base64.b64decode(key.split()[1], validate=True)
    except (IndexError, ValueError):
        return ""
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def _addresses(facts: Facts) -> Markdown:
    language = facts.language
    unknown = terms.NOT_KNOWN.of(language)
    rows = []
    for name in all_servers(facts.settings):
        known = facts.server(name)
        public = dict.fromkeys(code(known[key]) for key in ("ipv4", "ipv6") if known.get(key))
        empty = unknown if facts.outputs is None else terms.NOT_UP.of(language)
        rows.append(
            (
                name,
                joined(public) or empty,
                code(known.get("private_ip", "")) or empty,
                code(fingerprint(str(known.get("host_key", "")))) or empty,
            )
        )
    return body(
        heading(ADDRESSES.of(language)),
        unless_up(facts),
        table(terms.heads(language, terms.SERVER, PUBLIC, PRIVATE, HOST_KEY), rows),
        source(language, output("servers")),
    )


NO_OUTPUTS = Words(
    en="What only the cloud knows is not known here: {why}.",
    fr="Ce que seul le fournisseur sait est inconnu ici : {why}.",
)

PLANNED = Words(
    en="A preview has planned this, and nothing of it is there yet: what only the cloud gives is known after apply.",
    fr="Un aperçu l'a prévu, et rien n'existe encore : ce que seul le fournisseur donne sera connu après l'apply.",
)


def unless_up(facts: Facts) -> Markdown:
    """
    Why there are no outputs, or that they are only planned; nothing where they are the stack's.
    """
    if facts.is_planned:
        return paragraph(say(PLANNED, facts.language))
    if facts.outputs is not None:
        return Markdown()
    return paragraph(say(NO_OUTPUTS, facts.language, why=prose(facts.why_no_outputs)))


def _disks(facts: Facts) -> Markdown:
    language = facts.language
    rows = [
        (name, f"{pool.volume_gb} GB", code(DATA), joined(map(code, volumes_on(facts, name))) or terms.NONE.of(language))
        for name, (_, pool) in all_servers(facts.settings).items()
        if pool.volume_gb
    ]
    if not rows:
        return body(heading(DISKS.of(language)), paragraph(say(NO_DISK, language)))
    return body(
        heading(DISKS.of(language)),
        table(terms.heads(language, terms.SERVER, SIZE, MOUNT, HOLDS), rows),
        source(language, setting("environment.servers.<pool>.volume_gb"), setting("projects/<name>.yaml: volumes")),
    )


def volumes_on(facts: Facts, server: str) -> list[str]:
    """
    The projects' volumes on a server, as `project/volume`.
    """
    from components.declarations.backup import volumes
    from components.naming import volume_home

    if volume_home(facts.settings) != server:
        return []
    return [f"{name}/{volume}" for name, project in sorted(facts.settings.projects.items()) for volume in volumes(project)]


def _images(facts: Facts) -> Markdown:
    language = facts.language
    rows = list(_image_rows(facts))
    headers = terms.heads(language, terms.PROJECT, terms.PROCESS, terms.IMAGE, terms.WEIGHT)
    return body(
        heading(IMAGES.of(language)),
        table(headers, rows) if rows else paragraph(say(NO_IMAGES, language)),
        source(language, file(f"releases/{facts.stack}.yaml")),
    )


def _image_rows(facts: Facts) -> Iterator[tuple[object, ...]]:
    platform = facts.settings.releases.platform
    for name, image in (("caddy", platform.caddy), ("haproxy", platform.haproxy)) if platform else ():
        yield (PLATFORM.of(facts.language), name, code(image), "")
    for project, releases in facts.settings.served:
        for release in releases.serving:
            by_image: dict[str, list[str]] = {}
            for process in project.all_processes():
                by_image.setdefault(release.image_of(process), []).append(process)
            for image, processes in by_image.items():
                yield (project.name, ", ".join(processes), code(image), f"{release.weight} %")


def _versions(facts: Facts) -> Markdown:
    from toolchain.version import ENGINE_VERSION

    language, environment = facts.language, facts.settings.environment
    rows: list[tuple[object, ...]] = [
        (say(SYSTEM, language, pool=code(name)), code(pool.image.value)) for name, pool in sorted(environment.servers.items())
    ]
    rows += [("PostgreSQL", environment.postgresql.version), ("Pulumi", ENGINE_VERSION)]
    return body(
        heading(VERSIONS.of(language)),
        table(terms.heads(language, terms.WHAT, VERSION), rows),
        source(
            language,
            setting("environment.servers.<pool>.image"),
            setting("environment.postgresql.version"),
            file("toolchain"),
        ),
    )


def _resources(facts: Facts) -> Markdown:
    """
    By type, as an offline preview counted them; a type that nobody here knows is listed as such.
    """
    language = facts.language
    if facts.preview is None:
        return Markdown()
    rows = [
        (code(kind), say(KINDS.get(kind.partition(":")[0], terms.NOT_KNOWN), language), count)
        for kind, count in facts.preview.resources.items()
    ]
    return body(
        heading(RESOURCES.of(language)),
        table(terms.heads(language, terms.TYPE, terms.WHAT, NUMBER), rows),
        source(language, file(f"python -m sandbox.preview {facts.stack}")),
    )
