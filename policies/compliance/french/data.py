"""
Where data is, who may have it, and how it is brought back.
"""

from policies.french import French

MOVE = (
    "La déplacer dans la région de `compliance.data_region`, ou changer ce réglage avec la personne qui répond de la "
    "protection des données."
)
APPROVE = (
    "Le faire ajouter par la personne qui répond de la protection des données à `approvals` dans Pulumi.<stack>.yaml : `what`, "
    "`by`, `date` et `reason`."
)
KEEP = "Le régler dans `backup` de Pulumi.<stack>.yaml, ou dans le `backup` du projet."

TEXTS = {
    "region-declared": French(
        "Un environnement dit dans quelle région les données doivent rester.",
        "Écrire `compliance.data_region` dans Pulumi.<stack>.yaml.",
    ),
    "region-servers": French("Les serveurs sont dans la région des données.", MOVE),
    "region-volumes": French("Les volumes sont dans la région des données.", MOVE),
    "region-networks": French("Les réseaux privés ne couvrent que des zones de la région des données.", MOVE),
    "region-addresses": French("Les adresses par lesquelles arrivent les requêtes relèvent de la région des données.", MOVE),
    "region-load-balancers": French(
        "Les répartiteurs de charge, qui voient les requêtes, sont dans la région des données.", MOVE
    ),
    "region-offsite": French(
        "Les copies des sauvegardes gardées loin des serveurs sont elles aussi dans la région des données.", MOVE
    ),
    "backup-databases": French(
        "Chaque base de données est sauvegardée.",
        "Écrire `backup` dans Pulumi.<stack>.yaml ; tout projet qui a une base est alors couvert.",
    ),
    "backup-volumes": French(
        "Chaque volume d'un projet est sauvegardé.",
        "Écrire `backup` dans Pulumi.<stack>.yaml ; tout projet qui a un volume est alors couvert.",
    ),
    "backup-disks": French(
        "Un environnement qui a des disques de données a des sauvegardes.",
        "Écrire `backup` dans Pulumi.<stack>.yaml.",
    ),
    "backup-offsite": French(
        "Une copie de chaque sauvegarde est gardée loin des serveurs.",
        "Écrire `backup.offsite` dans Pulumi.<stack>.yaml.",
    ),
    "backup-offsite-elsewhere": French(
        "Les copies sont ailleurs que tous les serveurs, serveur de sauvegarde compris.",
        "Les garder à un autre emplacement, et le dire dans `backup.offsite.location` de Pulumi.<stack>.yaml.",
    ),
    "backup-server-elsewhere": French(
        "Les sauvegardes sont rapatriées par un serveur qui leur est réservé, à un autre emplacement que les données.",
        "Donner le rôle `backup` à un groupe qui n'a que lui, avec un autre `location`.",
    ),
    "backup-retention-minimum": French(
        "Les sauvegardes de production sont gardées assez longtemps pour qu'un dégât soit découvert.", KEEP
    ),
    "backup-retention-maximum": French(
        "Les données personnelles ne survivent pas dans les sauvegardes plus longtemps que leur finalité ne le demande.", KEEP
    ),
    "backup-frequency": French("Pas plus d'une journée de données ne peut être perdue.", KEEP),
    "backup-drill": French(
        "Une restauration est essayée régulièrement : une sauvegarde jamais restaurée n'est qu'un espoir.",
        "Baisser `backup.drill_interval_days` dans Pulumi.<stack>.yaml.",
    ),
    "approval-region": French(
        "Des données ne se trouvent hors de l'UE que là où quelqu'un l'a autorisé sous son nom.", APPROVE
    ),
    "approval-personal-data": French(
        "Des données personnelles ne sont gardées que là où quelqu'un l'a autorisé sous son nom.", APPROVE
    ),
    "approval-processor": French(
        "Des données ne vont à une autre entreprise que si quelqu'un l'a autorisé sous son nom.", APPROVE
    ),
    "approval-unused": French(
        "Une autorisation porte sur quelque chose qui existe.",
        "La corriger, ou la supprimer de `approvals` dans Pulumi.<stack>.yaml.",
    ),
    "data-classified": French(
        "Chaque projet dit s'il a des données personnelles.",
        "Écrire `data: personal` ou `data: none` dans projects/<name>.yaml.",
    ),
}
