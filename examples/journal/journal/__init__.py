"""
What serves the journal: its files, and an API that searches them and takes subscriptions. Python's standard library only.
"""
