#!/bin/sh
# A process for tests to supervise: it does what its configuration says, and keeps a journal.
# Keys: marker (any), exit (at once, with this code), deaf (ignores TERM), children (starts one).
# The journal, named by JOURNAL, gets a line a launch: pid and marker.
marker=- code= deaf= children=
while IFS=': ' read -r key value; do
  case $key in
    marker) marker=$value ;;
    exit) code=$value ;;
    deaf) deaf=$value ;;
    children) children=$value ;;
  esac
done < "$1"
[ -z "$deaf" ] || trap '' TERM # before anybody is told of it
echo "$$ $marker" >> "$JOURNAL"
echo "began with $marker" >&2
if [ -n "$code" ]; then
  echo "fatal: cannot go on" >&2
  exit "$code"
fi
[ -z "$children" ] || sh -c 'trap "" TERM; echo "$$ child" >> "$JOURNAL"; exec sleep 1000' &
exec sleep 1000
