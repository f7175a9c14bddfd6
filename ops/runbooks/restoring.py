"""
Giving data back: a table, a database or a volume, a moment.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Command, Runbook, Situation, Step, say, step

REHEARSED = "tests/proof/test_runbook_rehearsals.py"
DUMPS = "/var/lib/postgresql"
MOMENT = "<2026-11-26T01:30:00Z>"
RESTORED = "<{database}_restored_...>"


def as_postgres(n: Names, *argv: str) -> Command:
    """
    A command as PostgreSQL's own user on the database server.
    """
    return n.on(n.first("db"), "runuser", "-u", "postgres", "--", *argv)


def identifier(name: str) -> str:
    """
    A name as SQL has it.
    """
    return f'"{name.replace(chr(34), 2 * chr(34))}"'


def what_there_is(n: Names) -> Step:
    """
    Before anything is restored.
    """
    return step(
        "See what can be given back, and of when.",
        "Voir ce qui peut être rendu, et de quand.",
        n.flotilla("backup", "list"),
    )


def dropped(n: Names, database: str) -> Step:
    """
    What restoring left.
    """
    return step(
        "When nobody needs it any more: the name is the one that the command printed.",
        "Quand plus personne n'en a besoin : le nom est celui que la commande a affiché.",
        as_postgres(n, "dropdb", RESTORED.format(database=database)),
    )


def exchanged(n: Names, database: str) -> Step:
    """
    What restoring has kept of before, in its place again.
    """
    wrong, before = identifier(f"{database}_wrong"), identifier(f"<{database}_before_...>")
    literal = f"'{database.replace(chr(39), 2 * chr(39))}'"
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {literal}"  # noqa: S608 - quoted above
    return step(
        "What was there before is a database `..._before_...` on {server}: exchange the names. Connections are cut, and the "
        "project is without its database until the last but one line.",
        "L'état d'avant est une base `..._before_...` sur {server} : échanger les noms. Les connexions sont coupées, et le "
        "projet est sans base jusqu'à l'avant-dernière ligne.",
        n.psql("postgres", f"ALTER DATABASE {identifier(database)} ALLOW_CONNECTIONS false"),
        n.psql("postgres", ended),
        n.psql("postgres", f"ALTER DATABASE {identifier(database)} RENAME TO {wrong}"),
        n.psql("postgres", f"ALTER DATABASE {before} RENAME TO {identifier(database)}"),
        n.psql("postgres", f"ALTER DATABASE {wrong} ALLOW_CONNECTIONS true"),
        server=n.first("db"),
    )


def _volume_exchanged(n: Names) -> tuple[Step, ...]:
    """
    Folders, and the containers that hold on to the one that they were started with.
    """
    return (
        step(
            "A volume: what was there before is a folder beside it; the command printed both. Exchange them, and stop the "
            "containers that have it: others are started in their place.",
            "Un volume : l'état d'avant est un dossier à côté ; la commande a affiché les deux. Les échanger, et arrêter les "
            "conteneurs qui l'ont : d'autres démarrent à leur place.",
            n.on(n.volume_home, "mv", "-T", "<path>", "<path>_wrong"),
            n.on(n.volume_home, "mv", "-T", "<path_before_...>", "<path>"),
            n.on(n.volume_home, "docker", "ps", "--filter", "volume=<path>"),
            n.on(n.volume_home, "docker", "stop", "<container>"),
        ),
        step(
            "When nobody needs it any more: what was exchanged away.",
            "Quand plus personne n'en a besoin : ce qui a été échangé.",
            n.on(n.volume_home, "rm", "-r", "<path>_wrong"),
        ),
    )


def restore_table(n: Names) -> Runbook:
    """
    By way of a database beside.
    """
    project, database = n.database
    beside = RESTORED.format(database=database)
    dump, before = f"{DUMPS}/table.dump", f"{DUMPS}/table-before.dump"
    return Runbook(
        slug="restore-table",
        situation=Situation.DATA,
        title=say("Give one table back", "Rendre une table"),
        when=say(
            "Rows of one table were deleted or spoilt; everything else is to stay. Here of {database}; another project's is "
            "named instead.",
            "Des lignes d'une table ont été supprimées ou abîmées ; le reste doit demeurer. Ici dans {database} ; sinon "
            "nommer un autre projet.",
            database=database,
        ),
        risk=Level.CRITICAL,
        operations=("restore",),
        steps=(
            what_there_is(n),
            step(
                "Restore the database beside the existing one, as it was before the mistake (UTC). The command prints its "
                "name.",
                "Restaurer la base à côté de l'existante, telle qu'avant l'erreur (UTC). La commande affiche son nom.",
                n.flotilla("restore", project, "--to", MOMENT),
            ),
            step(
                "Compare: how many rows are here, how many there.",
                "Comparer : combien de lignes ici, combien là.",
                n.psql(database, "SELECT count(*) FROM <table>"),
                n.psql(beside, "SELECT count(*) FROM <table>"),
            ),
            step(
                "Keep the table as it is now, then take the one of before out.",
                "Garder la table telle qu'elle est, puis extraire celle d'avant.",
                as_postgres(n, "pg_dump", "--format=custom", "--table=<table>", f"--file={before}", database),
                as_postgres(n, "pg_dump", "--format=custom", "--table=<table>", f"--file={dump}", beside),
            ),
            step(
                "Put it in, all or nothing. Where other tables refer to it, PostgreSQL refuses and nothing has changed: then "
                "copy single rows with psql.",
                "La remettre, tout ou rien. Si d'autres tables y font référence, PostgreSQL refuse et rien n'a changé : "
                "copier alors les lignes une à une avec psql.",
                as_postgres(n, "pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={database}", dump),
            ),
        ),
        check=(
            step(
                "The rows are there, and the project works.",
                "Les lignes sont là, et le projet fonctionne.",
                n.psql(database, "SELECT count(*) FROM <table>"),
                n.flotilla("status"),
            ),
        ),
        undo=(
            step(
                "Put the table back as it was a moment ago.",
                "Remettre la table comme elle était à l'instant.",
                as_postgres(n, "pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={database}", before),
            ),
            dropped(n, database),
            step(
                "Remove both files.",
                "Supprimer les deux fichiers.",
                as_postgres(n, "rm", "-f", dump, before),
            ),
        ),
        rehearsed=REHEARSED,
    )


def restore_database(n: Names) -> Runbook:
    """
    Beside, then in its place; volumes too.
    """
    _, database = n.database
    return Runbook(
        slug="restore-database",
        situation=Situation.DATA,
        title=say("Give a database or a volume back", "Rendre une base ou un volume"),
        when=say(
            "Files of a database are damaged, or a volume is wrong or gone, and its server is well. A database comes back as "
            "it was at the last moment: what a program or a person did wrong is in that, too. For an earlier moment, or a "
            "database that was dropped, there is the page about a moment (`restore-moment`).",
            "Des fichiers d'une base sont abîmés, ou un volume est faux ou perdu, et son serveur va bien. Une base revient "
            "telle qu'au dernier instant, erreurs d'un programme ou d'une personne comprises. Pour un instant antérieur, ou "
            "une base supprimée, il y a la page d'un instant (`restore-moment`).",
        ),
        risk=Level.CRITICAL,
        operations=("restore",),
        steps=(
            what_there_is(n),
            step(
                "First beside what is there, to look at it: the line of the project.",
                "D'abord à côté de l'existant, pour regarder : la ligne du projet.",
                *(n.flotilla("restore", found.name) for found in n.with_database[:12]),
            ),
            step(
                "Look: which databases are there.",
                "Regarder : quelles bases sont là.",
                as_postgres(n, "psql", "-X", "-l"),
            ),
            step(
                "Then in its place. A fresh backup is taken before, and what was there is kept as `..._before_...`. The "
                "stack's name has to be typed.",
                "Puis à sa place. Une sauvegarde est prise avant, et ce qui était là est gardé sous `..._before_...`. Le nom "
                "de la pile est à taper.",
                *(n.flotilla("restore", found.name, "--over-existing") for found in n.with_database[:12]),
            ),
            step(
                "Only where that is refused (`not-replaced`), because what is there cannot be read and so not be backed up: "
                "without the backup. What was there is kept all the same.",
                "Seulement si cela est refusé (`not-replaced`), car ce qui est là est illisible et ne peut être sauvegardé : "
                "sans la sauvegarde. Ce qui était là est gardé quand même.",
                *(n.flotilla("restore", found.name, "--over-existing", "--without-backup") for found in n.with_database[:12]),
            ),
            *(
                [
                    step(
                        "A volume in its place, from the last backup before this one.",
                        "Un volume à sa place, depuis la dernière sauvegarde avant celle-ci.",
                        *n.restored_volumes(),
                    )
                ]
                if n.restored_volumes()
                else []
            ),
        ),
        check=(
            step(
                "The project works, and everything is backed up.",
                "Le projet fonctionne, et tout est sauvegardé.",
                n.flotilla("status"),
                n.flotilla("audit", "data"),
            ),
        ),
        undo=(
            exchanged(n, database),
            step(
                "When nobody needs it any more: what was exchanged away.",
                "Quand plus personne n'en a besoin : ce qui a été échangé.",
                as_postgres(n, "dropdb", f"{database}_wrong"),
            ),
            *(_volume_exchanged(n) if n.restored_volumes() else ()),
            dropped(n, database),
            step(
                "Where nothing was undone: what was there before. Is it damaged, no backup ends well as long as it is there.",
                "Si rien n'a été annulé : ce qui était là avant. S'il est abîmé, aucune sauvegarde n'aboutit d'ici là.",
                as_postgres(n, "dropdb", f"<{database}_before_...>"),
            ),
        ),
        rehearsed="tests/proof/test_runbook_state_and_keys.py",
    )


def restore_moment(n: Names) -> Runbook:
    """
    Point in time.
    """
    _, database = n.database
    return Runbook(
        slug="restore-moment",
        situation=Situation.DATA,
        title=say("Give a database back as it was at a moment", "Rendre une base telle qu'à un instant"),
        when=say(
            "A mistake was made at a known time: rows are wrong, or the database was dropped. Any second since the last but "
            "one full backup can be given back.",
            "Une erreur a été commise à un moment connu : lignes fausses, ou base supprimée. Toute seconde depuis "
            "l'avant-dernière sauvegarde complète peut être rendue.",
        ),
        risk=Level.CRITICAL,
        operations=("restore",),
        answers=frozenset({"data.database-missing"}),
        steps=(
            step(
                "Find the moment: when it was still right, in UTC.",
                "Trouver l'instant : quand c'était encore juste, en UTC.",
                n.flotilla("history", "-n", "50"),
                n.on(n.first("db"), "journalctl", "--no-pager", "-n", "200", "-u", "postgresql@*"),
            ),
            step(
                "Beside what is there, to see whether it is the right moment: the line of the project. Repeat with another "
                "moment until it is.",
                "À côté de l'existant, pour voir si c'est le bon instant : la ligne du projet. Répéter avec un autre instant "
                "au besoin.",
                *(n.flotilla("restore", found.name, "--to", MOMENT) for found in n.with_database[:12]),
            ),
            step(
                "Then in its place, to the same moment. What came after it is lost to the project, and kept as "
                "`..._before_...`.",
                "Puis à sa place, au même instant. La suite est perdue pour le projet, et gardée sous `..._before_...`.",
                *(n.flotilla("restore", found.name, "--to", MOMENT, "--over-existing") for found in n.with_database[:12]),
            ),
        ),
        check=(
            step(
                "The project works; the command told the last transaction that is in it.",
                "Le projet fonctionne ; la commande a dit la dernière transaction présente.",
                n.flotilla("status"),
                n.flotilla("audit", "data"),
            ),
        ),
        undo=(
            step(
                "As on the page about a whole database: what was there is kept.",
                "Comme sur la page d'une base entière : ce qui était là est gardé.",
                n.flotilla("runbook", "restore-database"),
            ),
            dropped(n, database),
        ),
        rehearsed=REHEARSED,
    )


RUNBOOKS = (
    restore_table,
    restore_database,
    restore_moment,
)
