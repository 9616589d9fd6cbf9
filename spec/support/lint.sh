#!/bin/bash
# Every check that needs no run: lint.sh BUILD 'LUAS'. Each prints one line,
# and what it found where it failed; the status says whether all passed.

set -u
build=$1 luas=$2
log=$build/lint/log
failed=0
mkdir -p "$build/lint"

# check NAME COMMAND...: passes when the command ends with 0
check() {
  local name=$1
  shift
  if "$@" > "$log" 2>&1; then
    echo "ok      $name"
  else
    failed=1
    echo "FAILED  $name"
    sed 's/^/        /' "$log"
  fi
}

# the headers of Lua are not ours to warn about
headers() {
  pkg-config --cflags-only-I "$1" | sed 's/-I */-isystem /g'
}

compile() {
  "${MAKE:-make}" --no-print-directory -k modules CC="$1" WERROR=-Werror \
    BUILD="$build/lint/$1" LUAS="$luas"
}

cpp_check() {
  cppcheck --quiet --std=c99 --error-exitcode=1 --inconclusive \
    --enable=warning,performance,portability,style --max-configs=64 \
    --template='{file}:{line}: {id}: {message}' -Isrc src
}

tidy() {
  printf '%s\n' src/*.c | xargs -P "$(nproc)" -n 4 \
    sh -c 'out=$(clang-tidy --quiet "$@" -- -std=c99 '"$(headers "$1")"' 2>&1) ||
      { printf "%s\n" "$out"; exit 1; }' tidy
}

shells() {
  local script status=0
  for script in .ci/run spec/support/*.sh; do
    bash -n "$script" || status=1
  done
  return $status
}

# one symbol, the one that Lua looks for
exports() {
  local file found status=0
  for file in $(printf "$build/%s/twitter/core.so " $luas); do
    found=$(nm -D --defined-only "$file" | awk '{ print $3 }')
    [ "$found" = luaopen_twitter_core ] && continue
    echo "$file exports:" $found
    status=1
  done
  return $status
}

check "luacheck" luacheck --no-color -q .
for compiler in gcc clang; do
  check "$compiler -Werror, with the headers of: $luas" compile "$compiler"
done
check "cppcheck" cpp_check
check "clang-tidy" tidy lua5.4
check "shell syntax" shells
check "luarocks lint" luarocks lint rockspec/twitter-api-scm-1.rockspec
check "exported symbols" exports
exit $failed
