"""
What rules cite, in French: documents of the EU, of France and of ISO, by subjects in our own words. Those that are in English
only (CIS, CWE, RFC) are cited as they are.
"""

# Documents with a name in French; the others have one name everywhere.
DOCUMENTS = {
    "GDPR": "RGPD",
    "ANSSI hygiene guide 2.0": "Guide d'hygiène de l'ANSSI 2.0",
    "CNIL deliberation 2021-122": "Délibération 2021-122 de la CNIL",
}
# Words that items of any document are counted by.
ITEMS = {"measure": "mesure", "retention": "sur la conservation"}

# {document: {item: its subject}}
SUBJECTS = {
    "GDPR": {
        "Art. 5(1)(e)": "limitation de la conservation",
        "Art. 5(2)": "responsabilité",
        "Art. 25": "protection des données dès la conception et par défaut",
        "Art. 28": "sous-traitant",
        "Art. 30": "registre des activités de traitement",
        "Art. 32(1)(a)": "chiffrement des données personnelles",
        "Art. 32(1)(b)": "disponibilité et résilience des systèmes de traitement",
        "Art. 32(1)(c)": "rétablissement de la disponibilité et de l'accès dans des délais appropriés",
        "Art. 32(1)(d)": "essai régulier de l'efficacité des mesures",
        "Art. 33": "notification d'une violation de données personnelles sous 72 heures",
        "Art. 44": "principe général des transferts vers des pays tiers",
    },
    "ANSSI hygiene guide 2.0": {
        "measure 4": "recensement des informations et serveurs sensibles, schéma du réseau",
        "measure 8": "identification nominative de chacun, rôles d'utilisateur et d'administrateur distincts",
        "measure 19": "segmentation du réseau et cloisonnement des zones",
        "measure 21": "protocoles réseau sécurisés dès qu'ils existent",
        "measure 23": "services visibles d'Internet séparés du reste",
        "measure 28": "réseau d'administration dédié et cloisonné",
        "measure 36": "journaux des composants les plus importants",
        "measure 37": "politique de sauvegarde des composants critiques",
        "measure 38": "contrôles réguliers, puis actions correctives",
        "measure 40": "procédure de gestion des incidents de sécurité",
    },
    "ANSSI-FT-082 1.0": {
        "R1": "parties sensibles de l'hôte",
        "R2": "périphériques",
        "R6": "espaces de noms",
        "R7": "identifiants d'utilisateur distincts de ceux de l'hôte",
        "R8": "capacités du noyau",
        "R10": "mémoire",
        "R11": "temps processeur",
        "R12": "système de fichiers racine en lecture seule",
        "R16": "journaux",
    },
    "CNIL deliberation 2021-122": {"retention": "journaux gardés de six mois à un an"},
    "ISO/IEC 27001:2022": {
        "A.5.2": "rôles et responsabilités en sécurité de l'information",
        "A.5.9": "inventaire des informations et des autres actifs associés",
        "A.5.13": "étiquetage des informations",
        "A.5.19": "sécurité de l'information dans les relations avec les fournisseurs",
        "A.5.23": "sécurité de l'information dans l'usage de services en nuage",
        "A.5.30": "préparation des moyens informatiques à la continuité d'activité",
        "A.5.31": "exigences légales, réglementaires et contractuelles",
        "A.5.36": "respect des politiques, règles et normes",
        "A.8.6": "dimensionnement",
        "A.8.10": "suppression des informations",
        "A.8.13": "sauvegarde des informations",
        "A.8.14": "redondance des moyens de traitement de l'information",
        "A.8.15": "journalisation",
        "A.8.16": "surveillance",
        "A.8.31": "séparation du développement, des essais et de la production",
        "A.8.32": "gestion des changements",
    },
}
