# Have Docker running, and wait for the address that a swarm uses. Goes before swarm.sh and join.sh.
set -eu
eval "$(cat)"
: "${PRIVATE_IP:?}"

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
        echo "The private address $PRIVATE_IP did not appear within 60 s. The server is in no swarm yet. See 'ip address' on the server." >&2
        exit 1
    fi
    sleep 1
done
