#!/bin/sh
# Runs a program as a pod on this machine: `unshare --mount --pid --fork pod.sh PROGRAM [ARGUMENT…]`, as root.
#
# The program is process 1 of its own, and sees the machine's file system with what our images and the chart put into it:
# Blender, the kit and Flamenco's programs (flamenco-lite) at their places, the buckets at their mounts, the ConfigMap.
#
#   POD_DIR       a folder of the pod's own on the machine; POD_DIR/config is its ConfigMap
#   REPOSITORY    where this project is
#   NODE          the Node that runs flamenco-lite
#   BLENDER       the machine's Blender, which stands in for version BLENDER_VERSION
#   SCENES, RENDERS  where the buckets are mounted on the machine; empty = this pod mounts none
#   WORKING_DIR   where the program starts
set -eu

root=$POD_DIR/root
mkdir -p "$root"
mount -t tmpfs tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/all"
cd "$root/all"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs tmp
# What stands below /tmp, which is the pod's own, or on a file system of its own, is not in the overlay.
show() {
  [ -e ".$1" ] && return
  mkdir -p ".${1%/*}"
  mount --bind -o ro "${1%/*}" ".${1%/*}"
}
show "$REPOSITORY/package.json"
show "$NODE"

script() {
  mkdir -p "${1%/*}"
  printf '#!/bin/sh\nexec %s "$@"\n' "$2" >"$1"
  chmod +x "$1"
}
lite="$NODE $REPOSITORY/services/flamenco-lite"
script "opt/blender/$BLENDER_VERSION/blender" "$BLENDER"
script opt/flamenco/flamenco-worker "$lite/worker.ts"
script opt/flamenco/flamenco-manager "$lite/manager.ts -scripts /opt/flamenco/scripts"
mkdir -p opt/flamenco/scripts opt/tablao data etc/flamenco tablao/scenes tablao/renders var/lib/flamenco
cp -r "$REPOSITORY/services/blender-kit" opt/tablao/kit
cp "$REPOSITORY/services/blender-kit/tablao_render.js" opt/flamenco/scripts/
cp "$REPOSITORY/docker/worker/entry.sh" usr/local/bin/tablao-worker
cp "$REPOSITORY/docker/worker/alive.sh" usr/local/bin/tablao-worker-alive
mount --bind "$POD_DIR/config" etc/flamenco
[ -z "$SCENES" ] || mount --bind "$SCENES" tablao/scenes
[ -z "$RENDERS" ] || mount --bind "$RENDERS" tablao/renders
unset POD_DIR REPOSITORY NODE BLENDER BLENDER_VERSION SCENES RENDERS

exec /usr/sbin/chroot . /bin/sh -c 'cd "$WORKING_DIR" && unset WORKING_DIR && exec "$@"' pod "$@"
