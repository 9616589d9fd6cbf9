#!/bin/bash
# Runs the specs with one Lua after another and counts.
#   test.sh BUILD 'LUAS' [SPEC or busted option]...
# BUILD holds <lua>/twitter/core.so for each Lua. The last line is
# "N passed, N failed", and ", N skipped" if any were. An interpreter that dies,
# hangs or ends with a bad status though all specs passed is a failure too.
# WRAPPERS names a folder of programs that stand before the system's in PATH;
# LIMIT is how many seconds one Lua may take.

set -u
build=$1 luas=$2
shift 2

export PATH=${WRAPPERS:+$PWD/$WRAPPERS:}$PATH:/usr/sbin
export LUA_PATH='./lua/?.lua;./lua/?/init.lua;./spec/?.lua;;'
busted=$(command -v busted)
limit=${LIMIT:-900}
passed=0 failed=0 skipped=0

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

run() {
  local lua=$1 status report
  shift
  local started=$SECONDS p f s crashed name
  report=$(mktemp)
  echo "== $lua"
  # the variables tell specs that start another interpreter which one
  LUA_CPATH="./$build/$lua/?.so;;" LUA=$(command -v "$lua") BUILD=$build \
    SPEC_REPORT=$report \
    timeout --foreground "$limit" "$lua" "$busted" \
      --output=spec/support/report.lua "$@" < /dev/null
  status=$?
  read -r p f s crashed name < <(count "$report")
  rm -f "$report"
  if [ "$crashed" = 1 ]; then
    f=$((f + 1))
    echo "$lua: ended early with status $status in: ${name:-no spec}"
  elif [ $status != 0 ] && [ "$f" = 0 ]; then
    f=1
    echo "$lua: the specs passed, yet it ended with status $status"
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  summary+=$(printf '%-8s %5d passed, %d failed, %d skipped (%d s)' \
    "$lua" "$p" "$f" "$s" $((SECONDS - started)))$'\n'
}

summary=
for lua in $luas; do
  run "$lua" "$@"
done

printf '\n%s' "$summary"
echo "$passed passed, $failed failed$(
  [ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ]
