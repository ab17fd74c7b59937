#!/bin/sh
# Installs what the build and the tests need and this machine lacks, with apt; says what it does.
# `no-llvm` leaves LLVM out. Does nothing (and needs no root) when everything is there.
set -eu

need=''
want() { # PACKAGE, and a command that succeeds if it is there
    package=$1
    shift
    "$@" >/dev/null 2>&1 || need="$need $package"
}
header() { echo "#include <$1>" | cc -E -; }
# cmocka's header needs others before it, so look for the file.
file_of() { dpkg-query -L "$1" | grep -q "$2"; }

want gcc command -v cc
want libc6-dev header stdio.h
want flex command -v flex
want bison command -v bison
want zlib1g-dev header zlib.h
want libzstd-dev header zstd.h
want libcmocka-dev file_of libcmocka-dev cmocka.h
# Exported programs run in the tests, with the Python that the package belongs to.
want python3-numpy /usr/bin/python3 -c "import numpy"
if [ "${1:-}" != no-llvm ]; then
    want llvm-19-dev file_of llvm-19-dev llvm-config
    want g++ command -v g++
fi

[ -n "$need" ] || exit 0
echo "installing with apt:$need"
if [ "$(id -u)" = 0 ]; then sudo=''; else sudo='sudo'; fi
command -v apt-get >/dev/null || {
    echo "error: no apt-get here; install by hand:$need" >&2
    exit 1
}
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! $sudo apt-get install -y --no-install-recommends $need >/dev/null 2>&1; then
    $sudo apt-get update -q
    $sudo apt-get install -y -q --no-install-recommends $need
fi
