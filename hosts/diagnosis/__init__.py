"""
What a server tells when something is wrong: everything that the audit's probe sees, and logs, measures and connections beside.
"""
