"""
Secrets, and the commands and connections that would give them away.
"""

from policies.french import French

ON_STANDARD_INPUT = "L'envoyer sur l'entrée standard (`stdin`), comme le fait components/remote.py."

TEXTS = {
    "container-secret-in-environment": French(
        "Les conteneurs reçoivent les secrets en fichiers, pas en variables d'environnement.",
        "Le nommer dans `secrets` de projects/<name>.yaml ; le programme lit alors le fichier que désigne <NAME>_FILE.",
    ),
    "container-secret-in-command-or-label": French(
        "Ni la commande d'un conteneur ni ses étiquettes ne contiennent de secret.",
        "Le nommer dans `secrets` de projects/<name>.yaml, et laisser le programme lire le fichier.",
    ),
    "swarm-secret-in-plain-text": French(
        "Ce que le swarm garde secret l'est aussi dans l'état de la pile.",
        "Envelopper la valeur dans `Output.secret`, et la garder dans la configuration de la pile : `flotilla secrets set`.",
    ),
    "secret-in-outputs": French(
        "Les sorties, dont sont faits les documents et dont se servent d'autres programmes, ne contiennent aucun secret.",
        "Le retirer de components/outputs.py ; qui en a besoin le lit dans la configuration de la pile.",
    ),
    "command-secret-in-command-line": French(
        "Aucune ligne de commande ne contient de secret : tous ceux qui sont sur la machine peuvent la lire.",
        ON_STANDARD_INPUT,
    ),
    "command-secret-in-environment": French(
        "Les étapes reçoivent les secrets sur l'entrée standard, pas dans leur environnement.", ON_STANDARD_INPUT
    ),
    "command-secret-input-in-plain-text": French(
        "Ce qui est envoyé en secret à une machine est secret aussi dans l'état de la pile.",
        "Envelopper la valeur dans `Output.secret` avant qu'elle ne fasse partie de l'entrée.",
    ),
    "command-password-login": French(
        "Pulumi se connecte avec des clés.",
        "Donner à la connexion une `private_key`, ou l'omettre et utiliser les clés de l'agent SSH.",
    ),
    "docker-over-plain-tcp": French(
        "Docker est atteint en SSH, ou en TLS avec des certificats des deux côtés.",
        "Mettre le `host` du fournisseur à `ssh://root@<address>`.",
    ),
    "docker-host-key-unchecked": French(
        "Pulumi connaît par sa clé le serveur auquel il parle.",
        "Utiliser `StrictHostKeyChecking=accept-new` avec un fichier known_hosts que l'on conserve.",
    ),
    "provider-credential-in-plain-text": French(
        "Les identifiants des fournisseurs viennent de l'environnement ou sont secrets dans l'état de la pile.",
        "S'en remettre à l'environnement (HCLOUD_TOKEN, CLOUDFLARE_API_TOKEN), ou utiliser `pulumi config set --secret`.",
    ),
}
