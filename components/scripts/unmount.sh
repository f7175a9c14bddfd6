# Undo mount.sh, so that the volume can be detached without losing what was written last.
set -eu
eval "$(cat)"
: "${MOUNT_POINT:?}"

unit=$(systemd-escape --path --suffix=mount "$MOUNT_POINT")
systemctl disable --now --quiet "$unit" || ! mountpoint -q "$MOUNT_POINT"
rm -f "/etc/systemd/system/$unit"
systemctl daemon-reload
