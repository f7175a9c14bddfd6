"""
The dossier of an environment: pages that are functions of its settings, outputs, policies, reports and history, and of nothing
else. Collected in `facts`, rendered in `pages`, written by `write`.
"""
