"""
`flotilla cleanup`: what nobody needs any more.
"""
