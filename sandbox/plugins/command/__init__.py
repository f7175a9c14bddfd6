"""
The stand-in for the `command` plugin: commands here and on hosts, and files copied to hosts.
"""
