"""
What nobody needs any more on a server: it is looked for, and removed only where it was asked for by name.
"""
