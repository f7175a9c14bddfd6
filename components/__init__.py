"""
What an environment is made of, one ComponentResource per noun; `__main__.py` puts them together.

Components take plain values and outputs, never a whole configuration, and read no file that a person wrote. Their types
(`flotilla:<area>:<Class>`) are part of every stack's state: renaming one ships aliases.
"""
