"""
The global report: every check at once, each with a time limit, and one verdict on all of them.
"""
