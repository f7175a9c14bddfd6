"""
Pictures of an environment, as pure functions of its settings and its outputs document: drawings.py has all of them.
"""
