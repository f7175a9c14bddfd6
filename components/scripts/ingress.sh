# Have the configuration files of Caddy and HAProxy that do not depend on any project, and tell a running Caddy.
set -eu
eval "$(cat)"
: "${CADDYFILE:?}" "${HAPROXY:?}" "${CERTIFICATE?}" "${KEY?}" "${CADDY_USER:?}" "${HAPROXY_USER:?}"

changed=

# write <path> <mode> <owner> <content>: at once, and only when it differs.
write() {
    new=$(mktemp -p "$(dirname "$1")")
    printf '%s\n' "$4" >"$new"
    chmod "$2" "$new"
    chown "$3:$3" "$new"
    if cmp -s "$new" "$1"; then
        rm "$new"
    else
        mv "$new" "$1"
        changed=yes
    fi
}

install -d -m 0755 /etc/flotilla /etc/flotilla/haproxy /etc/flotilla/caddy /etc/flotilla/caddy/sites
install -d -m 0700 -o "$CADDY_USER" -g "$CADDY_USER" /etc/flotilla/caddy/authority
install -d -m 0700 -o "$CADDY_USER" -g "$CADDY_USER" /var/lib/flotilla/caddy /var/lib/flotilla/caddy/data /var/lib/flotilla/caddy/config
write /etc/flotilla/haproxy/base.cfg 0644 root "$HAPROXY"
changed=
if [ -n "$KEY" ]; then
    write /etc/flotilla/caddy/authority/root.crt 0644 "$CADDY_USER" "$CERTIFICATE"
    write /etc/flotilla/caddy/authority/root.key 0400 "$CADDY_USER" "$KEY"
fi
write /etc/flotilla/caddy/Caddyfile 0644 root "$CADDYFILE"

# /run is empty after a boot; HAProxy's sockets live there, and what it knew of its servers before a reload (so far: nothing).
cat >/etc/tmpfiles.d/flotilla.conf <<TMPFILES
d /run/flotilla 0755 root root
d /run/flotilla/haproxy 0750 $HAPROXY_USER $HAPROXY_USER
f /run/flotilla/haproxy/servers.state 0644 root root - 1
TMPFILES
systemd-tmpfiles --create /etc/tmpfiles.d/flotilla.conf

caddy=$(docker ps --quiet --filter label=com.docker.swarm.service.name=caddy)
if [ -n "$changed" ] && [ -n "$caddy" ]; then
    docker exec "$caddy" caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile
fi
