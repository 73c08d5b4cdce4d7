#!/bin/sh
# Makes this container a worker of its pool, then becomes Flamenco's worker.
#
# Flamenco's worker cannot give itself a tag. So its registration is done here, with the pool's tag, and the worker finds
# the credentials. It is not started in the background but by exec: only then SIGTERM reaches it and it signs off.
#
#   FLAMENCO_MANAGER             http://host:port
#   TABLAO_POOL, TABLAO_TAG      name and UUID of the pool's tag, which is made when it is not there yet
#   FLAMENCO_WORKER_NAME         default: the host's name
#   FLAMENCO_HOME                a folder of its own that can be written
#   MANAGER_UNREACHABLE_SECONDS  how long to wait for a manager that does not answer (default 900)
set -eu

: "${FLAMENCO_MANAGER:?is missing: where the manager is, http://host:port}"
: "${TABLAO_POOL:?is missing: the name of the pool}"
: "${TABLAO_TAG:?is missing: the UUID of that tag}"
: "${FLAMENCO_HOME:?is missing: a folder for the credentials}"

api=${FLAMENCO_MANAGER%/}/api/v3
name=${FLAMENCO_WORKER_NAME:-$(hostname)}
credentials=$FLAMENCO_HOME/flamenco-worker-credentials.yaml
answer_file=$FLAMENCO_HOME/.answer
worker=''

say() {
  echo "tablao-worker: $1" >&2
}

# Seconds of a clock that nobody sets.
seconds() {
  read -r up _ </proc/uptime
  echo "${up%%.*}"
}

# A row whose process never ran is of no use to anybody, and this is the last who knows its id.
leave() {
  trap '' TERM INT
  [ -z "$worker" ] || curl --silent --max-time 5 --request DELETE "$api/worker-mgt/workers/$worker" || :
  exit "$1"
}
trap 'say "told to end before the worker was started"; leave 1' TERM INT

# A trap waits for the program in front, hence the background. The answer's code is in $status, 000 = none.
call() {
  method=$1 path=$2 body=${3-}
  set -- --silent --max-time 30 --request "$method" --write-out '\n%{http_code}' "$api/$path"
  [ -z "$body" ] || set -- --header 'Content-Type: application/json' --data-binary "$body" "$@"
  curl "$@" >"$answer_file" 2>/dev/null &
  wait "$!" || :
  answer=$(cat "$answer_file")
  status=${answer##*
}
}

# Calls until the answer is one of the codes in $1. No answer and 5xx: the manager is starting or busy. Others are final.
patient() {
  good=$1
  shift
  while :; do
    call "$@"
    case " $good " in *" $status "*) return 0 ;; esac
    case $status in
      000 | 5??) ;;
      *)
        say "$method $path was answered with $answer"
        leave 1
        ;;
    esac
    if [ "$(seconds)" -ge "$give_up_at" ]; then
      say "the manager at $FLAMENCO_MANAGER did not answer $method $path for ${MANAGER_UNREACHABLE_SECONDS:-900} s"
      leave 1
    fi
    sleep 2 &
    wait "$!" || :
  done
}

# The manager answers 500 when another worker of the pool has just made the tag; then it is there at the second look.
ensure_tag() {
  patient '200 404' GET "worker-mgt/tag/$TABLAO_TAG"
  [ "$status" = 404 ] || return 0
  patient '200 500' POST worker-mgt/tags "{\"id\":\"$TABLAO_TAG\",\"name\":\"$TABLAO_POOL\"}"
  patient '200 404' GET "worker-mgt/tag/$TABLAO_TAG"
  [ "$status" = 200 ] && return 0
  say "the tag $TABLAO_TAG could not be made: does another one have the name $TABLAO_POOL?"
  leave 1
}

register() {
  secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  patient 200 POST worker/register-worker \
    "{\"name\":\"$name\",\"secret\":\"$secret\",\"platform\":\"linux\",\"supported_task_types\":[\"blender\",\"ffmpeg\",\"file-management\",\"misc\"]}"
  worker=$(printf '%s' "$answer" | sed -n 's/.*"uuid" *: *"\([0-9a-fA-F-]\{36\}\)".*/\1/p')
  if [ -z "$worker" ]; then
    say "the manager registered this worker without an id: $answer"
    leave 1
  fi
  patient 204 POST "worker-mgt/workers/$worker/settags" "{\"tag_ids\":[\"$TABLAO_TAG\"]}"
  (
    umask 077
    printf 'worker_id: %s\nworker_secret: %s\n' "$worker" "$secret" >"$credentials.new"
  )
  mv "$credentials.new" "$credentials"
  # For the liveness probe: a worker that registers itself anew has another id, and no tag.
  echo "$worker" >"$FLAMENCO_HOME/tablao-worker-id"
}

case $name in
  *[!A-Za-z0-9._-]*)
    say "a worker cannot be called $name"
    exit 1
    ;;
esac
mkdir -p "$FLAMENCO_HOME"
give_up_at=$(($(seconds) + ${MANAGER_UNREACHABLE_SECONDS:-900}))
if [ ! -e "$credentials" ]; then
  ensure_tag
  register
  say "$name is worker $worker of pool $TABLAO_POOL"
fi
rm -f "$answer_file"
exec flamenco-worker -manager "$FLAMENCO_MANAGER"
