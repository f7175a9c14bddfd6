"""
The pages of a dossier, each a module with pure functions of the facts.
"""
