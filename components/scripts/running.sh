# Wait until this server's Caddy and HAProxy run from these images, Caddy healthy. The swarm does not say so of services that run on
# every server.
set -eu
eval "$(cat)"
: "${CADDY:?}" "${HAPROXY:?}" "${TIMEOUT_S:?}"

until=$(($(date +%s) + TIMEOUT_S))

# await <service> <image> [filter of docker ps]
await() {
    until docker ps --no-trunc --filter "label=com.docker.swarm.service.name=$1" --filter status=running ${3:+--filter "$3"} --format '{{.Image}}' |
        grep -qxF "$2"; do
        if [ "$(date +%s)" -ge "$until" ]; then
            printf '%s does not run from %s after %s s. The swarm says:\n' "$1" "$2" "$TIMEOUT_S" >&2
            docker ps --all --no-trunc --filter "label=com.docker.swarm.service.name=$1" --format '{{.Image}} {{.Status}}' >&2
            newest=$(docker ps --all --quiet --latest --filter "label=com.docker.swarm.service.name=$1")
            [ -z "$newest" ] || docker logs --tail 20 "$newest" >&2 2>&1
            exit 1
        fi
        sleep 0.5
    done
}

await haproxy "$HAPROXY"
await caddy "$CADDY" health=healthy
