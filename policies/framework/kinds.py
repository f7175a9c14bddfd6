"""
The types of resources that rules look at, as the engine spells them.
"""

from typing import Final

SERVER: Final = "hcloud:index/server:Server"
SERVER_NETWORK: Final = "hcloud:index/serverNetwork:ServerNetwork"
HCLOUD_NETWORK: Final = "hcloud:index/network:Network"
SUBNET: Final = "hcloud:index/networkSubnet:NetworkSubnet"
ROUTE: Final = "hcloud:index/networkRoute:NetworkRoute"
FIREWALL: Final = "hcloud:index/firewall:Firewall"
FIREWALL_ATTACHMENT: Final = "hcloud:index/firewallAttachment:FirewallAttachment"
VOLUME: Final = "hcloud:index/volume:Volume"
VOLUME_ATTACHMENT: Final = "hcloud:index/volumeAttachment:VolumeAttachment"
SSH_KEY: Final = "hcloud:index/sshKey:SshKey"
FLOATING_IP: Final = "hcloud:index/floatingIp:FloatingIp"
FLOATING_IP_ASSIGNMENT: Final = "hcloud:index/floatingIpAssignment:FloatingIpAssignment"
PRIMARY_IP: Final = "hcloud:index/primaryIp:PrimaryIp"
PLACEMENT_GROUP: Final = "hcloud:index/placementGroup:PlacementGroup"
LOAD_BALANCER: Final = "hcloud:index/loadBalancer:LoadBalancer"
LOAD_BALANCER_TARGET: Final = "hcloud:index/loadBalancerTarget:LoadBalancerTarget"
LOAD_BALANCER_SERVICE: Final = "hcloud:index/loadBalancerService:LoadBalancerService"

SERVICE: Final = "docker:index/service:Service"
CONTAINER: Final = "docker:index/container:Container"
DOCKER_NETWORK: Final = "docker:index/network:Network"
DOCKER_SECRET: Final = "docker:index/secret:Secret"  # noqa: S105 - a type
DOCKER_PROVIDER: Final = "pulumi:providers:docker"

DNS_RECORD: Final = "cloudflare:index/dnsRecord:DnsRecord"
ZONE: Final = "cloudflare:index/zone:Zone"

REMOTE_COMMAND: Final = "command:remote:Command"
LOCAL_COMMAND: Final = "command:local:Command"

STACK: Final = "pulumi:pulumi:Stack"

FLEET: Final = "flotilla:fleet:Fleet"
HOST: Final = "flotilla:compute:Host"
DATABASE_SERVER: Final = "flotilla:data:DatabaseServer"
DATABASE: Final = "flotilla:data:Database"
BACKUP: Final = "flotilla:data:Backup"
MONITORING: Final = "flotilla:monitoring:Monitoring"
SITE: Final = "flotilla:ingress:Site"
APP: Final = "flotilla:app:App"
WORKER: Final = "flotilla:app:Worker"
JOB: Final = "flotilla:app:Job"
STATIC_SITE: Final = "flotilla:app:StaticSite"
