"""
What is lost for good: servers, a location, the state, the DNS account, a key.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, Step, run, say, step

LOST_DATABASE = "database-server-lost"


def refreshed(n: Names) -> Step:
    """
    What is gone goes from the state.
    """
    return step(
        "Have the state forget what is gone. It may end with an error about what ran there: go on.",
        "Faire oublier à l'état ce qui a disparu. Une erreur sur ce qui y tournait est possible : continuer.",
        n.pulumi("refresh", "--yes", "--skip-preview"),
    )


def brought_up(n: Names) -> Step:
    """
    What is missing is made again.
    """
    return step(
        "Make what is missing: machines, disks, roles, containers.",
        "Recréer ce qui manque : machines, disques, rôles, conteneurs.",
        n.pulumi("up", "--yes", "--skip-preview"),
    )


def deleted_at_hetzner() -> Step:
    """
    By hand.
    """
    return step(
        "Where the machine still exists at Hetzner but cannot be saved: in the Hetzner console take its protection off and delete it. "
        "Leave its volume, unless that is lost too.",
        "Si la machine existe encore chez Hetzner sans pouvoir être sauvée : dans la console Hetzner, lever sa protection et la "
        "supprimer. Garder son volume, sauf s'il est perdu aussi.",
    )


def all_well(n: Names, *checks: str) -> tuple[Step, ...]:
    """
    How to see that it worked.
    """
    return (
        step(
            "No server differs from its roles (exit code 0).",
            "Aucun serveur ne diffère de ses rôles (code de sortie 0).",
            n.flotilla("host", "converge", "--dry-run"),
        ),
        step(
            "The audit says nothing about it any more.",
            "L'audit n'en dit plus rien.",
            n.flotilla("audit", *checks),
        ),
    )


NOTHING_TO_UNDO = (
    step(
        "Nothing can be taken back: what was lost is replaced, not changed. Every step may be repeated.",
        "Rien à annuler : ce qui était perdu est remplacé, pas modifié. Chaque étape peut être répétée.",
    ),
)


def server_lost(n: Names) -> Runbook:
    """
    Any but the database server and the backup server, which have their own.
    """
    others = [found for found in n.servers if not found.roles & {"db", "backup"}]
    ingress = n.having("ingress")
    certificates = tuple(
        n.flotilla("restore", "ingress", "--volume", f"certificates-{found.name}", "--over-existing") for found in ingress[:12]
    )
    return Runbook(
        slug="server-lost",
        situation=Situation.DISASTER,
        title=say("A server is lost", "Un serveur est perdu"),
        when=say(
            "A server was deleted, or does not come back and cannot be repaired. Its disk for data may still be there: then "
            "nothing has to be restored. The loss of {manager}, which answers for the swarm, was tried with no other server for "
            "containers beside it.",
            "Un serveur a été supprimé, ou ne revient pas et ne peut être réparé. Si son disque de données existe encore, il n'y a "
            "rien à restaurer. La perte de {manager}, qui répond du swarm, n'a été essayée que sans autre serveur de conteneurs.",
            manager=n.manager,
        ),
        risk=Level.CRITICAL,
        operations=("host converge", "restore"),
        answers=frozenset({"containers.node-down"}),
        steps=(
            deleted_at_hetzner(),
            step(
                "Let the state give it up: only the line of the lost server.",
                "Autoriser l'état à l'abandonner : seulement la ligne du serveur perdu.",
                *(n.unprotect(found, with_disks=False) for found in others[:12]),
            ),
            refreshed(n),
            brought_up(n),
            *(
                [
                    step(
                        "Only where the disk was lost with it: give the volumes back from the last backup.",
                        "Seulement si le disque est perdu aussi : rendre les volumes depuis la dernière sauvegarde.",
                        *n.restored_volumes(),
                    )
                ]
                if n.restored_volumes()
                else []
            ),
            *(
                [
                    step(
                        "Only where the authority refuses new certificates (its limit is reached): take the old ones from the "
                        "backup, the line of the lost server, before the next backup is made.",
                        "Seulement si l'autorité refuse de nouveaux certificats (limite atteinte) : reprendre les anciens depuis la "
                        "sauvegarde, la ligne du serveur perdu, avant la prochaine sauvegarde.",
                        *certificates,
                    )
                ]
                if certificates and n.is_acme
                else []
            ),
        ),
        check=(
            *all_well(n, "hosts", "containers", "network"),
            step("All projects are healthy.", "Tous les projets sont sains.", n.flotilla("status")),
        ),
        undo=NOTHING_TO_UNDO,
        rehearsed="tests/e2e/test_slice.py",
    )


def database_server_lost(n: Names) -> Runbook:
    """
    Machine and disk. Executed literally by tests/e2e/operations/test_runbook_disaster.py.
    """
    servers = n.having("db")
    return Runbook(
        slug=LOST_DATABASE,
        situation=Situation.DISASTER,
        title=say("The database server is lost", "Le serveur de bases de données est perdu"),
        when=say(
            "The database server is gone for good, with its disk. Everything that was committed until some seconds before is on "
            "the backup server {backup}. Is the disk still there, use the page about a lost server: nothing has to be restored.",
            "Le serveur de bases de données a disparu avec son disque. Tout ce qui était validé jusqu'à quelques secondes avant est "
            "sur le serveur de sauvegarde {backup}. Si le disque existe encore, suivre la page du serveur perdu : rien à restaurer.",
            backup=n.first("backup"),
        ),
        risk=Level.CRITICAL,
        operations=("restore",),
        steps=(
            step(
                "Let the state give up the machine and its disk. Harmless where nothing is protected.",
                "Autoriser l'état à abandonner la machine et son disque. Sans effet si rien n'est protégé.",
                *([n.unprotect(*servers[:12], with_disks=True)] if servers else []),
            ),
            refreshed(n),
            brought_up(n),
            step(
                "Give every database back, compared with what was backed up; a full backup of the new server follows by itself. "
                "Until this has ended, backups of the new, empty databases are refused.",
                "Rendre toutes les bases, comparées à ce qui a été sauvegardé ; une sauvegarde complète du nouveau serveur suit "
                "d'elle-même. D'ici là, les sauvegardes des nouvelles bases vides sont refusées.",
                n.critical("restore", "--all", reason="the database server is lost"),
            ),
        ),
        check=(
            *all_well(n, "data"),
            step(
                "Every database has a backup of the new server.",
                "Chaque base a une sauvegarde du nouveau serveur.",
                n.flotilla("backup", "list"),
            ),
        ),
        undo=NOTHING_TO_UNDO,
        rehearsed="tests/e2e/operations/test_runbook_disaster.py",
    )


def backup_server_lost(n: Names) -> Runbook:
    """
    The data itself is safe: it is where it is used.
    """
    backup = n.first("backup")
    keepers = n.having("backup")
    offsite = (
        step(
            "To have the old backups, too: bring the folder back from off-site. `<place>` is the repository's address, as restic "
            "writes it.",
            "Pour retrouver aussi les anciennes sauvegardes : ramener le dossier depuis la copie externe. `<place>` est l'adresse du "
            "dépôt, comme restic l'écrit.",
            n.on(
                backup,
                *("restic", "-r", "<place>", "--password-file", "/etc/flotilla/backup/restic.key"),
                *("restore", "latest", "--tag", "pgbackrest", "--target", "/"),
            ),
        ),
    )
    return Runbook(
        slug="backup-server-lost",
        situation=Situation.DISASTER,
        title=say("The backup server is lost", "Le serveur de sauvegarde est perdu"),
        when=say(
            "The server that keeps the backups is gone. Projects run on; until this is done, nothing new is backed up.",
            "Le serveur qui garde les sauvegardes a disparu. Les projets continuent ; d'ici là, rien de nouveau n'est sauvegardé.",
        ),
        risk=Level.CRITICAL,
        operations=("host converge",),
        answers=frozenset({"data.backup-server-missing"}),
        steps=(
            deleted_at_hetzner(),
            step(
                "Let the state give it up; leave the second name out where its disk is still there.",
                "Autoriser l'état à l'abandonner ; omettre le second nom si son disque existe encore.",
                *([n.unprotect(*keepers[:12], with_disks=True)] if keepers else []),
            ),
            refreshed(n),
            brought_up(n),
            *(offsite if n.offsite else ()),
            step("Back everything up.", "Tout sauvegarder.", n.flotilla("backup", "run", "--full")),
        ),
        check=(
            step(
                "Everything can be restored.",
                "Tout peut être restauré.",
                n.flotilla("backup", "verify"),
                n.flotilla("backup", "list"),
            ),
        ),
        undo=NOTHING_TO_UNDO,
    )


def location_lost(n: Names) -> Runbook:
    """
    The servers of the environment's own location; others are done alike.
    """
    lost = [found for found in n.servers if found.location == n.location]
    return Runbook(
        slug="location-lost",
        situation=Situation.DISASTER,
        title=say("A location is lost", "Un site est perdu"),
        when=say(
            "Hetzner's location {location} is gone for long, with the servers there. Backups stand elsewhere. Where the backup "
            "server stood there, too, begin with the off-site copy (page about the lost backup server).",
            "Le site Hetzner {location} est durablement perdu, avec ses serveurs. Les sauvegardes sont ailleurs. Si le serveur de "
            "sauvegarde s'y trouvait aussi, commencer par la copie externe (page du serveur de sauvegarde perdu).",
            location=n.location,
        ),
        risk=Level.CRITICAL,
        operations=("restore",),
        steps=(
            step(
                "In {file} write another location of the same network zone: `location` of the environment, and of each pool that "
                "names the lost one. Then see that the settings fit together.",
                "Dans {file}, écrire un autre site de la même zone réseau : `location` de l'environnement et de chaque groupe qui "
                "nomme le site perdu. Puis vérifier les réglages.",
                n.flotilla("settings", "check"),
                file=n.file,
            ),
            step(
                "In the Hetzner console take the protection off the servers and volumes of the lost location and delete them, as far "
                "as they are still listed; a load balancer there, too.",
                "Dans la console Hetzner, lever la protection des serveurs et volumes du site perdu et les supprimer s'ils y figurent "
                "encore ; un répartiteur de charge aussi.",
            ),
            step(
                "Let the state give them up.",
                "Autoriser l'état à les abandonner.",
                *(n.unprotect(found, with_disks=True) for found in lost[:12]),
            ),
            refreshed(n),
            brought_up(n),
            step(
                "Give all databases back, then the volumes.",
                "Rendre toutes les bases, puis les volumes.",
                n.critical("restore", "--all", reason="a location is lost"),
                *n.restored_volumes(),
            ),
        ),
        check=(
            *all_well(n, "hosts", "containers", "data", "network", "dns"),
            step(
                "Names lead to the new servers once others have forgotten the old answer.",
                "Les noms mènent aux nouveaux serveurs une fois l'ancienne réponse oubliée.",
                n.flotilla("status"),
            ),
        ),
        undo=NOTHING_TO_UNDO,
    )


def state_lost(n: Names) -> Runbook:
    """
    docs/state.md, as tests/integration/test_state_remote.py tries it.
    """
    return Runbook(
        slug="state-lost",
        situation=Situation.DISASTER,
        title=say("The state is lost or damaged", "L'état est perdu ou abîmé"),
        when=say(
            "The engine does not know the stack any more, or its file cannot be read. Servers run on; nobody can change them.",
            "Le moteur ne connaît plus la pile, ou son fichier est illisible. Les serveurs continuent ; personne ne peut les changer.",
        ),
        risk=Level.CRITICAL,
        steps=(
            step(
                "Change nothing until this is done: an update without the state would make every server twice. See where the state "
                "should be.",
                "Ne rien changer d'ici là : une mise à jour sans l'état créerait chaque serveur en double. Voir où l'état devrait être.",
                run("pulumi", "whoami", "-v"),
                run("pulumi", "stack", "ls"),
            ),
            step(
                "Is it kept in a bucket with versions: bring the last good version of `.pulumi/stacks/flotilla/` back there, and go "
                "on with the check.",
                "S'il est dans un bucket avec versions : y rétablir la dernière bonne version de `.pulumi/stacks/flotilla/`, puis passer "
                "au contrôle.",
            ),
            step(
                "Otherwise take the last copy that was exported. The key in {file} is used as it is; its passphrase is asked for.",
                "Sinon, reprendre la dernière copie exportée. La clé de {file} est reprise telle quelle ; sa phrase secrète est demandée.",
                run("pulumi", "stack", "init", n.stack),
                n.pulumi("stack", "import", "--file", "<copy>.json"),
                file=n.file,
            ),
            step(
                "Take in what has changed since that copy.",
                "Reprendre ce qui a changé depuis cette copie.",
                n.pulumi("refresh", "--yes", "--skip-preview"),
            ),
        ),
        check=(
            step(
                "Nothing is to be made anew. Whatever is shown as to be created exists already: take it in with `pulumi import`, do "
                "not go on.",
                "Rien n'est à créer. Ce qui s'affiche comme à créer existe déjà : le reprendre avec `pulumi import`, ne pas continuer.",
                n.pulumi("preview", "--expect-no-changes"),
            ),
        ),
        undo=(
            step(
                "A wrong copy was imported: import another one.",
                "Une mauvaise copie a été importée : en importer une autre.",
                n.pulumi("stack", "import", "--file", "<other copy>.json"),
            ),
        ),
        rehearsed="tests/integration/test_state_remote.py",
    )


def dns_account_lost(n: Names) -> Runbook:
    """
    The zones themselves are made by hand; their records by the program.
    """
    return Runbook(
        slug="dns-account-lost",
        situation=Situation.DISASTER,
        title=say("The DNS account is lost", "Le compte DNS est perdu"),
        when=say(
            "Nobody gets into the account at Cloudflare any more, or it was taken over. The zones: {zones}.",
            "Plus personne n'accède au compte Cloudflare, ou il a été pris. Les zones : {zones}.",
            zones=", ".join(n.zones),
        ),
        risk=Level.CRITICAL,
        steps=(
            step(
                "At another account make the same zones, and a token that may edit their records; give it to this shell.",
                "Sur un autre compte, créer les mêmes zones et un jeton qui peut modifier leurs enregistrements ; le donner à ce shell.",
                run("read", "-rs", "CLOUDFLARE_API_TOKEN"),
                run("export", "CLOUDFLARE_API_TOKEN"),
            ),
            step(
                "See which records the state has: the lines of type `DnsRecord`.",
                "Voir les enregistrements de l'état : les lignes de type `DnsRecord`.",
                n.pulumi("stack", "--show-urns"),
            ),
            step(
                "Take each of them out of the state; this deletes nothing anywhere. All names may stand in one command.",
                "Les retirer de l'état ; cela ne supprime rien nulle part. Une seule commande peut les nommer tous.",
                n.pulumi("state", "remove", "<urn>", "--yes"),
            ),
            step(
                "Make all records in the new zones.",
                "Créer tous les enregistrements dans les nouvelles zones.",
                n.pulumi("up"),
            ),
            step(
                "At the registrar enter the new zones' name servers. Others learn of it within hours, at most two days.",
                "Chez le registraire, saisir les serveurs de noms des nouvelles zones. Les autres l'apprennent en quelques heures, deux "
                "jours au plus.",
            ),
        ),
        check=(
            step(
                "Every name leads where it should, and certificates are renewed.",
                "Chaque nom mène où il doit, et les certificats se renouvellent.",
                n.flotilla("audit", "dns", "tls"),
            ),
        ),
        undo=(
            step(
                "As long as the registrar has the old name servers nothing has changed for visitors.",
                "Tant que le registraire a les anciens serveurs de noms, rien n'a changé pour les visiteurs.",
            ),
        ),
    )


def key_compromised(n: Names) -> Runbook:
    """
    What somebody else may have, the most dangerous first.
    """
    return Runbook(
        slug="key-compromised",
        situation=Situation.DISASTER,
        title=say("A key is in other hands", "Une clé est en d'autres mains"),
        when=say(
            "A laptop is lost, somebody leaves in anger, a token was shown: whoever has it may act in your name.",
            "Un portable perdu, un départ conflictuel, un jeton montré : qui l'a peut agir en votre nom.",
        ),
        risk=Level.CRITICAL,
        operations=("apply", "host converge"),
        answers=frozenset({"security.key-unknown", "security.account-unknown", "security.sudoer-unknown"}),
        steps=(
            step(
                "An administrator's SSH key: take it out of `access.public_keys` in {file}, put the new one in, bring it out. Sessions "
                "are ended, the account and every copy of the key are removed.",
                "La clé SSH d'un administrateur : la retirer de `access.public_keys` dans {file}, mettre la nouvelle, appliquer. Les "
                "sessions sont coupées, le compte et toutes les copies de la clé retirés.",
                n.flotilla("settings", "check"),
                n.flotilla("apply"),
                file=n.file,
            ),
            step(
                "A token of Hetzner or Cloudflare: revoke it in their console first, then make a new one and give it to this shell and "
                "to CI.",
                "Un jeton Hetzner ou Cloudflare : le révoquer d'abord dans leur console, puis en créer un et le donner à ce shell et à "
                "la CI.",
                run("read", "-rs", "HCLOUD_TOKEN"),
                run("export", "HCLOUD_TOKEN"),
            ),
            step(
                "The passphrase or key of the stack: change it, then every secret that it opened, as the page about secrets says: old "
                "copies of {file} can still be read.",
                "La phrase secrète ou la clé de la pile : la changer, puis chaque secret qu'elle ouvrait, selon la page des secrets : les "
                "anciennes copies de {file} restent lisibles.",
                n.pulumi("stack", "change-secrets-provider", "passphrase"),
                file=n.file,
            ),
            step(
                "See what was done with it: Flotilla's own history, and the cloud against the state.",
                "Voir ce qui en a été fait : l'historique de Flotilla, et le cloud comparé à l'état.",
                n.flotilla("history", "-n", "200"),
                n.flotilla("history", "verify"),
                n.flotilla("audit", "security", "drift"),
            ),
        ),
        check=(
            step(
                "Nobody has access who should not.",
                "Personne n'a d'accès indu.",
                n.flotilla("audit", "security", "--fail-on", "degraded"),
            ),
        ),
        undo=(
            step(
                "Never bring a key back that was in other hands. A new one that locks you out: Hetzner's console still opens the server.",
                "Ne jamais remettre une clé qui a été en d'autres mains. Si la nouvelle vous exclut, la console Hetzner ouvre encore le "
                "serveur.",
            ),
        ),
    )


RUNBOOKS = (
    server_lost,
    database_server_lost,
    backup_server_lost,
    location_lost,
    state_lost,
    dns_account_lost,
    key_compromised,
)
