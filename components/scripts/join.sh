# Have this machine be a worker in the manager's swarm; one that it was in before, and whose manager is gone, is left.
set -eu
eval "$(cat)"
: "${PRIVATE_IP:?}" "${MANAGER_IP:?}" "${TOKEN:?}"

# The part of the token that names the swarm: a digest of its authority's certificate, no secret.
swarm=${TOKEN#SWMTKN-1-}
swarm=${swarm%%-*}
joined=/var/lib/docker/swarm/flotilla-joined

state=$(docker info --format '{{.Swarm.LocalNodeState}}')
if [ "$state" != inactive ] && [ "$(cat "$joined" 2>/dev/null)" != "$swarm" ]; then
    docker swarm leave --force >/dev/null
    state=inactive
fi
if [ "$state" = inactive ]; then
    # Through Docker's socket: an argument would show the token to everybody on this machine.
    printf '{"ListenAddr": "%s:2377", "AdvertiseAddr": "%s", "DataPathAddr": "%s", "RemoteAddrs": ["%s:2377"], "JoinToken": "%s"}' \
        "$PRIVATE_IP" "$PRIVATE_IP" "$PRIVATE_IP" "$MANAGER_IP" "$TOKEN" |
        curl --silent --show-error --fail-with-body --unix-socket /run/docker.sock --header 'Content-Type: application/json' \
            --data @- http://docker/swarm/join
    printf '%s\n' "$swarm" >"$joined"
fi
