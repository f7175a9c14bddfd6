"""
`flotilla incident ...`: what was seen when something was wrong, what to do about it, and what is remembered of it.
"""
