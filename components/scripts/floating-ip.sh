# Have a floating address on the interface to the internet, now and after every boot.
set -eu
eval "$(cat)"
: "${ADDRESS:?}" "${KIND:?}"

unit=flotilla-floating-$KIND.service
device=$(ip -4 route show default | awk '{print $5; exit}')
new=$(mktemp)
cat >"$new" <<UNIT
[Unit]
Description=Floating address $ADDRESS
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip address replace $ADDRESS dev $device
ExecStop=ip address delete $ADDRESS dev $device

[Install]
WantedBy=multi-user.target
UNIT
if ! cmp -s "$new" "/etc/systemd/system/$unit"; then
    # Stopped as it was, so that an earlier address is given back.
    systemctl stop "$unit" 2>/dev/null || true
    install -m 0644 "$new" "/etc/systemd/system/$unit"
    systemctl daemon-reload
fi
rm "$new"
systemctl enable --quiet "$unit"
systemctl start "$unit"
