# What steps on Caddy's configuration have in common: one at a time, and what Caddy refuses is put back. Goes before them.
set -eu
eval "$(cat)"

install -d -m 0755 /run/flotilla
exec 9>/run/flotilla/caddy.lock
flock 9

# The id of Caddy's container here; nothing if there is none.
caddy() {
    docker ps --quiet --filter label=com.docker.swarm.service.name=caddy --filter status=running
}

# await_caddy: the same, once it runs; fails when it does not.
await_caddy() {
    tries=120
    until [ -n "$(caddy)" ]; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ]; then
            echo "Caddy does not run here. Nothing was changed. 'docker service ps caddy --no-trunc' says why." >&2
            exit 1
        fi
        sleep 1
    done
}

# load_caddy: have Caddy take its files; 1 when it refuses, with what it says in $said.
load_caddy() {
    said=$(docker exec "$(caddy)" caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1) &&
        said=$(docker exec "$(caddy)" caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1)
}

# put <path> <content>: in place, not renamed: only Caddy reads it, and only under this lock. The old content is in $old.
put() {
    old=
    [ ! -f "$1" ] || old=$(cat "$1")
    printf '%s\n' "$2" >"$1"
}

# put_back <path>
put_back() {
    if [ -n "$old" ]; then printf '%s\n' "$old" >"$1"; else rm -f "$1"; fi
}
