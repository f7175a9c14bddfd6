# Have the addresses that alerts are sent to. They are secrets: nobody but root reads them.
set -eu
eval "$(cat)"
: "${ADDRESSES:?}"

install -d -m 0755 /etc/flotilla
new=$(mktemp -p /etc/flotilla)
printf '%s\n' "$ADDRESSES" >"$new"
chmod 0600 "$new"
if cmp -s "$new" /etc/flotilla/notifications.json; then
    rm "$new"
else
    mv "$new" /etc/flotilla/notifications.json
fi
