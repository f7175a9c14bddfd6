# Tell whoever asks (a load balancer) that this server has every site and route. Comes after all of them.
set -eu
eval "$(cat)"

touch /etc/flotilla/caddy/ready
