# On the manager: have a server that joined labelled and taking containers; forget what an earlier server left under its name.
set -eu
eval "$(cat)"
: "${NODE:?}" "${LABELS?}"

# Prints "<id> <status>" of each node with this name.
nodes() { docker node ls --format '{{.ID}} {{.Hostname}} {{.Status}}' | awk -v name="$NODE" '$2 == name {print $1, $3}'; }

tries=60
until ready=$(nodes | awk '$2 == "Ready" {print $1; exit}') && [ -n "$ready" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "$NODE is not ready in the swarm after 60 s. No container is placed there. 'docker node ls' on the manager shows it." >&2
        exit 1
    fi
    sleep 1
done
for left in $(nodes | awk -v ready="$ready" '$1 != ready && $2 == "Down" {print $1}'); do
    docker node rm --force "$left" >/dev/null
done

set --
for label in $(docker node inspect --format '{{range $name, $value := .Spec.Labels}}{{$name}} {{end}}' "$ready"); do
    case $label in
    flotilla.*) case " $LABELS " in *" $label="*) ;; *) set -- "$@" --label-rm "$label" ;; esac ;;
    esac
done
for label in $LABELS; do set -- "$@" --label-add "$label"; done

# The swarm refuses a change of a node that changed a moment before.
tries=5
until said=$(docker node update --availability active "$@" "$ready" 2>&1); do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        printf 'The labels of %s could not be set. No container is placed by them. Docker says: %s\n' "$NODE" "$said" >&2
        exit 1
    fi
    sleep 1
done
