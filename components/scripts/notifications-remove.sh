# Forget the addresses that alerts were sent to.
set -eu
rm -f /etc/flotilla/notifications.json
