#!/bin/bash
# The specs under valgrind's memcheck, leaks included:
#   valgrind.sh 'LUAS' [SPEC or busted option]...
# A wrapper named like the interpreter, first in PATH, puts valgrind before the
# run of busted. The Luas that a spec starts run bare: some fork, some count
# their descriptors, and memcheck would have its say in both.

set -eu
luas=$1
shift
build=build/valgrind
mkdir -p $build/bin

"${MAKE:-make}" --no-print-directory modules BUILD=$build LUAS="$luas" \
  CFLAGS="-O1 -g -fno-omit-frame-pointer"

for lua in $luas; do
  cat > "$build/bin/$lua" << END
#!/bin/bash
case \$1 in
  */busted)
    exec valgrind -q --error-exitcode=99 --leak-check=full \\
      --errors-for-leak-kinds=definite --show-leak-kinds=definite \\
      --num-callers=20 '$(command -v "$lua")' "\$@" ;;
  *) exec -a "\$0" '$(command -v "$lua")' "\$@" ;;
esac
END
  chmod +x "$build/bin/$lua"
done

export LIMIT=${LIMIT:-3600}
WRAPPERS=$build/bin exec spec/support/test.sh $build "$luas" "$@"
