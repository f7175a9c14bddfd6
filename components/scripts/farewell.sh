# Wait until nobody asks for an address any more that names led to until a moment ago.
set -eu
eval "$(cat)"
: "${TTL_S:?}"

sleep "$TTL_S"
