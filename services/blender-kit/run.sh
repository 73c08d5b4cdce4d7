#!/bin/sh
# Runs one Blender for a Flamenco task: run.sh BLENDER ARGS…
#
# The exit code is 0 whatever happens to Blender, because Flamenco cancels a whole job when a tenth of its tasks fail,
# and one frame that crashes is no reason for that: the frame records and the frames themselves say what was rendered.
# Only a Blender that could not be started (126, 127) is passed on: that is a broken worker, not a broken frame.
#
# Flamenco's worker ends a task with SIGKILL to its direct child, which is this shell, so Blender must die with it:
# by the kernel's parent-death signal where setpriv (util-linux) is there, else by a small watcher.
set -u

if [ $# -eq 0 ]; then
  echo 'usage: run.sh PROGRAM [ARGUMENT…]' >&2
  exit 2
fi

# Python settings of the worker's own surroundings would break the Python inside Blender.
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONUSERBASE PYTHONPLATLIBDIR PYTHONOPTIMIZE PYTHONINSPECT PYTHONWARNINGS
unset PYTHONNOUSERSITE PYTHONIOENCODING VIRTUAL_ENV
PYTHONDONTWRITEBYTECODE=1
TABLAO_TASK_STARTED=$(date +%s)
export PYTHONDONTWRITEBYTECODE TABLAO_TASK_STARTED

# Told apart before the start, since Blender itself could end with 126 or 127.
if ! program=$(command -v -- "$1"); then
  echo "tablao: cannot start Blender: $1 is not there" >&2
  exit 127
fi
if [ -d "$program" ] || [ ! -x "$program" ]; then
  echo "tablao: cannot start Blender: $program cannot be run" >&2
  exit 126
fi

if command -v setpriv >/dev/null 2>&1 && setpriv --pdeathsig KILL true 2>/dev/null; then
  setpriv --pdeathsig KILL -- "$@" &
  child=$!
else
  "$@" &
  child=$!
  # Only while this shell lives may Blender live. The watcher lets go of the output, or the worker would wait for it.
  (
    while kill -0 "$$" 2>/dev/null && kill -0 "$child" 2>/dev/null; do sleep 1; done
    kill -0 "$$" 2>/dev/null || kill -KILL "$child" 2>/dev/null
  ) >/dev/null 2>&1 </dev/null &
fi

trap 'kill -TERM "$child" 2>/dev/null' TERM
trap 'kill -INT "$child" 2>/dev/null' INT
trap 'kill -HUP "$child" 2>/dev/null' HUP

# A trapped signal interrupts wait, hence the loop: only a child that is gone ends it.
code=0
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done

case $code in
  0) exit 0 ;;
  126 | 127)
    echo "tablao: cannot start Blender: $program ended with exit code $code"
    exit "$code"
    ;;
esac
name=
if [ "$code" -gt 128 ]; then
  name=$(kill -l "$((code - 128))" 2>/dev/null) || name=
fi
hint=
case $name in ABRT | KILL) hint=', as it does when memory runs out' ;; esac
echo "tablao: Blender ended with exit code $code${name:+ (SIG$name)}$hint"
exit 0
