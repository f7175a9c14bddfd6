"""
Projects and environments come; and the fleet without the tool.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.releases import serves
from ops.runbooks.runbook import Runbook, Situation, run, say, step

NEW = "<new>"


def project_add(n: Names) -> Runbook:
    """
    A new hosted thing.
    """
    return Runbook(
        slug="project-add",
        situation=Situation.GROWING,
        title=say("Add a project", "Ajouter un projet"),
        when=say(
            "One more application is to be hosted. Its image is in the registry.",
            "Une application de plus est à héberger. Son image est dans le registre.",
        ),
        risk=Level.IMPORTANT,
        operations=("deploy",),
        steps=(
            step(
                "Write it down; everything is checked with it first, nothing is deployed.",
                "La décrire ; tout est d'abord vérifié avec elle, rien n'est déployé.",
                run(
                    *("flotilla", "project", "new", NEW, "--image", NEW, "--domain", NEW),
                    *("--owner", "<team>", "--data", "<personal or none>", "--environment", n.stack),
                ),
            ),
            step(
                "Complete its file in projects/: limits, database, volumes, promise. Has it data about people, somebody has to "
                "approve it under `approvals` in {file}. Then give each of its secrets a value.",
                "Compléter son fichier dans projects/ : limites, base, volumes, promesse. S'il a des données personnelles, "
                "quelqu'un doit l'approuver sous `approvals` dans {file}. Puis donner une valeur à chacun de ses secrets.",
                n.set_secret("projects", NEW, "<NAME>"),
                n.flotilla("settings", "check"),
                file=n.file,
            ),
            step(
                "Commit it, and have it reviewed.",
                "L'enregistrer et le faire relire.",
                run("git", "add", "projects", n.file),
                run("git", "commit", "-m", f"Add {NEW}"),
            ),
            step(
                "Serve it: security, room and the way in are looked at first; then whether it is watched and backed up.",
                "La servir : sécurité, place et accès sont vus d'abord ; puis la surveillance et les sauvegardes.",
                n.flotilla("workflow", "run", "new-project", "--project", NEW, "--image", ":<tag>"),
            ),
            step(
                "The rest of the stack learns of it: monitoring, backups, databases.",
                "Le reste de la pile en est informé : surveillance, sauvegardes, bases.",
                n.flotilla("apply"),
            ),
        ),
        check=(*serves(n), step("It is there.", "Il est là.", n.flotilla("project", "show", NEW))),
        undo=(
            step(
                "Take it out of the settings (critical where it has data), then off the servers. Its data and backups stay.",
                "Le retirer des réglages (critique s'il a des données), puis des serveurs. Ses données et sauvegardes restent.",
                n.flotilla("project", "remove", NEW),
                n.flotilla("apply"),
            ),
        ),
    )


def environment_new(n: Names) -> Runbook:
    """
    One more, made like this one.
    """
    return Runbook(
        slug="environment-new",
        situation=Situation.GROWING,
        title=say("Make another environment", "Créer un autre environnement"),
        when=say(
            "One more environment is needed, beside {stack} and made like it.",
            "Il faut un environnement de plus, à côté de {stack} et fait comme lui.",
            stack=n.stack,
        ),
        risk=Level.IMPORTANT,
        operations=("apply",),
        steps=(
            step(
                "Begin with a copy of {file}. In it change name, domain, zones, network and access, and remove "
                "`encryptionsalt`, `flotilla:secrets` and `flotilla:secret_records`: each environment has secrets of its own.",
                "Partir d'une copie de {file}. Y changer nom, domaine, zones, réseau et accès, et retirer `encryptionsalt`, "
                "`flotilla:secrets` et `flotilla:secret_records` : chaque environnement a ses propres secrets.",
                run("cp", n.file, f"Pulumi.{NEW}.yaml"),
                file=n.file,
            ),
            step(
                "Make the stack, then its key and its secrets. Keep a copy of the key where no server is.",
                "Créer la pile, puis sa clé et ses secrets. Garder une copie de la clé là où il n'y a aucun serveur.",
                run("pulumi", "stack", "init", NEW),
                run(
                    *("openssl", "rand", "-base64", "48"),
                    into=("flotilla", "secrets", "set", "key", "-s", NEW),
                ),
                run("flotilla", "secrets", "set", "notifications.<receiver>", "-s", NEW),
            ),
            step(
                "See that everything fits together, and what the policies say, before anything costs anything.",
                "Vérifier la cohérence et l'avis des règles avant que rien ne coûte.",
                run("flotilla", "settings", "check", "-s", NEW),
                run("flotilla", "costs", "-s", NEW),
                run("flotilla", "plan", "-s", NEW),
            ),
            step("Make it.", "Le créer.", run("flotilla", "apply", "-s", NEW)),
            step(
                "Serve in it what serves here.",
                "Y servir ce qui est servi ici.",
                *(run("flotilla", "env", "promote", found.name, "--from", n.stack, "--to", NEW) for found in n.shown),
            ),
        ),
        check=(
            step("All is well there.", "Tout y va bien.", run("flotilla", "report", "-s", NEW)),
            step(
                "Receivers of alerts are reached.",
                "Les destinataires d'alertes sont joints.",
                run("flotilla", "notify", "test", "-s", NEW),
            ),
        ),
        undo=(
            step(
                "Take everything in it away (critical). What is protected is refused until its protection is taken off.",
                "Tout y retirer (critique). Ce qui est protégé est refusé tant que sa protection n'est pas levée.",
                run("flotilla", "plan", "--destroy", "-s", NEW),
                run("flotilla", "apply", "--destroy", "-s", NEW),
            ),
        ),
    )


def environment_promote(n: Names) -> Runbook:
    """
    The same images in another environment.
    """
    source, target = {
        "staging": ("staging", "production"),
        "production": ("staging", "production"),
    }.get(n.stack, (n.stack, "<environment>"))
    return Runbook(
        slug="environment-promote",
        situation=Situation.GROWING,
        title=say("Promote a release to another environment", "Promouvoir une version vers un autre environnement"),
        when=say(
            "What was tried in {source} is to serve in {target}: the very same images.",
            "Ce qui a été essayé dans {source} doit servir dans {target} : exactement les mêmes images.",
            source=source,
            target=target,
        ),
        risk=Level.IMPORTANT,
        operations=("env promote",),
        steps=(
            step(
                "See what differs.",
                "Voir ce qui diffère.",
                run("flotilla", "env", "diff", source, target),
            ),
            step(
                "Promote: the line of the project.",
                "Promouvoir : la ligne du projet.",
                *(run("flotilla", "env", "promote", found.name, "--from", source, "--to", target) for found in n.shown),
            ),
        ),
        check=(
            step(
                "Both serve the same.",
                "Les deux servent la même chose.",
                run("flotilla", "env", "diff", source, target),
                run("flotilla", "status", "-s", target),
            ),
        ),
        undo=(
            step(
                "Go back there: the line of the project.",
                "Y revenir en arrière : la ligne du projet.",
                *(run("flotilla", "rollback", found.name, "-s", target) for found in n.shown),
            ),
        ),
        rehearsed="tests/e2e/test_releases.py",
    )


def leaving(n: Names) -> Runbook:
    """
    Everything is plain Pulumi, Docker and PostgreSQL.
    """
    backup = n.first("backup")
    return Runbook(
        slug="leaving",
        situation=Situation.GROWING,
        title=say("Run the fleet without Flotilla", "Exploiter la flotte sans Flotilla"),
        when=say(
            "The tool is given up, or cannot be used today. Servers need nothing of it: containers start by themselves, "
            "certificates are renewed, backups go on by timers on the servers.",
            "L'outil est abandonné, ou inutilisable aujourd'hui. Les serveurs n'en dépendent pas : conteneurs, certificats "
            "et sauvegardes continuent d'eux-mêmes.",
        ),
        risk=Level.CRITICAL,
        steps=(
            step(
                "Log in as an administrator with your own key; addresses are in the outputs.",
                "Se connecter comme administrateur avec sa propre clé ; les adresses sont dans les sorties.",
                n.pulumi("stack", "output", "--json"),
                run("ssh", "root@<address>"),
            ),
            step(
                "Containers are Docker Swarm services on {manager}: `docker service ls`, `docker service update --image`. "
                "Names are in `/etc/flotilla`, as Caddy's and HAProxy's own files.",
                "Les conteneurs sont des services Docker Swarm sur {manager} : `docker service ls`, `docker service update "
                "--image`. Les noms sont dans `/etc/flotilla`, en fichiers Caddy et HAProxy.",
                n.on(n.manager, "docker", "service", "ls"),
                manager=n.manager,
            ),
            step(
                "Keep what only the key opens: note it where no server is. Without it no backup can be read.",
                "Garder ce que seule la clé ouvre : la noter hors des serveurs. Sans elle, aucune sauvegarde n'est lisible.",
                n.pulumi("config", "get", "--path", "flotilla:secrets.key"),
            ),
            step(
                "Databases as plain files, readable by any PostgreSQL.",
                "Les bases en fichiers simples, lisibles par tout PostgreSQL.",
                *(
                    n.on(
                        n.first("db"),
                        *("runuser", "-u", "postgres", "--", "pg_dump", "--format=custom"),
                        *(f"--file=/var/lib/postgresql/{found.database}.dump", found.database),
                    )
                    for found in n.with_database[:12]
                ),
            ),
            step(
                "What the backup server does by itself, and its last words.",
                "Ce que le serveur de sauvegarde fait seul, et ses derniers mots.",
                n.on(backup, "systemctl", "list-timers", "flotilla-*", "--no-pager"),
            ),
            step(
                "Give the cloud resources up without deleting them: first a copy, then the state's protection stays in the "
                "cloud. From then on they are changed in the consoles.",
                "Abandonner les ressources sans les supprimer : d'abord une copie ; la protection reste dans le cloud. "
                "Ensuite, tout se change dans les consoles.",
                n.pulumi("stack", "export", "--file", "last-state.json"),
                run("pulumi", "stack", "rm", n.stack, "--force", "--preserve-config"),
            ),
        ),
        check=(
            step(
                "Sites answer, from a machine without Flotilla.",
                "Les sites répondent, depuis une machine sans Flotilla.",
                *(run("curl", "-fsS", "-o", "/dev/null", f"https://{found.site}/") for found in n.shown if found.site),
            ),
        ),
        undo=(
            step(
                "Come back with the copy of the state.",
                "Revenir avec la copie de l'état.",
                run("pulumi", "stack", "init", n.stack),
                n.pulumi("stack", "import", "--file", "last-state.json"),
                n.pulumi("preview", "--refresh"),
            ),
        ),
    )


RUNBOOKS = (
    project_add,
    environment_new,
    environment_promote,
    leaving,
)
