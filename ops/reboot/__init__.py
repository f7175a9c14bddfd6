"""
Restarting a server: how it is before, and one step after the other until it is so again.
"""
