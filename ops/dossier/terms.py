"""
Words that several pages use.
"""

from __future__ import annotations

from ops.dossier.words import Language, Words

NOT_KNOWN = Words(en="not known", fr="inconnu")
NONE = Words(en="none", fr="aucun")
YES, NO = Words(en="yes", fr="oui"), Words(en="no", fr="non")
NAME = Words(en="Name", fr="Nom")
WHAT = Words(en="What", fr="Quoi")
WHEN = Words(en="When", fr="Quand")
WHY = Words(en="Why", fr="Pourquoi")
SERVER = Words(en="Server", fr="Serveur")
PROJECT = Words(en="Project", fr="Projet")
PROCESS = Words(en="Process", fr="Processus")
TYPE = Words(en="Type", fr="Type")
LOCATION = Words(en="Location", fr="Emplacement")
ROLES = Words(en="Roles", fr="Rôles")
OWNER = Words(en="Owner", fr="Responsable")
STATUS = Words(en="Status", fr="État")
PORT = Words(en="Port", fr="Port")
VALUE = Words(en="Value", fr="Valeur")
SCHEDULE = Words(en="Schedule (UTC)", fr="Horaire (UTC)")
RETENTION = Words(en="Kept", fr="Conservation")
UNTIL = Words(en="Until", fr="Jusqu'au")
IMAGE = Words(en="Image", fr="Image")
WEIGHT = Words(en="Share of traffic", fr="Part du trafic")
DOMAIN = Words(en="Name", fr="Nom")
EVERYBODY = Words(en="everybody", fr="tout le monde")
NOT_UP = Words(en="not brought up", fr="pas mis en place")


def heads(language: Language, *words: Words) -> list[str]:
    """
    The headers of a table.
    """
    return [word.of(language) for word in words]


def yes_or_no(language: Language, *, is_so: bool) -> str:
    """
    A setting that is on or off.
    """
    return (YES if is_so else NO).of(language)
