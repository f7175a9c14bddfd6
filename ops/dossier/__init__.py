"""
The dossier of an environment: pages that are functions of its settings, outputs, policies, reports and history, and of nothing
else. Read in `collect`, rendered in `pages`, written in `write`.
"""
