"""
`flotilla workflow ...` and `flotilla maintenance ...`: several operations in their order, each handing on what it knows.
"""
