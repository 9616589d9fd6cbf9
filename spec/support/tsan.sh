#!/bin/bash
# The specs of the I/O thread, and some chaos, under ThreadSanitizer:
#   tsan.sh 'LUAS' [SPEC or busted option]...
# As in asan.sh, a wrapper preloads the runtime into the system's interpreters
# and what they start runs without it. Ours is all that is instrumented; the
# runtime knows of libcurl's and OpenSSL's threads and locks by itself.
# 'setarch -R': older runtimes do not cope with today's address layouts.

set -eu
luas=$1
shift
build=build/tsan
mkdir -p $build/bin

"${MAKE:-make}" --no-print-directory modules BUILD=$build LUAS="$luas" CC=gcc \
  CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=thread" \
  LDFLAGS=-fsanitize=thread

gcc -std=c99 -O1 -fPIC -shared -o $build/unpreload.so spec/support/unpreload.c

preload="$(gcc -print-file-name=libtsan.so) $PWD/$build/unpreload.so"
for lua in $luas; do
  cat > "$build/bin/$lua" << END
#!/bin/bash
exec setarch -R env LD_PRELOAD="$preload \$LD_PRELOAD" \\
  '$(command -v "$lua")' "\$@"
END
  chmod +x "$build/bin/$lua"
done

# a fork of a process with threads is what some of the specs are about
export TSAN_OPTIONS="halt_on_error=0 exitcode=66 die_after_fork=0
  suppressions=$PWD/spec/support/tsan.supp history_size=4"
export PRELOAD=$preload LIMIT=${LIMIT:-1800} WRAPPERS=$build/bin
status=0
spec/support/test.sh $build "$luas" --exclude-tags=bare "$@" || status=1

export PATH=$PWD/$WRAPPERS:$PATH:/usr/sbin BUILD=$build FORKS=no
export LUA_PATH='./lua/?.lua;./lua/?/init.lua;./spec/?.lua;;'
for lua in $luas; do
  LUA=$(command -v "$lua") LUA_CPATH="./$build/$lua/?.so;;" \
    "$lua" spec/chaos/threads.lua 10 || status=1
done
exit $status
