# Wait until an address that was just made leads where it should, before names lead to it. ADDRESS is empty for one without checks.
set -eu
eval "$(cat)"
: "${ADDRESS?}" "${CHECK_PATH?}" "${SETTLE_S:?}"

# answers <more arguments>: whether this server says that it has all its sites.
answers() {
    status=$(curl --silent --output /dev/null --max-time 3 --write-out '%{http_code}' "$@" "http://$ADDRESS$CHECK_PATH") || true
    [ "$status" = 200 ]
}

# A server that serves already must take the load balancer's connections too. A new one may come later.
if [ -n "$ADDRESS" ] && answers; then
    tries=60
    until answers --haproxy-protocol; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ]; then
            echo "Caddy on $ADDRESS does not take the load balancer's connections. Names still lead elsewhere. See 'docker service logs caddy'." >&2
            exit 1
        fi
        sleep 1
    done
fi
sleep "$SETTLE_S"
