# Have this machine be the manager of a swarm on its private address. Prints the token that others join with.
set -eu
eval "$(cat)"
: "${PRIVATE_IP:?}" "${OVERLAY_POOL:?}"

if [ "$(docker info --format '{{.Swarm.LocalNodeState}}')" = inactive ]; then
    docker swarm init --advertise-addr "$PRIVATE_IP" --listen-addr "$PRIVATE_IP:2377" --data-path-addr "$PRIVATE_IP" \
        --default-addr-pool "$OVERLAY_POOL" --default-addr-pool-mask-length 24 >/dev/null
fi
docker swarm join-token --quiet worker
