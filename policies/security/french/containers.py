"""
Containers: where their images come from, what they may do on their host, and how much they may use of it.
"""

from policies.french import French

BY_DIGEST = (
    "Écrire la référence sous la forme `name@sha256:...` ; `flotilla sandbox publish` et les fichiers de versions le font."
)

TEXTS = {
    "image-by-tag": French(
        "Les images sont désignées par leur empreinte, pour que ce qui tourne soit ce qui a été testé.", BY_DIGEST
    ),
    "image-latest": French("Aucune image n'est `latest`, que ce soit écrit ou sous-entendu.", BY_DIGEST),
    "image-from-unknown-registry": French(
        "Les images viennent du registre de l'environnement.",
        "La pousser vers le `registry` de Pulumi.<stack>.yaml et s'y référer.",
    ),
    "container-root-user": French(
        "Les conteneurs tournent sous un utilisateur qui n'est personne sur l'hôte.",
        "Donner à `user_id` du processus dans projects/<name>.yaml, ou à `user` du conteneur, un nombre supérieur à 0.",
    ),
    "container-privileged": French(
        "Aucun conteneur n'est privilégié.",
        "Retirer `privileged` et ajouter la seule capacité nécessaire.",
    ),
    "container-added-capability": French(
        "Les conteneurs ne reçoivent aucune capacité du noyau, hormis les rares qui sont sans danger.",
        "Retirer la capacité, ou écouter plutôt sur un port au-dessus de 1023.",
    ),
    "container-keeps-capabilities": French(
        "Les conteneurs abandonnent toutes les capacités du noyau.",
        "Abandonner `ALL`, et rajouter ce qui est nécessaire.",
    ),
    "container-writable-root": French(
        "Le système de fichiers propre d'un conteneur est en lecture seule.",
        "Régler `read_only`, avec un tmpfs pour le provisoire et un volume pour ce qui reste.",
    ),
    "container-host-namespaces": French(
        "Les conteneurs voient leurs propres processus, mémoire et utilisateurs, pas ceux de l'hôte.",
        "Retirer `pidMode`, `ipcMode`, `usernsMode`, `cgroupnsMode`.",
    ),
    "container-new-privileges": French(
        "Aucun programme n'acquiert de privilèges dans un conteneur.",
        "Mettre `security_opts` à `no-new-privileges:true`. Pour les services, le démon de Docker le dit pour tous.",
    ),
    "container-unconfined": French(
        "Le confinement propre à Docker reste actif.",
        "Le retirer de `security_opts`.",
    ),
    "container-host-device": French(
        "Aucun conteneur n'a de périphérique de son hôte.",
        "Retirer `devices`.",
    ),
    "docker-socket-mounted": French(
        "Aucun conteneur ne parle à Docker.",
        "Retirer le montage ; ce qui doit parler à Docker tourne sur l'hôte, comme unité de systemd.",
    ),
    "system-folder-mounted": French(
        "Aucun conteneur ne voit les dossiers dont vit son hôte.",
        "Monter le seul dossier nécessaire, sous /mnt/data ou /etc/flotilla.",
    ),
    "host-path-outside-allowed": French(
        "Les conteneurs ne voient de leur hôte que les dossiers faits pour eux.",
        "Déclarer un volume dans projects/<name>.yaml : son dossier est créé sous /mnt/data.",
    ),
    "mount-propagation-shared": French(
        "Un conteneur ne peut rien monter sur son hôte.",
        "Omettre `propagation`, ou le mettre à `rprivate`.",
    ),
    "container-without-memory-limit": French(
        "Chaque conteneur a une limite de mémoire.",
        "Régler `limits.memory_mb` du processus dans projects/<name>.yaml.",
    ),
    "container-without-cpu-limit": French(
        "Chaque conteneur a une limite de temps processeur.",
        "Régler `limits.cpus` du processus dans projects/<name>.yaml.",
    ),
    "container-unbounded-logs": French(
        "Aucun conteneur ne remplit le disque de son hôte avec des journaux.",
        "Régler `max-size` et `max-file` du pilote de journaux, ou utiliser `journald`.",
    ),
    "container-without-healthcheck": French(
        "Un conteneur qui reçoit des requêtes dit s'il peut y répondre.",
        "Régler `health` du processus dans projects/<name>.yaml.",
    ),
    "container-not-restarted": French(
        "Ce qui est tombé en panne est relancé.",
        "Régler la politique de redémarrage : `any` pour les services, `unless-stopped` pour les conteneurs.",
    ),
    "port-published-past-ingress": French(
        "Seule l'entrée publie des ports, et seulement ceux du web.",
        "Retirer le port : l'entrée atteint le conteneur par le réseau du swarm. Lui donner plutôt `domains`.",
    ),
    "container-host-network": French(
        "Les conteneurs ont leur propre réseau.",
        "Rejoindre plutôt le réseau du swarm.",
    ),
    "container-publishes-all-ports": French(
        "Aucun conteneur ne publie d'un coup tous les ports que son image déclare.",
        "Retirer `publish_all_ports`.",
    ),
}
