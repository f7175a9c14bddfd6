# Have Docker running and this machine be the manager of a swarm on its private address. Prints the token that others join with.
set -eu
eval "$(cat)"
: "${PRIVATE_IP:?}" "${OVERLAY_POOL:?}"

if ! command -v dockerd >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables >/dev/null
fi
systemctl enable --now --quiet docker

# A network that was attached just now gets its address some seconds later.
tries=60
until ip -o -4 address show | grep -qF " $PRIVATE_IP/"; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "The private address $PRIVATE_IP did not appear within 60 s. No swarm was made. See 'ip address' on the server." >&2
        exit 1
    fi
    sleep 1
done

if [ "$(docker info --format '{{.Swarm.LocalNodeState}}')" = inactive ]; then
    docker swarm init --advertise-addr "$PRIVATE_IP" --listen-addr "$PRIVATE_IP:2377" --data-path-addr "$PRIVATE_IP" \
        --default-addr-pool "$OVERLAY_POOL" --default-addr-pool-mask-length 24 >/dev/null
fi
docker swarm join-token --quiet worker
