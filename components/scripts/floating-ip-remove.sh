# Take a floating address away from this machine.
set -eu
eval "$(cat)"
: "${KIND:?}"

unit=flotilla-floating-$KIND.service
systemctl disable --now --quiet "$unit"
rm -f "/etc/systemd/system/$unit"
systemctl daemon-reload
