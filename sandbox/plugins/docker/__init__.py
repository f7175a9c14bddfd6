"""
The stand-in for the `docker` plugin: swarm services, networks, volumes, secrets and configs of one Docker host.
"""
