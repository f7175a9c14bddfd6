"""
Another value for each secret of the environment: one step for each that the settings know, and those that are kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Command, Runbook, Situation, Step, run, say, step
from settings.secrets import KEY, NOTIFICATIONS, OFFSITE, PROJECTS, REGISTRY, SECRETS

ON_DISK, WITHOUT_DISK = "/mnt/data/backups", "/var/lib/flotilla-backups"
"""Where the backup server keeps them: components/declarations/backup.py."""
APPROVED = ("--approve", "critical", "--reason", "another key")
"""What is piped into a command leaves no terminal to ask at."""


def rotate(n: Names) -> Runbook:
    """
    The environment's key has a page of its own: it is of another weight.
    """
    return Runbook(
        slug="rotate-secrets",
        situation=Situation.CARE,
        title=say("Change secrets", "Changer les secrets"),
        when=say(
            "A secret is a year old, somebody who knew it has left, or it was seen where it should not be. Give the value to "
            "the command when it asks: never as an argument, never in a file.",
            "Un secret a un an, quelqu'un qui le connaissait est parti, ou il a été vu où il ne devait pas. Donner la valeur "
            "quand la commande la demande : jamais en argument, jamais dans un fichier.",
        ),
        risk=Level.IMPORTANT,
        operations=("apply",),
        answers=frozenset({"security.secret-overdue"}),
        steps=(
            step(
                "See how old each is, and which are due. What has no age was set without a record of it.",
                "Voir l'âge de chacun, et lesquels sont à changer. Ceux sans âge ont été donnés sans que le jour soit noté.",
                n.flotilla("secrets", "list"),
            ),
            *(_one(n, path) for path in n.secrets if path != (KEY,)),
            _databases(n),
            *_elsewhere(n),
            step(
                "Bring out what was changed; containers that have a new secret are started anew, without a gap where two may "
                "run.",
                "Appliquer les changements ; les conteneurs au nouveau secret redémarrent, sans coupure si deux peuvent "
                "tourner.",
                n.flotilla("plan"),
                n.flotilla("apply"),
                run("git", "commit", "-m", "Change secrets", "--", n.file, "projects"),
            ),
        ),
        check=(
            step("Everything works with it.", "Tout fonctionne avec.", n.flotilla("status"), n.flotilla("audit")),
            step("Receivers are reached.", "Les destinataires sont joints.", n.flotilla("notify", "test")),
            step(
                "Backups go on, off-site too.",
                "Les sauvegardes continuent, copies externes comprises.",
                n.flotilla("backup", "run"),
            ),
        ),
        undo=(
            step(
                "Give the old value again the same way, as long as whoever made it still takes it. One that has leaked never "
                "comes back.",
                "Redonner l'ancienne valeur de la même façon, tant qu'elle est encore acceptée. Une valeur fuitée ne revient "
                "jamais.",
            ),
        ),
    )


def _one(n: Names, path: tuple[str, ...]) -> Step:
    """
    By what it is for.
    """
    name = ".".join((SECRETS, *path))
    command = n.set_secret(*path)
    match path[0]:
        case area if area == PROJECTS:
            return step(
                "{name}: of project {project}. Where somebody else gave it out, ask there for a new one first, and have the "
                "old one ended when the new one is out.",
                "{name} : du projet {project}. S'il vient d'ailleurs, y demander d'abord le nouveau, et faire révoquer "
                "l'ancien une fois le nouveau en service.",
                command,
                name=name,
                project=path[1],
            )
        case area if area == NOTIFICATIONS:
            return step(
                "{name}: an address or password for alerts. Make a new one at its service.",
                "{name} : une adresse ou un mot de passe pour les alertes. En créer un auprès du service.",
                command,
                name=name,
            )
        case area if area == OFFSITE:
            return step(
                "{name}: what copies off-site are stored with. Make new credentials there first; end the old ones after the "
                "next copy.",
                "{name} : l'accès aux copies externes. Y créer d'abord un nouvel accès ; révoquer l'ancien après la copie "
                "suivante.",
                command,
                name=name,
            )
        case area if area == REGISTRY:
            return step(
                "{name}: the password that images are pulled with. Make a new one at the registry; no container is started "
                "anew.",
                "{name} : le mot de passe pour tirer les images. En créer un au registre ; aucun conteneur ne redémarre.",
                command,
                name=name,
            )
    return step("{name}: give it a new value.", "{name} : lui donner une nouvelle valeur.", command, name=name)


def _databases(n: Names) -> Step:
    """
    They are derived, so that they have a number.
    """
    return step(
        "Passwords of databases: one more than the `generation` in the project's file. Those of the generation before work "
        "until the next change; has one leaked, do it twice, with the last step between. Never lower it.",
        "Mots de passe des bases : un de plus que `generation` dans le fichier du projet. Ceux d'avant marchent jusqu'au "
        "prochain changement ; en cas de fuite, le faire deux fois, avec la dernière étape entre les deux. Ne jamais baisser.",
        *(run("flotilla", "project", "set", found.name, "database.generation", "<number>") for found in n.with_database[:12]),
    )


def _elsewhere(n: Names) -> Iterator[Step]:
    """
    What is not in the settings.
    """
    yield step(
        "`HCLOUD_TOKEN` and `CLOUDFLARE_API_TOKEN`: make a new one in the console, give it to this shell and to CI, then "
        "delete the old one there.",
        "`HCLOUD_TOKEN` et `CLOUDFLARE_API_TOKEN` : en créer un dans la console, le donner à ce shell et à la CI, puis y "
        "supprimer l'ancien.",
        *new_tokens(),
    )
    yield step(
        "The passphrase of the stack: it asks for the new one twice. Give it to this shell, then to everybody who works on it, "
        "and to CI.",
        "La phrase secrète de la pile : la nouvelle est demandée deux fois. La donner à ce shell, puis à tous ceux qui y "
        "travaillent et à la CI.",
        *new_passphrase(n),
    )
    yield step(
        "SSH keys of administrators: the new one beside the old one in `access.public_keys` of {file}, apply, try it, then "
        "remove the old one.",
        "Clés SSH des administrateurs : la nouvelle à côté de l'ancienne dans `access.public_keys` de {file}, appliquer, "
        "essayer, retirer l'ancienne.",
        run("ssh-keygen", "-t", "ed25519", "-f", "<file>"),
        n.flotilla("apply"),
        file=n.file,
    )


def new_tokens() -> tuple[Command, ...]:
    """
    Of both clouds, given to the shell.
    """
    return tuple(
        command
        for name in ("HCLOUD_TOKEN", "CLOUDFLARE_API_TOKEN")
        for command in (run("read", "-rs", name), run("export", name))
    )


def new_passphrase(n: Names) -> tuple[Command, ...]:
    """
    What the stack is sealed with. The shell would go on with the old one.
    """
    return (
        n.pulumi("stack", "change-secrets-provider", "passphrase"),
        run("read", "-rs", "PULUMI_CONFIG_PASSPHRASE"),
        run("export", "PULUMI_CONFIG_PASSPHRASE"),
    )


def rotate_key(n: Names) -> Runbook:
    """
    What passwords and keys of databases and backups are derived from.
    """
    backup, servers = n.first("backup"), n.having("db")
    kept = ON_DISK if not n.having("backup") or n.having("backup")[0].has_disk else WITHOUT_DISK
    aside = f"{kept}-of-the-old-key"
    return Runbook(
        slug="rotate-key",
        situation=Situation.CARE,
        title=say("Change the environment's key", "Changer la clé de l'environnement"),
        when=say(
            "{name} was seen by others. All passwords of databases and all keys of backups follow from it. Projects are "
            "without their databases for some minutes, and backups begin anew. Do it only for a reason.",
            "{name} a été vu par d'autres. Tous les mots de passe des bases et toutes les clés des sauvegardes en découlent. "
            "Les projets sont sans base quelques minutes, et les sauvegardes recommencent. À ne faire que pour une raison.",
            name=f"{SECRETS}.{KEY}",
        ),
        risk=Level.CRITICAL,
        operations=("apply",),
        steps=(
            step(
                "Have a verified backup, and keep the old key: old backups are read with it only. It is printed: note it "
                "where no server is.",
                "Avoir une sauvegarde vérifiée, et garder l'ancienne clé : elle seule lit les anciennes sauvegardes. Elle "
                "s'affiche : la noter hors des serveurs.",
                n.flotilla("backup", "run"),
                n.flotilla("backup", "verify"),
                n.pulumi("config", "get", "--path", f"flotilla:{SECRETS}.{KEY}"),
            ),
            step(
                "Put the repositories of the old key aside. Where copies go off-site, write another `path` for them in {file}.",
                "Mettre de côté les dépôts de l'ancienne clé. Si des copies partent à l'extérieur, leur écrire un autre "
                "`path` dans {file}.",
                *(n.on(backup, "systemctl", "stop", f"flotilla-backup-wal@{found.name}") for found in servers[:12]),
                n.on(backup, "mv", kept, aside),
                file=n.file,
            ),
            step(
                "A new key, that nobody has to see; then bring it out.",
                "Une nouvelle clé, que personne n'a à voir ; puis l'appliquer.",
                run("openssl", "rand", "-base64", "48", into=(*n.set_secret(KEY).argv, *APPROVED)),
                n.flotilla("apply"),
            ),
            step(
                "Back everything up under the new key, and try it.",
                "Tout sauvegarder sous la nouvelle clé, et essayer.",
                n.flotilla("backup", "run", "--full"),
                n.flotilla("backup", "verify"),
            ),
        ),
        check=(
            step("All is well.", "Tout va bien.", n.flotilla("status"), n.flotilla("audit", "data", "containers", "network")),
            step("Keep a copy of the new key where no server is.", "Garder une copie de la nouvelle clé hors des serveurs."),
        ),
        undo=(
            step(
                "The old key again (paste it), and its repositories back in their place.",
                "L'ancienne clé de nouveau (la coller), et ses dépôts à leur place.",
                n.set_secret(KEY),
                n.on(backup, "mv", kept, f"{kept}-of-the-new-key"),
                n.on(backup, "mv", aside, kept),
                n.flotilla("apply"),
            ),
        ),
        rehearsed="tests/proof/test_runbook_rehearsals.py",
    )


RUNBOOKS = (rotate, rotate_key)
