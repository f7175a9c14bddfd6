"""
What is no machine and lost: the state, the DNS account, a key that is in other hands.
"""

from __future__ import annotations

from ops.confirm import Level
from ops.runbooks.names import Names
from ops.runbooks.runbook import Runbook, Situation, run, say, step
from ops.runbooks.secrets import new_passphrase, new_tokens


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
            "Le moteur ne connaît plus la pile, ou son fichier est illisible. Les serveurs continuent ; personne ne peut les "
            "changer.",
        ),
        risk=Level.CRITICAL,
        steps=(
            step(
                "Change nothing until this is done: an update without the state would make every server twice. See where the "
                "state should be.",
                "Ne rien changer d'ici là : une mise à jour sans l'état créerait chaque serveur en double. Voir où l'état "
                "devrait être.",
                run("pulumi", "whoami", "-v"),
                run("pulumi", "stack", "ls"),
            ),
            step(
                "Is it kept in a bucket with versions: bring the last good version of `.pulumi/stacks/flotilla/` back there, "
                "and go on with the check.",
                "S'il est dans un bucket avec versions : y rétablir la dernière bonne version de `.pulumi/stacks/flotilla/`, "
                "puis passer au contrôle.",
            ),
            step(
                "Otherwise take the last copy that was exported. The key in {file} is used as it is; its passphrase is asked "
                "for.",
                "Sinon, reprendre la dernière copie exportée. La clé de {file} est reprise telle quelle ; sa phrase secrète "
                "est demandée.",
                run("pulumi", "stack", "init", n.stack),
                n.pulumi("stack", "import", "--file", "<copy>.json"),
                file=n.file,
            ),
            step(
                "Take in what has changed since that copy.",
                "Reprendre ce qui a changé depuis cette copie.",
                n.pulumi("refresh", "--yes", "--skip-preview"),
            ),
            step(
                "Whatever is shown as to be created now exists already, and was made after that copy; it is written to a file. "
                "Is nothing shown, go on with the check.",
                "Ce qui s'affiche maintenant comme à créer existe déjà, et date d'après cette copie ; c'est écrit dans un "
                "fichier. Si rien ne s'affiche, passer au contrôle.",
                n.pulumi("preview", "--import-file", "<missing>.json"),
            ),
            step(
                "In that file write each one's id in the place of `<PLACEHOLDER>`: at Hetzner the number that its console "
                "shows, at Cloudflare zone and record with `/` between them, in Docker what the lines below say. Take out what "
                "has `command:` in its type: such steps are done again. Then take the others in.",
                "Dans ce fichier, écrire l'identifiant de chacun à la place de `<PLACEHOLDER>` : chez Hetzner le numéro que "
                "montre sa console, chez Cloudflare la zone et l'enregistrement avec `/` entre eux, dans Docker ce que disent "
                "les lignes ci-dessous. Retirer ceux qui ont `command:` dans leur type : ces étapes sont refaites. Puis "
                "reprendre les autres.",
                n.on(n.manager, "docker", "service", "inspect", "--format", "{{.ID}}", "<service>"),
                n.on(n.manager, "docker", "secret", "ls"),
                n.on(n.manager, "docker", "network", "ls", "--no-trunc"),
                n.pulumi(
                    *("import", "--file", "<missing>.json", "--protect=false", "--generate-code=false"),
                    *("--yes", "--skip-preview"),
                ),
            ),
            step(
                "What is left are changes of what there is: look at the plan, and have it done. It creates no server.",
                "Restent des changements de l'existant : regarder le plan, et l'appliquer. Il ne crée aucun serveur.",
                n.flotilla("plan"),
                n.flotilla("apply"),
            ),
        ),
        check=(
            step(
                "Nothing is to be done any more, and state and world agree.",
                "Il n'y a plus rien à faire, et l'état correspond au réel.",
                n.pulumi("preview", "--expect-no-changes"),
                n.flotilla("audit", "drift"),
            ),
        ),
        undo=(
            step(
                "A wrong copy was imported: import another one.",
                "Une mauvaise copie a été importée : en importer une autre.",
                n.pulumi("stack", "import", "--file", "<other copy>.json"),
            ),
        ),
        rehearsed="tests/proof/test_runbook_state_and_keys.py",
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
                "Sur un autre compte, créer les mêmes zones et un jeton qui peut modifier leurs enregistrements ; le donner "
                "à ce shell.",
                run("read", "-rs", "CLOUDFLARE_API_TOKEN"),
                run("export", "CLOUDFLARE_API_TOKEN"),
            ),
            step(
                "See which records the state has: the lines of type `DnsRecord`.",
                "Voir les enregistrements de l'état : les lignes de type `DnsRecord`.",
                n.pulumi("stack", "--show-urns"),
            ),
            step(
                "Take all of them out of the state, each name in quotes, in one command, and what depends on them; this "
                "deletes nothing anywhere, and the next step does it again.",
                "Les retirer tous de l'état, chaque nom entre apostrophes, en une seule commande, avec ce qui en dépend ; cela "
                "ne supprime rien nulle part, et l'étape suivante le refait.",
                n.pulumi("state", "remove", "<urn>", "--target-dependents", "--yes"),
            ),
            step(
                "Make all records in the new zones.",
                "Créer tous les enregistrements dans les nouvelles zones.",
                n.pulumi("up"),
            ),
            step(
                "At the registrar enter the new zones' name servers. Others learn of it within hours, at most two days.",
                "Chez le registraire, saisir les serveurs de noms des nouvelles zones. Les autres l'apprennent en quelques "
                "heures, deux jours au plus.",
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
        rehearsed="tests/proof/test_runbook_rehearsals.py",
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
                "A token of Hetzner or Cloudflare: delete it in their console first, then make a new one and give it to this "
                "shell and to CI.",
                "Un jeton Hetzner ou Cloudflare : le supprimer d'abord dans leur console, puis en créer un et le donner à ce "
                "shell et à la CI.",
                *new_tokens(),
            ),
            step(
                "An administrator's SSH key: take it out of `access.public_keys` in {file}, put the new one in, bring it "
                "out. Sessions are ended, the account and every copy of the key are removed.",
                "La clé SSH d'un administrateur : la retirer de `access.public_keys` dans {file}, mettre la nouvelle, "
                "appliquer. Les sessions sont coupées, le compte et toutes les copies de la clé retirés.",
                n.flotilla("settings", "check"),
                n.flotilla("apply"),
                file=n.file,
            ),
            step(
                "What somebody may have left on servers: keys beside those of administrators go, also where nothing was to be "
                "applied. What the audit still names is yours to judge; each finding has its command.",
                "Ce que quelqu'un a pu laisser sur les serveurs : les clés autres que celles des administrateurs partent, même "
                "si rien n'était à appliquer. Ce que l'audit nomme encore est à juger ; chaque constat a sa commande.",
                n.flotilla("host", "converge"),
                n.flotilla("audit", "security"),
            ),
            step(
                "The passphrase or key of the stack: change it; the new one is asked for twice. Give it to this shell, then to "
                "everybody who works on it, and to CI.",
                "La phrase secrète ou la clé de la pile : la changer ; la nouvelle est demandée deux fois. La donner à ce "
                "shell, puis à tous ceux qui y travaillent et à la CI.",
                *new_passphrase(n),
            ),
            step(
                "Then change every secret that it opened, and the environment's key, each by its page: old copies of {file} "
                "can still be read.",
                "Puis changer chaque secret qu'elle ouvrait, et la clé de l'environnement, chacun selon sa page : les "
                "anciennes copies de {file} restent lisibles.",
                n.flotilla("runbook", "rotate-secrets"),
                n.flotilla("runbook", "rotate-key"),
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
                "Never bring a key back that was in other hands. A new one that locks you out: Hetzner's console still opens "
                "the server.",
                "Ne jamais remettre une clé qui a été en d'autres mains. Si la nouvelle vous exclut, la console Hetzner "
                "ouvre encore le serveur.",
            ),
        ),
        rehearsed="tests/proof/test_runbook_state_and_keys.py",
    )


RUNBOOKS = (
    state_lost,
    dns_account_lost,
    key_compromised,
)
