"""
A guestbook: people leave a name and a message. Python's standard library only; entries live in SQLite.
"""
