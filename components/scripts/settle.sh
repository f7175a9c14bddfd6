# Wait until an address that was just made leads where it should, before names lead to it.
set -eu
eval "$(cat)"
: "${SETTLE_S:?}"

sleep "$SETTLE_S"
