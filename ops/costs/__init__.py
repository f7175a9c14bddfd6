"""
What a fleet costs, who it is for, and what could be saved. Pure, but for `refresh`, which asks the API for prices.
"""
