# Have the folders that a project's containers keep their data in, owned by the user that they run as.
set -eu
eval "$(cat)"
: "${BASE:?}" "${FOLDERS:?}" "${OWNER:?}"

install -d -m 0711 "$BASE"
for folder in $FOLDERS; do
    [ -d "$BASE/$folder" ] || install -d -m 0750 -o "$OWNER" -g "$OWNER" "$BASE/$folder"
done
