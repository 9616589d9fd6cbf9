#!/bin/bash
# The specs under AddressSanitizer, UBSan and leak checking:
#   asan.sh 'LUAS' [SPEC or busted option]...
# The interpreters are the system's own. A wrapper of the same name, first in
# PATH, preloads the sanitizer's runtime, and unpreload.so with it, which takes
# LD_PRELOAD out of the environment again: what a spec starts (a shell, nginx,
# openssl) runs as it always does, and a Lua that it starts finds the wrapper.

set -eu
luas=$1
shift
build=build/asan
mkdir -p $build/bin

sanitizers=address,undefined
"${MAKE:-make}" --no-print-directory modules BUILD=$build LUAS="$luas" CC=gcc \
  CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=$sanitizers \
    -fno-sanitize-recover=all" LDFLAGS="-fsanitize=$sanitizers"

gcc -std=c99 -O1 -fPIC -shared -o $build/unpreload.so spec/support/unpreload.c

runtime=$(gcc -print-file-name=libasan.so)
for lua in $luas; do
  # LuaJIT's heap is in pages the leak checker does not look into: a program
  # that leaves without closing its state would seem to leak all it held
  no_leaks=
  [ "$lua" = luajit ] && no_leaks='case $1 in */busted) ;; *)
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 ;; esac'
  # 'exec -a': arg[-1] is how a spec may find the interpreter to start another
  cat > "$build/bin/$lua" << END
#!/bin/bash
$no_leaks
LD_PRELOAD="$runtime $PWD/$build/unpreload.so \$LD_PRELOAD" \\
  exec -a "\$0" '$(command -v "$lua")' "\$@"
END
  chmod +x "$build/bin/$lua"
done

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS=print_stacktrace=1
# for hosts that specs build and that load the module
export PRELOAD="$runtime $PWD/$build/unpreload.so"
WRAPPERS=$build/bin exec spec/support/test.sh $build "$luas" "$@"
