"""
What law and good practice ask for, and what shows that it is so: controls, evidence, a record of processing, a bundle to hand on.
"""
