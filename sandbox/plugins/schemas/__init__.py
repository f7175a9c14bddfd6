"""
What the installed SDKs' types accept, for just what the stand-ins serve. Made by `python -m sandbox.plugins.schemas`.
"""
