"""
Makes the site from its articles, when the image is built: `python3 -m generator articles site`.
"""
