# Give Caddy a project's site. One that Caddy refuses is taken back: the one before goes on serving.
set -eu
eval "$(cat)"
: "${PROJECT:?}" "${SITE:?}"

file=/etc/flotilla/caddy/sites/$PROJECT.caddy
exec 9>/run/flotilla/caddy.lock
flock 9

caddy=$(docker ps --quiet --filter label=com.docker.swarm.service.name=caddy)
if [ -z "$caddy" ]; then
    echo "Caddy is not running here. Nothing was changed. 'docker service ps caddy --no-trunc' says why." >&2
    exit 1
fi

old=
if [ -f "$file" ]; then
    [ "$(cat "$file")" = "$SITE" ] && exit 0
    old=$(cat "$file")
fi
# In place, not renamed: nothing but Caddy reads it, and only under this lock.
printf '%s\n' "$SITE" >"$file"
if said=$(docker exec "$caddy" caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1) &&
    said=$(docker exec "$caddy" caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1); then
    exit 0
fi
if [ -n "$old" ]; then printf '%s\n' "$old" >"$file"; else rm "$file"; fi
printf 'Caddy refused the site of %s. The one before goes on serving. It says:\n%s\n' "$PROJECT" "$said" >&2
exit 1
