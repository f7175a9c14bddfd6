# Take a project's sites away from Caddy; on a server that took another's place there may be neither.
set -eu
eval "$(cat)"
: "${PROJECT:?}"

install -d -m 0755 /run/flotilla
exec 9>/run/flotilla/caddy.lock
flock 9
rm -f "/etc/flotilla/caddy/sites/$PROJECT.caddy"
command -v docker >/dev/null || exit 0
caddy=$(docker ps --quiet --filter label=com.docker.swarm.service.name=caddy --filter status=running)
[ -z "$caddy" ] || docker exec "$caddy" caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile
