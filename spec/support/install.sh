#!/bin/sh
# Installs Debian packages, as root, asking nothing and starting nothing: a
# server that comes with a package (nginx) is neither run nor enabled, and one
# that already runs is left as it is. Called by setup.sh.

set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
brought_policy=

# two commands of make may get here at the same time
exec 9> /var/lock/twitter-setup
flock 9

apt() {
  apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 \
    -o Dpkg::Use-Pty=0 "$@" < /dev/null 9>&-
}

# the lists have a lock of their own, which apt-get does not wait for
update() {
  for pause in 1 5 15 30 60 120; do
    apt update && return 0
    sleep "$pause"
  done
  apt update
}

lists_are_fresh() {
  test -n "$(find /var/lib/apt/lists -name '*_Packages*' -mtime -1 \
    -print -quit 2> /dev/null)"
}

# exit status 101 is how a policy says "do not touch services"
hold_services() {
  test -e $policy && return 0
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
  brought_policy=yes
}

release_services() {
  test -z "$brought_policy" || rm -f $policy
}

had_nginx() { command -v nginx > /dev/null; }

echo "installing: $*"
fresh=yes
lists_are_fresh || { update; fresh=no; }

trap release_services EXIT
trap 'exit 1' HUP INT TERM
nginx_was_here=no
had_nginx && nginx_was_here=yes
hold_services
apt install "$@" || { test $fresh = yes && update && apt install "$@"; }

# not at the next start of the machine either
if test $nginx_was_here = no && had_nginx; then
  update-rc.d nginx disable > /dev/null 2>&1 || true
fi
