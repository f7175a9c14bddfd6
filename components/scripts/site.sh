# Give Caddy a project's sites. Those that Caddy refuses are taken back: the ones before go on serving.
set -eu
eval "$(cat)"
: "${PROJECT:?}" "${SITE:?}" "${HOSTNAMES:?}" "${CERTIFICATE_TIMEOUT_S:?}"

file=/etc/flotilla/caddy/sites/$PROJECT.caddy
await_caddy
if [ ! -f "$file" ] || [ "$(cat "$file")" != "$SITE" ]; then
    put "$file" "$SITE"
    if ! load_caddy; then
        put_back "$file"
        printf 'Caddy refused the sites of %s. The ones before go on serving. It says:\n%s\n' "$PROJECT" "$said" >&2
        exit 1
    fi
fi
flock --unlock 9

# Wait for the certificates. One that does not come is no reason to fail: its name may not lead here yet, and Caddy goes on trying.
until=$(($(date +%s) + CERTIFICATE_TIMEOUT_S))
for hostname in $HOSTNAMES; do
    until python3 - "$hostname" <<'PYTHON' 2>/dev/null; do
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with socket.create_connection(("127.0.0.1", 443), 3) as plain, context.wrap_socket(plain, server_hostname=sys.argv[1]):
    pass
PYTHON
        if [ "$(date +%s)" -ge "$until" ]; then
            echo "$hostname has no certificate yet. Does the name lead here? Caddy goes on trying; 'docker service logs caddy' says why." >&2
            break
        fi
        sleep 1
    done
done
