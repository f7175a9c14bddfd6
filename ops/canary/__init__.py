"""
A new release on a share of the traffic: its shares, what HAProxy says of it, the decision, and the operation.
"""
