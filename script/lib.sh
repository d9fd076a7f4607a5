# Shared by the scripts of this folder; read with `.`, not run.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used by the scripts that read this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "== $*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 2; }
need_root() { [ "$(id -u)" -eq 0 ] || die "needs root: it installs packages and reads what only root may read. Run: sudo $0 $*"; }

# engine_answers [HOST]: whether a Docker engine answers there (without HOST: where the CLI would look).
engine_answers() {
    command -v docker >/dev/null || return 1
    timeout 10 docker ${1:+--host "$1"} version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# start_dockerd FOLDER: a daemon of its own in a network namespace of its own, so that its bridge, its firewall rules and the
# ports of its containers never meet the host's. Socket: FOLDER/docker.sock; process id: FOLDER/dockerd.pid.
start_dockerd() {
    local folder=$1
    mkdir -p "$folder"
    grep -q ' cgroup2\? ' /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup
    printf '{}\n' >"$folder/daemon.json"
    # A session of its own, so that Ctrl-C reaches the script first and the daemon is stopped in order.
    # shellcheck disable=SC2016  # expanded by the inner shell
    setsid unshare --net sh -c 'ip link set lo up
        exec dockerd --host "unix://$0/docker.sock" --config-file "$0/daemon.json" --data-root "$0/data" --exec-root "$0/exec" \
            --pidfile "$0/dockerd.pid" --containerd-namespace "${0##*/}" --containerd-plugins-namespace "${0##*/}-plugins" >"$0/dockerd.log" 2>&1' "$folder" &
    for _ in $(seq 120); do
        engine_answers "unix://$folder/docker.sock" && return 0
        kill -0 $! 2>/dev/null || break
        sleep 0.25
    done
    printf 'dockerd did not start:\n' >&2
    tail -n 5 "$folder/dockerd.log" >&2
    return 1
}

# stop_dockerd FOLDER: stops what start_dockerd started and removes everything that it left on the host.
stop_dockerd() {
    local folder=$1 pid=
    [ -d "$folder" ] || return 0
    [ -s "$folder/dockerd.pid" ] && pid=$(cat "$folder/dockerd.pid")
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
        kill -KILL "$pid" 2>/dev/null
    fi
    awk -v folder="$folder/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mounted; do
        umount -l "$mounted"
    done
    rm -rf --one-file-system "$folder"
}

# make_image HOST NAME: a small image from the static busybox of the distribution, with an ordinary user and a health check.
make_image() {
    local host=$1 name=$2 tree
    tree=$(mktemp -d)
    mkdir -p "$tree/bin" "$tree/etc" "$tree/tmp"
    cp "$(command -v busybox)" "$tree/bin/busybox"
    for applet in sh sleep echo true cat httpd; do ln -s busybox "$tree/bin/$applet"; done
    printf 'root:x:0:0:root:/:/bin/sh\napp:x:10001:10001:app:/:/bin/sh\n' >"$tree/etc/passwd"
    printf 'root:x:0:\napp:x:10001:\n' >"$tree/etc/group"
    grep -E '^(ID|VERSION_ID|NAME|PRETTY_NAME)=' /etc/os-release >"$tree/etc/os-release"
    tar -C "$tree" -c . | docker --host "$host" import --change 'USER 10001:10001' --change 'HEALTHCHECK --interval=60s CMD ["/bin/true"]' \
        --change 'CMD ["/bin/sleep", "3600"]' - "$name" >/dev/null
    rm -rf "$tree"
}
