# On the manager: let a node hand its containers over, then forget it. What can run elsewhere is started there first.
set -eu
eval "$(cat)"
: "${NODE:?}" "${DRAIN_TIMEOUT_S:?}"

# alive <id> <more arguments>: names of the services that have a container there, or one on its way.
alive() {
    docker node ps "$@" --format '{{.CurrentState}} {{.Name}}' |
        awk '$1 ~ /^(New|Pending|Assigned|Accepted|Preparing|Ready|Starting|Running)$/ {sub(/\.[^.]*$/, "", $NF); print $NF}' | sort -u
}

# movable <id>: those of them that are to stay and may run on any node. A service may be removed while this asks for it.
movable() {
    for service in $(alive "$1" --filter desired-state=running); do
        mode=$(docker service inspect --format '{{if .Spec.Mode.Replicated}}replicated{{end}}' "$service" 2>/dev/null) || continue
        if [ -n "$mode" ]; then echo "$service"; fi
    done
}

# move <service>: start it again; on a paused node nothing is started. The swarm refuses that while it changes: ask again later.
move() {
    case $(docker service inspect --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}' "$1" 2>/dev/null) in
    updating) ;;
    *) docker service update --force --detach --quiet "$1" >/dev/null 2>&1 || true ;;
    esac
}

in_time() { [ "$(date +%s)" -lt "$deadline" ]; }

nodes=$(docker node ls --format '{{.ID}} {{.Hostname}} {{.Status}}' | awk -v name="$NODE" '$2 == name {print $1 ":" $3}')
for node in $nodes; do docker node update --availability pause "${node%:*}" >/dev/null; done

# One after the other, when several leave: all of them are paused by now.
exec 9>/run/flotilla-node.lock
flock 9
deadline=$(($(date +%s) + DRAIN_TIMEOUT_S))
for node in $nodes; do
    id=${node%:*}
    if [ "${node#*:}" = Ready ]; then
        while services=$(movable "$id") && [ -n "$services" ] && in_time; do
            for service in $services; do move "$service"; done
            sleep 2
        done
        docker node update --availability drain "$id" >/dev/null
        while [ -n "$(alive "$id")" ] && in_time; do sleep 1; done
    fi
    docker node rm --force "$id" >/dev/null
done
