#!/bin/bash
# The specs under valgrind's memcheck, leaks included:
#   valgrind.sh 'LUAS' [SPEC or busted option]...
# A wrapper named like the interpreter, first in PATH, puts valgrind before
# it; Luas that a spec starts run under it too, other programs do not.

set -eu
luas=$1
shift
build=build/valgrind
mkdir -p $build/bin

"${MAKE:-make}" --no-print-directory modules BUILD=$build LUAS="$luas" \
  CFLAGS="-O1 -g -fno-omit-frame-pointer"

for lua in $luas; do
  cat > "$build/bin/$lua" << END
#!/bin/sh
exec valgrind -q --error-exitcode=99 --leak-check=full \\
  --errors-for-leak-kinds=definite --show-leak-kinds=definite \\
  --num-callers=20 --suppressions='$PWD/spec/support/valgrind.supp' \\
  '$(command -v "$lua")' "\$@"
END
  chmod +x "$build/bin/$lua"
done

export LIMIT=${LIMIT:-3600}
WRAPPERS=$build/bin exec spec/support/test.sh $build "$luas" "$@"
