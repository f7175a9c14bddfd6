"""
The audit of an environment: what was seen -> rules, pure functions -> findings. Changes nothing.

`collect` sees, one round trip per host and everything at once; each check is a module of rules; `audit` joins them.
"""
