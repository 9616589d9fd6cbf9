#!/bin/bash
# Runs the specs with each Lua and counts:
#   test.sh BUILD 'LUAS' [SPEC or busted option]...
# BUILD holds <lua>/twitter/core.so for each Lua. The last line is
# "N passed, N failed", and ", N skipped" if any were. An interpreter that dies,
# hangs or ends with a bad status though all specs passed is a failure too.
# JOBS is how many Luas run at a time (what each prints then comes when it is
# done), LIMIT how many seconds one may take, and WRAPPERS names a folder of
# programs that stand before the system's in PATH.

set -u
build=$1 luas=$2
shift 2

export PATH=${WRAPPERS:+$PWD/$WRAPPERS:}$PATH:/usr/sbin
export LUA_PATH='./lua/?.lua;./lua/?/init.lua;./spec/?.lua;;'
busted=$(command -v busted)
jobs=${JOBS:-$(nproc)} limit=${LIMIT:-900}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
trap 'for job in $(jobs -p); do kill -- "-$job"; done; exit 130' INT TERM HUP

# what report.lua wrote, as "passed failed skipped crashed name"
count() {
  awk '
    $1 == "begin" { running = $0; sub(/^begin /, "", running) }
    $1 == "end" { count[$2]++; running = "" }
    $1 == "total" { print $2, $3, $4, 0; done = 1 }
    END {
      if (!done)
        print count["success"] + 0, count["failure"] + count["error"] + 0,
              count["pending"] + 0, 1, running
    }' "$1"
}

# run LUA ARGUMENT...: leaves "passed failed skipped seconds" in results/LUA
run() {
  local lua=$1 report=$results/$1.report
  local started=$SECONDS status passed failed skipped crashed name
  shift
  echo "== $lua"
  : > "$report"
  # LUA and BUILD are for specs that start another interpreter
  LUA_CPATH="./$build/$lua/?.so;;" LUA=$(command -v "$lua") BUILD=$build \
    SPEC_REPORT=$report \
    timeout --foreground "$limit" "$lua" "$busted" \
      --output=spec/support/report.lua "$@" < /dev/null 2>&1
  status=$?
  read -r passed failed skipped crashed name < <(count "$report")
  if [ "$crashed" = 1 ]; then
    failed=$((failed + 1))
    echo "$lua: ended early with status $status in: ${name:-no spec}"
  elif [ $status != 0 ] && [ "$failed" = 0 ]; then
    failed=1
    echo "$lua: the specs passed, yet it ended with status $status"
  fi
  echo "$passed $failed $skipped $((SECONDS - started))" > "$results/$lua"
}

# waits until fewer than $1 Luas run; each that is done gets its say
settle() {
  local lua
  while [ "$(jobs -rp | wc -l)" -ge "$1" ]; do wait -n; done
  for lua in $luas; do
    [ -e "$results/$lua" ] && [ -e "$results/$lua.log" ] || continue
    cat "$results/$lua.log"
    rm "$results/$lua.log"
  done
}

for lua in $luas; do
  if [ "$jobs" = 1 ]; then
    run "$lua" "$@"
  else
    settle "$jobs"
    set -m # a process group for each, which the trap can end
    run "$lua" "$@" > "$results/$lua.log" &
    set +m
  fi
done
while [ -n "$(jobs -rp)" ]; do settle "$(jobs -rp | wc -l)"; done
settle 1

echo
all_passed=0 all_failed=0 all_skipped=0
for lua in $luas; do
  read -r passed failed skipped seconds < "$results/$lua"
  printf '%-8s %5d passed, %d failed, %d skipped (%d s)\n' \
    "$lua" "$passed" "$failed" "$skipped" "$seconds"
  all_passed=$((all_passed + passed))
  all_failed=$((all_failed + failed))
  all_skipped=$((all_skipped + skipped))
done

skips=
[ $all_skipped = 0 ] || skips=", $all_skipped skipped"
echo "$all_passed passed, $all_failed failed$skips"
[ $all_failed = 0 ]
