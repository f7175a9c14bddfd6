"""
Machines behind the emulated cloud: containers that boot systemd and cloud-init, with real addresses, disks and packet rules.
"""

from sandbox.cloud.machines.lifecycle import await_connected, pause, remove_everything, resume
from sandbox.cloud.machines.machines import Machines

__all__ = ["Machines", "await_connected", "pause", "remove_everything", "resume"]
