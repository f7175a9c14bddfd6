# Have Docker running and this machine be a worker in the manager's swarm.
set -eu
eval "$(cat)"
: "${PRIVATE_IP:?}" "${MANAGER_IP:?}" "${TOKEN:?}"

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
        echo "The private address $PRIVATE_IP did not appear within 60 s. It did not join the swarm. See 'ip address' on the server." >&2
        exit 1
    fi
    sleep 1
done

if [ "$(docker info --format '{{.Swarm.LocalNodeState}}')" = inactive ]; then
    # Through Docker's socket: an argument would show the token to everybody on this machine.
    printf '{"ListenAddr": "%s:2377", "AdvertiseAddr": "%s", "DataPathAddr": "%s", "RemoteAddrs": ["%s:2377"], "JoinToken": "%s"}' \
        "$PRIVATE_IP" "$PRIVATE_IP" "$PRIVATE_IP" "$MANAGER_IP" "$TOKEN" |
        curl --silent --show-error --fail-with-body --unix-socket /run/docker.sock --header 'Content-Type: application/json' \
            --data @- http://docker/swarm/join
fi
