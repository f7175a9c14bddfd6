"""
Servers and their networks: who reaches them, who logs in, and what cannot be deleted by mistake.
"""

from policies.french import French

PROTECTED = (
    "Cette règle pose la protection ; pour détruire la ressource exprès, la lever dans une mise à jour qui ne fait que cela."
)

TEXTS = {
    "ssh-open-to-world": French(
        "SSH n'est joignable que depuis les plages d'adresses des administrateurs.",
        "Énumérer les plages des administrateurs dans `access.sources` de Pulumi.<stack>.yaml.",
    ),
    "database-open-to-world": French(
        "Aucune base de données ni aucun cache n'est joignable depuis Internet.",
        "Retirer l'entrée du pare-feu : les bases sont atteintes par le réseau privé.",
    ),
    "docker-api-open-to-world": French(
        "Ni l'interface de Docker ni le swarm ne sont joignables depuis Internet.",
        "Retirer l'entrée du pare-feu : Docker est atteint en SSH, et les nœuds par le réseau privé.",
    ),
    "any-port-open-to-world": French(
        "Les ports sont ouverts à Internet un par un, pas par plages.",
        "Nommer les ports dont un rôle a besoin, chacun dans sa propre entrée.",
    ),
    "admin-range-too-wide": French(
        "Les administrateurs viennent de peu d'adresses.",
        "Restreindre `access.sources` dans Pulumi.<stack>.yaml à la plage propre du bureau ou du VPN.",
    ),
    "port-without-role": French(
        "Un pare-feu laisse entrer ce dont les rôles des serveurs ont besoin, et rien d'autre.",
        "Retirer l'entrée du pare-feu, ou donner au groupe le rôle qui en a besoin.",
    ),
    "database-server-exposed": French(
        "Un serveur qui a des bases de données n'offre rien à Internet.",
        "Donner au rôle `db` un groupe qui lui soit propre dans `servers` de Pulumi.<stack>.yaml, sans le rôle `ingress`.",
    ),
    "network-range-not-private": French(
        "Un réseau privé utilise des adresses privées.",
        "Choisir `network.cidr` dans 10.0.0.0/8, 172.16.0.0/12 ou 192.168.0.0/16, dans Pulumi.<stack>.yaml.",
    ),
    "network-range-too-wide": French(
        "Le réseau d'un environnement n'est pas plus large que nécessaire, pour qu'on distingue environnements et bureaux.",
        "Restreindre `network.cidr` dans Pulumi.<stack>.yaml, par exemple à un /16 qui lui soit propre.",
    ),
    "network-routed-through-one-server": French(
        "Aucun serveur ne voit tout ce que les autres envoient vers Internet.",
        "Nommer les réseaux auxquels mène la passerelle dans `network.routes` de Pulumi.<stack>.yaml.",
    ),
    "overlay-attachable": French(
        "Seuls les services du swarm rejoignent les réseaux du swarm.",
        "Omettre `attachable`, ou le mettre à false.",
    ),
    "server-without-firewall": French(
        "Chaque serveur est derrière un pare-feu de Hetzner.",
        "Donner au serveur, dans `firewall_ids`, le pare-feu de son groupe.",
    ),
    "server-delete-protection": French("Hetzner refuse de supprimer un serveur à quiconque le demande par erreur.", PROTECTED),
    "server-rebuild-protection": French(
        "Hetzner refuse de réinstaller un serveur à quiconque le demande par erreur.", PROTECTED
    ),
    "volume-delete-protection": French("Hetzner refuse de supprimer un volume à quiconque le demande par erreur.", PROTECTED),
    "network-delete-protection": French("Hetzner refuse de supprimer un réseau à quiconque le demande par erreur.", PROTECTED),
    "floating-ip-delete-protection": French(
        "Hetzner refuse de supprimer une IP flottante à quiconque le demande par erreur.", PROTECTED
    ),
    "primary-ip-delete-protection": French(
        "Hetzner refuse de supprimer une IP primaire à quiconque le demande par erreur.", PROTECTED
    ),
    "stateful-unprotected": French(
        "Pulumi refuse de supprimer ce qui contient des données ou est connu par son adresse.",
        "Régler `protect` dans les options de la ressource, comme le fait `protect=not is_sandbox(stack)` pour tous les "
        "composants.",
    ),
    "server-replaced-by-edit": French(
        "Aucune modification ne remplace un serveur.",
        "Les nommer dans `ignore_changes` : ces propriétés comptent à la création du serveur, et les rôles de l'hôte font le "
        "reste.",
    ),
    "ssh-key-weak": French(
        "Les clés des administrateurs sont d'un genre et d'une taille qui tiennent des années.",
        "En faire une nouvelle avec `ssh-keygen -t ed25519` et la mettre dans `access.public_keys` de Pulumi.<stack>.yaml.",
    ),
    "ssh-key-shared": French(
        "Chaque administrateur a sa propre clé.",
        "Donner à chaque nom de `access.public_keys`, dans Pulumi.<stack>.yaml, sa propre clé.",
    ),
    "ssh-keys-too-many": French(
        "Peu de gens administrent les serveurs.",
        "Retirer de `access.public_keys`, dans Pulumi.<stack>.yaml, les clés de ceux qui sont partis.",
    ),
    "server-without-ssh-key": French(
        "Les serveurs sont créés avec des clés SSH, si bien qu'aucun mot de passe n'existe jamais.",
        "Donner au serveur les `ssh_keys` des administrateurs de l'environnement.",
    ),
    "user-data-secret": French(
        "Aucun secret ne fait partie des données utilisateur (user data) d'un serveur.",
        "L'envoyer plus tard, sur l'entrée standard d'une étape par SSH.",
    ),
    "user-data-password-login": French(
        "Dès sa première seconde, un serveur n'accepte que des clés.",
        "Régler `ssh_pwauth: false` dans son cloud-init, comme le fait components/cloud_init.py.",
    ),
    "user-data-sets-password": French(
        "Aucun compte n'a de mot de passe.",
        "Le retirer : les administrateurs se connectent avec des clés, et `sudo` n'en demande pas.",
    ),
    "user-data-root-password-login": French(
        "Personne ne se connecte en root avec un mot de passe.",
        "Écrire `PermitRootLogin prohibit-password` : les déploiements atteignent Docker en root, avec une clé.",
    ),
    "user-data-runs-download": French(
        "Un serveur n'exécute à son premier démarrage que ce qui a été relu.",
        "Installer des paquets signés par la distribution, ou comparer une somme de contrôle avant d'exécuter le fichier.",
    ),
    "load-balancer-without-health-check": French(
        "Un répartiteur de charge sait quels serveurs peuvent répondre.",
        "Donner au service un `health_check`.",
    ),
    "load-balancer-plain-http": French(
        "Un répartiteur de charge transmet les connexions telles quelles, ou reçoit HTTPS et y renvoie HTTP.",
        "Utiliser le protocole `tcp` et laisser Caddy faire TLS, ou `https` avec `redirect_http`.",
    ),
    "load-balancer-public-target": French(
        "Un répartiteur de charge atteint ses serveurs par le réseau privé.",
        "Activer `use_private_ip`.",
    ),
    "backup-unencrypted": French(
        "Les sauvegardes sont chiffrées.",
        "Garder `encrypted` : pgBackRest et restic chiffrent ce qu'ils conservent.",
    ),
}
