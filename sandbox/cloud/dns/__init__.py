"""
The sandbox's authoritative DNS: one pure resolver, reached by UDP, TCP and HTTPS.
"""
