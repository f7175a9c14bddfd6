# Have this machine be a worker in the manager's swarm.
set -eu
eval "$(cat)"
: "${PRIVATE_IP:?}" "${MANAGER_IP:?}" "${TOKEN:?}"

if [ "$(docker info --format '{{.Swarm.LocalNodeState}}')" = inactive ]; then
    # Through Docker's socket: an argument would show the token to everybody on this machine.
    printf '{"ListenAddr": "%s:2377", "AdvertiseAddr": "%s", "DataPathAddr": "%s", "RemoteAddrs": ["%s:2377"], "JoinToken": "%s"}' \
        "$PRIVATE_IP" "$PRIVATE_IP" "$PRIVATE_IP" "$MANAGER_IP" "$TOKEN" |
        curl --silent --show-error --fail-with-body --unix-socket /run/docker.sock --header 'Content-Type: application/json' \
            --data @- http://docker/swarm/join
fi
