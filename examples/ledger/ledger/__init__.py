"""
Double-entry bookkeeping: accounts, entries that balance, a queue of imports, and a day that is closed every night.

Python's standard library, and psycopg for PostgreSQL. Amounts are whole cents; a debit is positive, a credit negative.
"""
