# Have the configuration files of Caddy and HAProxy that do not depend on any project, and tell a running Caddy.
# HAProxy takes its own with the next switch.
set -eu
eval "$(cat)"
: "${CADDYFILE:?}" "${HAPROXY:?}" "${PAGE:?}" "${CERTIFICATE?}" "${KEY?}" "${CADDY_USER:?}" "${HAPROXY_USER:?}"

# write <path> <mode> <owner> <content>: at once.
write() {
    new=$(mktemp -p "$(dirname "$1")")
    printf '%s\n' "$4" >"$new"
    chmod "$2" "$new"
    chown "$3:$3" "$new"
    mv "$new" "$1"
}

install -d -m 0755 /etc/flotilla /etc/flotilla/haproxy /etc/flotilla/caddy /etc/flotilla/caddy/sites
install -d -m 0700 -o "$CADDY_USER" -g "$CADDY_USER" /etc/flotilla/caddy/authority
install -d -m 0700 -o "$CADDY_USER" -g "$CADDY_USER" /var/lib/flotilla/caddy /var/lib/flotilla/caddy/data /var/lib/flotilla/caddy/config
write /etc/flotilla/haproxy/unavailable.html 0644 root "$PAGE"
write /etc/flotilla/haproxy/base.cfg 0644 root "$HAPROXY"
write /etc/flotilla/caddy/unavailable.html 0644 root "$PAGE"
if [ -n "$KEY" ]; then
    write /etc/flotilla/caddy/authority/root.crt 0644 "$CADDY_USER" "$CERTIFICATE"
    write /etc/flotilla/caddy/authority/root.key 0400 "$CADDY_USER" "$KEY"
fi

# /run is empty after a boot. HAProxy's sockets live there: for orders, readable by itself, and for Caddy's requests.
cat >/etc/tmpfiles.d/flotilla.conf <<TMPFILES
d /run/flotilla 0755 root root
d /run/flotilla/haproxy 0750 $HAPROXY_USER $HAPROXY_USER
d /run/flotilla/entrance 0755 $HAPROXY_USER $HAPROXY_USER
f /run/flotilla/haproxy/servers.state 0644 root root - 1
TMPFILES
systemd-tmpfiles --create /etc/tmpfiles.d/flotilla.conf

if [ -z "$(caddy)" ]; then
    write /etc/flotilla/caddy/Caddyfile 0644 root "$CADDYFILE"
    exit 0
fi
put /etc/flotilla/caddy/Caddyfile "$CADDYFILE"
if ! load_caddy; then
    put_back /etc/flotilla/caddy/Caddyfile
    printf 'Caddy refused its configuration. The one before goes on serving. It says:\n%s\n' "$said" >&2
    exit 1
fi
