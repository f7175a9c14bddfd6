# No longer say that this server is ready.
set -eu
eval "$(cat)"

rm -f /etc/flotilla/caddy/ready
