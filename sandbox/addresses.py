"""
Where an instance listens: ports, names, and its block of loopback addresses, 127.10.<block>.0/24.
"""

from __future__ import annotations

HETZNER_PORT = 8001
CLOUDFLARE_PORT = 8002
DNS_PORT = 5353
DOH_PORT = 8053
REGISTRY_PORT = 5000
TCP_PORTS = (HETZNER_PORT, CLOUDFLARE_PORT, DNS_PORT, DOH_PORT, REGISTRY_PORT)
UDP_PORTS = (DNS_PORT,)

ZONE = "flotilla.test"
REGISTRY_HOST = f"registry.{ZONE}"

BLOCKS = range(256)
FIRST_MACHINE, LAST_MACHINE = 11, 250


class Addresses:
    """
    The addresses of whoever owns a block.
    """

    block: int

    @property
    def services_ip(self) -> str:
        """
        The loopback address on which the emulated APIs, DNS and the registry listen.
        """
        return services_ip(self.block)

    def machine_ip(self, number: int) -> str:
        """
        The "public" address of a machine; numbers run from 11 to 250.

        Raises: ValueError outside of that range.
        """
        if not FIRST_MACHINE <= number <= LAST_MACHINE:
            raise ValueError(f"machine number {number} is not within {FIRST_MACHINE}-{LAST_MACHINE}")
        return f"127.10.{self.block}.{number}"

    @property
    def hetzner_url(self) -> str:
        """
        Base address of the emulated Hetzner Cloud API.
        """
        return f"http://{self.services_ip}:{HETZNER_PORT}/v1"

    @property
    def cloudflare_url(self) -> str:
        """
        Base address of the emulated Cloudflare API.
        """
        return f"http://{self.services_ip}:{CLOUDFLARE_PORT}/client/v4"

    @property
    def doh_url(self) -> str:
        """
        DNS over HTTPS, so that `curl --doh-url` resolves names of the sandbox's zone.
        """
        return f"https://{self.services_ip}:{DOH_PORT}/dns-query"

    @property
    def registry_push_address(self) -> str:
        """
        Where this machine's Docker pushes to; it trusts any registry on loopback.
        """
        return f"{self.services_ip}:{REGISTRY_PORT}"

    @property
    def registry_pull_address(self) -> str:
        """
        The same registry as the sandbox's machines see it.
        """
        return f"{REGISTRY_HOST}:{REGISTRY_PORT}"


def services_ip(block: int) -> str:
    """
    The address in a block that the services listen on.
    """
    return f"127.10.{block}.1"
