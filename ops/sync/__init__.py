"""
`flotilla sync`: the commits of this checkout, on every git remote.
"""
