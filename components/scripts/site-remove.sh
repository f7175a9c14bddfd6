# Take a project's sites away from Caddy.
set -eu
eval "$(cat)"
: "${PROJECT:?}"

exec 9>/run/flotilla/caddy.lock
flock 9
rm -f "/etc/flotilla/caddy/sites/$PROJECT.caddy"
caddy=$(docker ps --quiet --filter label=com.docker.swarm.service.name=caddy --filter status=running)
[ -z "$caddy" ] || docker exec "$caddy" caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile
