"""
Proposals: what could be chosen better in an environment, by its settings, costs and newest reports. Nothing is changed.
"""
