"""
Who may do what, from where, and by which keys.
"""

from __future__ import annotations

from collections.abc import Iterator

from ops.dossier import terms
from ops.dossier.facts import Facts
from ops.dossier.page import Markdown, Page, body, bullets, code, file, heading, paragraph, say, setting, source, table
from ops.dossier.pages.inventory import fingerprint
from ops.dossier.words import Words

TITLE = Words(en="Access", fr="Accès")
ADMINISTRATORS = Words(en="Administrators", fr="Administrateurs")
MAY = Words(
    en="Each has an account of their own on every server, logs in by SSH with this key only, and may become root; what is done "
    "as root is written to {log}. There are no passwords.",
    fr="Chacun a son compte sur chaque serveur, n'y entre en SSH qu'avec cette clé, et peut devenir root ; ce qui est fait en "
    "root est noté dans {log}. Il n'y a pas de mots de passe.",
)
KIND = Words(en="Kind of key", fr="Genre de clé")
FINGERPRINT = Words(en="Fingerprint (SHA-256)", fr="Empreinte (SHA-256)")
IN_FILE = Words(en="the key in {file}", fr="la clé dans {file}")
FROM = Words(en="From where", fr="D'où")
FROM_ONLY = Words(en="SSH answers these address ranges only:", fr="SSH ne répond qu'à ces plages d'adresses :")
OWNERS = Words(en="Who answers for the projects", fr="Qui répond des projets")
OTHERS = Words(en="Other logins", fr="Autres comptes")
REGISTRY = Words(en="registry {host}", fr="registre {host}")
OFFSITE = Words(en="place of the backups' copies, {host}", fr="lieu des copies de sauvegarde, {host}")
MAIL = Words(en="mail server {host}", fr="serveur de courrier {host}")
LOGIN = Words(en="Logs in as", fr="Compte")
WITH = Words(en="With", fr="Avec")
NOBODY = Words(en="None.", fr="Aucun.")
SECRET = Words(en="secret {name}", fr="secret {name}")
DERIVED = Words(en="an SSH key derived from the environment's key", fr="une clé SSH dérivée de la clé de l'environnement")
LEVELS = Words(en="What has to be confirmed", fr="Ce qu'il faut confirmer")
LEVEL, CONFIRMED = Words(en="Level", fr="Niveau"), Words(en="Confirmed by", fr="Confirmé par")
LEVEL_ROWS = (
    ("info", Words(en="reads", fr="lit"), Words(en="nothing", fr="rien")),
    (
        "standard",
        Words(en="can be undone", fr="peut être défait"),
        Words(en="nothing; it says what it does", fr="rien ; il dit ce qu'il fait"),
    ),
    (
        "important",
        Words(en="changes configuration", fr="change la configuration"),
        Words(en="y/N; without a terminal `--approve` and `--reason`", fr="y/N ; sans terminal `--approve` et `--reason`"),
    ),
    (
        "critical",
        Words(en="deletes, moves, or touches access", fr="supprime, déplace, ou touche aux accès"),
        Words(
            en="the stack's name typed in full, and on production a verified backup of the last 24 hours",
            fr="le nom de la pile tapé en entier, et en production une sauvegarde vérifiée des dernières 24 heures",
        ),
    ),
)


def page(facts: Facts) -> Page:
    """
    The page.
    """
    parts = (_administrators(facts), _sources(facts), _owners(facts), _others(facts), _levels(facts))
    return Page("access.md", TITLE.of(facts.language), body(*parts))


def _administrators(facts: Facts) -> Markdown:
    language, access = facts.language, facts.settings.environment.access
    rows: list[tuple[object, ...]] = [
        (name, key.split()[0], code(fingerprint(key))) for name, key in sorted(access.public_keys.items())
    ]
    if access.public_key_file:
        rows.append(("sandbox", "", say(IN_FILE, language, file=code(access.public_key_file))))
    return body(
        heading(ADMINISTRATORS.of(language)),
        paragraph(say(MAY, language, log=code("/var/log/sudo.log"))),
        table(terms.heads(language, terms.NAME, KIND, FINGERPRINT), rows),
        source(language, setting("environment.access.public_keys"), file("hosts/roles/common/accounts.py")),
    )


def _sources(facts: Facts) -> Markdown:
    language = facts.language
    return body(
        heading(FROM.of(language)),
        paragraph(say(FROM_ONLY, language)),
        bullets(map(code, facts.settings.environment.access.sources)),
        source(language, setting("environment.access.sources")),
    )


def _owners(facts: Facts) -> Markdown:
    language = facts.language
    rows = [(project.owner, name) for name, project in facts.settings.projects.items()]
    if not rows:
        return Markdown()
    return body(
        heading(OWNERS.of(language)),
        table(terms.heads(language, terms.OWNER, terms.PROJECT), sorted(rows)),
        source(language, setting("projects/<name>.yaml: owner")),
    )


def _others(facts: Facts) -> Markdown:
    language = facts.language
    rows = list(_logins(facts))
    shown = table(terms.heads(language, terms.WHAT, LOGIN, WITH), rows) if rows else paragraph(say(NOBODY, language))
    origins = (
        setting("environment.registry_user"),
        setting("environment.backup.offsite"),
        setting("environment.monitoring.mail"),
    )
    return body(heading(OTHERS.of(language)), shown, source(language, *origins))


def _logins(facts: Facts) -> Iterator[tuple[object, ...]]:
    language, environment = facts.language, facts.settings.environment
    if environment.registry_user:
        what = say(REGISTRY, language, host=code(environment.registry))
        yield (what, code(environment.registry_user), say(SECRET, language, name=code("registry")))
    offsite = environment.backup.offsite if environment.backup else None
    if offsite:
        what = say(OFFSITE, language, host=code(offsite.host))
        if offsite.kind.value == "sftp":
            yield (what, code(offsite.user), say(DERIVED, language))
        else:
            yield (what, "", say(SECRET, language, name=code("offsite")))
    mail = environment.monitoring.mail if environment.monitoring else None
    if mail and mail.user:
        what = say(MAIL, language, host=code(mail.host))
        yield (what, code(mail.user), say(SECRET, language, name=code(f"notifications.{mail.secret}")))


def _levels(facts: Facts) -> Markdown:
    language = facts.language
    rows = [(code(name), what.of(language), Markdown(how.of(language))) for name, what, how in LEVEL_ROWS]
    docs = file("docs/operations.md")
    return body(
        heading(LEVELS.of(language)), table(terms.heads(language, LEVEL, terms.WHAT, CONFIRMED), rows), source(language, docs)
    )
