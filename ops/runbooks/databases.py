"""
Backups that are missing, and PostgreSQL in trouble.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, say, step


def backup_missing(n: Names) -> Runbook:
    """
    Not made, not tried, not copied.
    """
    backup = n.first("backup")
    return Runbook(
        slug="backup-old",
        situation=Situation.DATA,
        title=say("Data is not backed up, tried or copied", "Données non sauvegardées, essayées ou copiées"),
        when=say(
            "A backup is late, smaller than before, was not restored for a long time, or its copy off-site is missing.",
            "Une sauvegarde est en retard, plus petite, pas restaurée depuis longtemps, ou sa copie externe manque.",
        ),
        risk=Level.STANDARD,
        answers=frozenset(
            {
                "backup-not-tried",
                "backup-not-copied",
                "backup-missing",
                "BackupOld",
                "BackupMissing",
                "BackupNotTried",
                "BackupShrunk",
                "BackupNotCopied",
                *(f"data.{name}" for name in ("backup-missing", "backup-old", "backup-empty", "drill-old", "offsite-old")),
            }
        ),
        steps=(
            step(
                "See what is wrong; each finding says its next step.",
                "Voir ce qui ne va pas ; chaque constat dit la suite.",
                n.flotilla("backup", "list"),
                n.on(backup, "journalctl", "--no-pager", "-n", "100", "-u", "flotilla-backup*"),
                n.on(backup, "df", "-h"),
            ),
            step(
                "Back up now, off-site too; then restore what was backed up, to see that it can be.",
                "Sauvegarder maintenant, copie externe comprise ; puis restaurer pour voir que c'est possible.",
                n.flotilla("backup", "run"),
                n.flotilla("backup", "verify"),
            ),
            *(
                [
                    step(
                        "Read all of the copy off-site.",
                        "Lire toute la copie externe.",
                        n.on(backup, "flotilla-backup", "offsite", "--part", "100%"),
                    )
                ]
                if n.offsite
                else []
            ),
            step(
                "Where backups are damaged, take new full ones. Old ones stay as long as the policy says.",
                "Si des sauvegardes sont abîmées, en prendre de nouvelles complètes. Les anciennes restent selon la règle.",
                n.flotilla("backup", "run", "--full"),
            ),
        ),
        check=(
            step(
                "Both end with exit code 0.",
                "Les deux finissent avec le code 0.",
                n.flotilla("drill"),
                n.flotilla("backup", "list"),
            ),
        ),
        undo=(step("Nothing was changed but backups.", "Rien n'a changé sauf les sauvegardes."),),
        rehearsed="tests/e2e/test_data.py",
    )


def log_not_fetched(n: Names) -> Runbook:
    """
    docs/monitoring.md, "The databases' log".
    """
    server, backup = n.first("db"), n.first("backup")
    return Runbook(
        slug="log-not-fetched",
        situation=Situation.DATA,
        title=say("The databases' log is not fetched", "Le journal des bases n'est pas récupéré"),
        when=say(
            "The backup server {backup} does not fetch what {server} writes: what is committed now would be lost with the "
            "server.",
            "Le serveur de sauvegarde {backup} ne récupère pas ce que {server} écrit : ce qui est validé maintenant serait "
            "perdu avec lui.",
            server=server,
            backup=backup,
        ),
        risk=Level.IMPORTANT,
        answers=frozenset({"slot-lost", "LogNotFetched", "LogKept", "SlotLost", "data.wal-waiting", "data.replica-behind"}),
        steps=(
            step(
                "See whether it is fetched, and why not.",
                "Voir si c'est récupéré, et sinon pourquoi.",
                n.on(backup, "systemctl", "status", "--no-pager", f"flotilla-backup-wal@{server}"),
                n.on(backup, "journalctl", "--no-pager", "-n", "50", "-u", f"flotilla-backup-wal@{server}"),
                n.psql("postgres", "SELECT slot_name, active, wal_status FROM pg_replication_slots"),
            ),
            step(
                "Make it fetch again. Is its disk full, make room there first.",
                "Faire reprendre. Si son disque est plein, y faire d'abord de la place.",
                n.on(backup, "df", "-h"),
                n.on(backup, "systemctl", "restart", f"flotilla-backup-wal@{server}"),
            ),
            step(
                "Only where the slot is `lost` or gone: begin anew. Moments in the gap cannot be restored.",
                "Seulement si le slot est `lost` ou absent : recommencer. Les instants du trou ne pourront être restaurés.",
                n.psql("postgres", "SELECT pg_drop_replication_slot('flotilla_backup')"),
                n.on(backup, "find", f"/mnt/data/backups/wal/{server}", "-name", "*.partial", "-delete"),
                n.on(backup, "systemctl", "restart", f"flotilla-backup-wal@{server}"),
                n.flotilla("backup", "run", "--full"),
            ),
        ),
        check=(
            step(
                "The slot is active, and everything is backed up.",
                "Le slot est actif, et tout est sauvegardé.",
                n.psql("postgres", "SELECT slot_name, active, wal_status FROM pg_replication_slots"),
                n.flotilla("audit", "data"),
            ),
        ),
        undo=(step("Nothing has to be taken back.", "Rien à annuler."),),
        rehearsed="tests/integration/hosts/test_alert_measures.py",
    )


def database_down(n: Names) -> Runbook:
    """
    PostgreSQL, a database or its disk is not there.
    """
    server = n.first("db")
    unit = f"postgresql@{n.postgresql}-main"
    return Runbook(
        slug="database-down",
        situation=Situation.DATA,
        title=say("PostgreSQL is down", "PostgreSQL est arrêté"),
        when=say(
            "Projects cannot reach their databases on {server}, or its disk is not mounted.",
            "Les projets n'atteignent pas leurs bases sur {server}, ou son disque n'est pas monté.",
            server=server,
        ),
        risk=Level.IMPORTANT,
        answers=frozenset({"DatabaseServerDown", "data.postgresql-down", "data.volume-unmounted"}),
        steps=(
            step(
                "A full disk or one that is not mounted comes first: nothing else helps.",
                "Un disque plein ou non monté passe avant tout : rien d'autre n'aide.",
                n.on(server, "df", "-h"),
                n.on(server, "findmnt", "/mnt/data"),
            ),
            step(
                "See why it ended.",
                "Voir pourquoi il s'est arrêté.",
                n.on(server, "journalctl", "--no-pager", "-n", "100", "-u", unit),
                n.on(server, "systemctl", "status", "--no-pager", unit, "pgbouncer"),
            ),
            step(
                "Mount the disk and start what stands still.",
                "Monter le disque et démarrer ce qui est arrêté.",
                n.on(server, "mount", "-a"),
                n.on(server, "systemctl", "restart", unit),
                n.on(server, "systemctl", "restart", "pgbouncer"),
            ),
            step(
                "Does it still not start: put right what differs from its roles.",
                "S'il ne démarre toujours pas : corriger ce qui diffère de ses rôles.",
                n.flotilla("host", "converge", server),
            ),
            step(
                "Are the files damaged: keep them aside, do not repair them; see the pages about restoring and about the "
                "lost server.",
                "Si les fichiers sont abîmés : les mettre de côté sans les réparer ; voir les pages de restauration et du "
                "serveur perdu.",
            ),
        ),
        check=(
            step(
                "Databases answer, projects are healthy.",
                "Les bases répondent, les projets sont sains.",
                n.psql("postgres", "SELECT 1"),
                n.flotilla("status"),
                n.flotilla("audit", "data"),
            ),
        ),
        undo=(step("Nothing has to be taken back.", "Rien à annuler."),),
    )


def database_trouble(n: Names) -> Runbook:
    """
    It runs, and not well.
    """
    project, _ = n.database
    activity = (
        "SELECT pid, datname, usename, state, now() - xact_start AS since, wait_event_type, left(query, 60) AS query "
        "FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start"
    )
    counted = "SELECT datname, state, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC"
    return Runbook(
        slug="database-trouble",
        situation=Situation.DATA,
        title=say("A database is slow or full of connections", "Une base est lente ou saturée de connexions"),
        when=say(
            "Connections run out, a transaction stays open, there are deadlocks, or tables are full of dead rows.",
            "Les connexions manquent, une transaction reste ouverte, il y a des interblocages, ou les tables ont trop de "
            "lignes mortes.",
        ),
        risk=Level.IMPORTANT,
        answers=frozenset(
            {
                "database-connections",
                "database-transaction",
                "DatabaseConnectionsHigh",
                "DatabaseTransactionOld",
                "DatabaseDeadlocks",
                "data.connections-high",
                "data.transaction-long",
                "data.bloat",
            }
        ),
        steps=(
            step(
                "See who holds connections, and what runs for how long.",
                "Voir qui tient les connexions, et ce qui tourne depuis combien de temps.",
                n.psql("postgres", counted),
                n.psql("postgres", activity),
            ),
            step(
                "End one transaction that holds up all others: `pid` from above. Its program gets an error.",
                "Finir la transaction qui bloque les autres : `pid` ci-dessus. Son programme reçoit une erreur.",
                n.psql("postgres", "SELECT pg_cancel_backend(<pid>)"),
                n.psql("postgres", "SELECT pg_terminate_backend(<pid>)"),
            ),
            step(
                "Are there too few connections: raise `database.pool_size`; the settings say how many the server has.",
                "S'il y a trop peu de connexions : augmenter `database.pool_size` ; les réglages disent combien le serveur "
                "en a.",
                n.flotilla("settings", "check"),
                n.flotilla("plan"),
                n.flotilla("apply"),
            ),
            step(
                "Are there dead rows: clear them away; visitors hardly notice.",
                "S'il y a des lignes mortes : les nettoyer ; les visiteurs ne le remarquent guère.",
                *(n.psql(found.database, "VACUUM (ANALYZE)") for found in n.with_database[:12]),
            ),
            step(
                "Did it begin with a release of {project}: go back to the one before.",
                "Si cela a commencé avec une version de {project} : revenir à la précédente.",
                n.flotilla("rollback", project),
                project=project,
            ),
        ),
        check=(
            step(
                "The audit says nothing of it any more.",
                "L'audit n'en dit plus rien.",
                n.flotilla("audit", "data"),
            ),
        ),
        undo=(
            step(
                "A pool size is put back in the project's file. What was ended has to be done again by its program.",
                "La taille du pool se remet dans le fichier du projet. Ce qui a été coupé est à refaire par son programme.",
            ),
        ),
    )


RUNBOOKS = (
    backup_missing,
    log_not_fetched,
    database_down,
    database_trouble,
)
