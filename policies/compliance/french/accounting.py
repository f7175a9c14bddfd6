"""
What things are called, what they cost, and what is excused.
"""

from policies.french import French

TEXTS = {
    "labels-known": French(
        "Les ressources du fournisseur disent ce qui les gère et à quel environnement elles appartiennent.",
        "Il n'y a rien à faire là où la règle peut corriger elle-même. Sinon, mettre ces étiquettes dans `labels`.",
    ),
    "labels-environment": French(
        "L'étiquette qui nomme l'environnement dit vrai.",
        "Corriger l'étiquette, ou choisir la pile à laquelle la ressource était destinée.",
    ),
    "labels-required": French(
        "Les ressources du fournisseur portent les étiquettes que l'environnement demande.",
        "Mettre l'étiquette sur la ressource, ou la retirer de `compliance.required_labels`.",
    ),
    "names-pattern": French(
        "Les ressources du fournisseur ont des noms qui disent ce qu'elles sont, en minuscules avec des traits d'union.",
        "Donner à `name` des mots faits de a-z et de 0-9, séparés par des traits d'union.",
    ),
    "names-environment": French(
        "Ce qu'un environnement partage entre ses serveurs porte le nom de l'environnement.",
        "Commencer le nom par celui de l'environnement, suivi d'un trait d'union.",
    ),
    "dns-zones-owned": French(
        "Les noms sont dans des zones que possède l'environnement.",
        "Ajouter la zone à `zones` dans Pulumi.<stack>.yaml si elle lui appartient, ou retirer le nom de `domains`.",
    ),
    "budget-set": French(
        "Un environnement a un budget.",
        "Régler `budget_eur` dans Pulumi.<stack>.yaml.",
    ),
    "budget-exceeded": French(
        "Un environnement ne coûte pas plus que son budget : serveurs, adresses, volumes et répartiteurs de charge.",
        "En prendre de plus petits ou moins, ou convenir d'un budget plus grand et augmenter `budget_eur` dans "
        "Pulumi.<stack>.yaml.",
    ),
    "budget-priced": French(
        "Ce qui est utilisé a un prix connu, pour que le budget ait un sens.",
        "Prendre un type et un emplacement qui figurent dans settings/prices.json, ou lancer `flotilla costs refresh`.",
    ),
    "cost-oversized": French(
        "Les serveurs pour les conteneurs ne sont pas beaucoup plus grands que ce que les conteneurs peuvent utiliser.",
        "Prendre pour le groupe un `type` plus petit ou un `count` plus bas.",
    ),
    "cost-idle-servers": French(
        "Chaque groupe de serveurs a quelque chose à faire.",
        "Retirer le groupe ou le rôle de Pulumi.<stack>.yaml, ou l'utiliser.",
    ),
    "cost-unattached-volumes": French(
        "Chaque volume appartient à un serveur.",
        "L'attacher ; ou sauvegarder ce qu'il contient, lever sa protection et le supprimer.",
    ),
    "cost-unassigned-addresses": French(
        "Chaque adresse payée est utilisée.",
        "L'affecter, ou la rendre.",
    ),
    "cost-lonely-balancer": French(
        "Un répartiteur de charge a plus d'une cible.",
        "Augmenter le nombre de serveurs au rôle `ingress`, ou écrire `ingress.entry: server`.",
    ),
    "waiver-complete": French(
        "Une dérogation dit de quelle règle elle dispense, pour quelle ressource, pourquoi, qui en répond et jusqu'à quand.",
        "La compléter dans `waivers` de Pulumi.<stack>.yaml.",
    ),
    "waiver-term": French(
        "Une dérogation finit assez tôt pour qu'on y réfléchisse à nouveau.",
        "Fixer un `until` plus proche dans `waivers` de Pulumi.<stack>.yaml.",
    ),
    "waiver-narrow": French(
        "Une dérogation vaut pour des ressources précises, pas pour tout ce qu'il y a.",
        "Nommer la ressource dans `waivers` de Pulumi.<stack>.yaml, ou changer la configuration de la règle pour toutes.",
    ),
}
