# Mount a volume now and at every boot, before Docker starts; grow its file system to the size of the disk.
set -eu
eval "$(cat)"
: "${DEVICE:?}" "${MOUNT_POINT:?}" "${SIZE_GB:?}"

tries=60
until [ -b "$DEVICE" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "$DEVICE did not appear within 60 s. The volume is not mounted. Is it attached to this server?" >&2
        exit 1
    fi
    sleep 1
done

unit=$(systemd-escape --path --suffix=mount "$MOUNT_POINT")
new=$(mktemp)
cat >"$new" <<UNIT
[Unit]
Description=Volume $MOUNT_POINT
Before=docker.service

[Mount]
What=$DEVICE
Where=$MOUNT_POINT
Type=ext4
Options=discard,noatime,nosuid,nodev

[Install]
WantedBy=multi-user.target
UNIT
if ! cmp -s "$new" "/etc/systemd/system/$unit"; then
    install -m 0644 "$new" "/etc/systemd/system/$unit"
    systemctl daemon-reload
fi
rm "$new"

# Nobody but root and containers' mounts looks in here; and nothing is written beneath when the volume is missing.
install -d -m 0711 "$MOUNT_POINT"
systemctl enable --quiet "$unit"
systemctl start "$unit"
resize2fs "$DEVICE" >/dev/null 2>&1
