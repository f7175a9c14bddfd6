"""
What law and good practice ask for, and what shows that it is so: controls, evidence, a record, a bundle to hand on.
"""
