"""
Double-entry bookkeeping: accounts, entries that balance, a queue of imports, and a day that is closed every night.

Python's standard library only. Amounts are whole cents; a debit is positive, a credit negative.
"""
