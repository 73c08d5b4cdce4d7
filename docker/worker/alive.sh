#!/bin/sh
# The worker's liveness probe: 0 = let it live. It fails only when nothing renders and either the manager does not know
# this worker (any more), or it has not answered for MANAGER_UNREACHABLE_SECONDS (default 900): Flamenco's worker itself
# would wait for ever.
set -eu

home=${FLAMENCO_HOME:?}
manager=${FLAMENCO_MANAGER:?}
processes=${TABLAO_PROC:-/proc}

# Without starting a single program, since a node that renders has no time to spare. A dead Blender that nobody has
# collected yet (state Z) renders nothing.
for stat in "$processes"/[0-9]*/stat; do
  { read -r line <"$stat"; } 2>/dev/null || continue
  comm=${line#*\(}
  state=${line##*) }
  case ${comm%)*}/${state%% *} in
    */Z) ;;
    blender* | ffmpeg*) exit 0 ;;
  esac
done

# Not registered yet: the entry has its own patience.
[ -s "$home/tablao-worker-id" ] || exit 0
read -r registered <"$home/tablao-worker-id"
current=$(sed -n 's/^worker_id: *"\{0,1\}\([0-9a-fA-F-]*\).*/\1/p' "$home/flamenco-worker-credentials.yaml")
if [ "$current" != "$registered" ]; then
  echo "this worker registered itself anew and has no tag: it would get no task"
  exit 1
fi

read -r up _ </proc/uptime
now=${up%%.*}
status=$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' \
  "${manager%/}/api/v3/worker-mgt/workers/$registered") || :
case $status in
  200)
    echo "$now" >"$home/tablao-manager-seen"
    exit 0
    ;;
  404)
    echo "the manager does not know this worker"
    exit 1
    ;;
esac

seen=$now
if [ -s "$home/tablao-manager-seen" ]; then read -r seen <"$home/tablao-manager-seen"; else echo "$now" >"$home/tablao-manager-seen"; fi
silent=$((now - seen))
[ "$silent" -ge "${MANAGER_UNREACHABLE_SECONDS:-900}" ] || exit 0
echo "the manager has not answered for $silent s"
exit 1
