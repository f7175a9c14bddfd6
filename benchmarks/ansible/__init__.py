"""
The same server by Ansible: what Flotilla's roles want of it, as an Ansible playbook.
"""
