#!/bin/sh
# Installs what a make target needs, and only what is missing. The arguments
# say what for: `build`, `test`, `browser`, `lint`, `valgrind`, `bench`, `media`,
# and the names of Luas. Nothing missing is the common case and costs milliseconds:
# each need is proved by a command or a file, without asking the package
# system. Where there is no apt-get it prints the list and exits with 2.

set -eu
PATH=$PATH:/usr/sbin:/sbin

missing=

# need PACKAGE PROOF...: a proof is a command, or a path that may have wildcards
# (and no function below may have the name of a command, or it would be one)
need() {
  package=$1
  shift
  for proof in "$@"; do
    case $proof in
      /*) test -e "$proof" && return 0 ;;
      *) command -v "$proof" > /dev/null && return 0 ;;
    esac
  done
  missing="$missing $package"
}

# header PACKAGE MODULE FILE...: a file, or what pkg-config says elsewhere
header() {
  package=$1 module=$2
  shift 2
  for file in "$@"; do
    test -e "$file" && return 0
  done
  pkg-config --exists "$module" 2> /dev/null || missing="$missing $package"
}

for_build() {
  need gcc gcc
  need libc6-dev /usr/include/stdio.h
  need make make
  need pkg-config pkg-config
  header libcurl4-openssl-dev libcurl /usr/include/*/curl/curl.h
  header libssl-dev libcrypto /usr/include/openssl/crypto.h
}

for_test() {
  need lua-busted busted
  need lua-cjson /usr/lib/*/lua/5.1/cjson.so /usr/local/lib/lua/*/cjson.so
  need lua-cqueues /usr/lib/*/lua/5.1/_cqueues.so /usr/local/lib/lua/*/_cqueues.so
  need lua-luv /usr/lib/*/lua/5.1/luv.so /usr/local/lib/lua/*/luv.so
  need luarocks luarocks
  need nginx-light nginx
  need libnginx-mod-http-lua /usr/lib/nginx/modules/ngx_http_lua_module.so
  need openssl openssl
  need ca-certificates /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs
}

for_browser() {
  need chromium chromium
  need chromium-driver chromedriver
}

for_lint() {
  need clang clang
  need lua-check luacheck
  need cppcheck cppcheck
  need clang-tidy clang-tidy
}

for_luajit() {
  need luajit2 luajit
  header libluajit2-5.1-dev luajit /usr/include/luajit-2.*/lua.h
  for_lua lua5.1 # whose headers rocks for LuaJIT are built with
}

for_lua() {
  need "$1" "$1"
  header "lib$1-dev" "$1" "/usr/include/$1/lua.h"
}

for purpose in "$@"; do
  case $purpose in
    build) for_build ;;
    test) for_test ;;
    browser) for_browser ;;
    lint) for_lint ;;
    valgrind) need valgrind valgrind ;;
    bench) need valgrind valgrind ;;
    media) need ffmpeg ffmpeg ;;
    luajit) for_luajit ;;
    lua5.*) for_lua "$purpose" ;;
    *) echo "setup: unknown purpose '$purpose'" >&2; exit 2 ;;
  esac
done

test -z "$missing" && exit 0

# Debian has LuaJIT twice, and the two exclude each other. nginx's Lua module
# needs the one called luajit2, which has the same command: once a part of it
# is wanted it comes whole, or the other would leave a gap.
case $missing in
  *luajit2*|*-http-lua*) missing="$missing luajit2 libluajit2-5.1-dev" ;;
esac

refuse() {
  echo "setup: $1; this needs (by their Debian names):" >&2
  printf '  %s\n' $missing >&2
  case $missing in *lua5.*|*luajit*)
    echo "A Lua that you do without can be left out: make LUAS=lua5.4" >&2 ;;
  esac
  exit 2
}

command -v apt-get > /dev/null || refuse "no apt-get here"

as_root=
if test "$(id -u)" != 0; then
  command -v sudo > /dev/null || refuse "not root, and no sudo"
  as_root=sudo
fi

exec $as_root "$(dirname "$0")/install.sh" $missing
