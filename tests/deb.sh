#!/bin/sh
# A Debian package of what `make install` installs: build/dyn_VERSION_ARCH.deb.
set -eu
cd "$(dirname "$0")/.."
root=$BUILD/deb
arch=$(dpkg --print-architecture)
rm -rf "$root"
$MAKE --no-print-directory install DESTDIR="$root" PREFIX=/usr >/dev/null
gzip -9n "$root/usr/share/man/man1/dyn.1"
mkdir -p "$root/DEBIAN"
depends='libc6, zlib1g, libzstd1'
[ ! -f "$root/usr/lib/dyn/dyn-jit.so" ] || depends="$depends, libstdc++6"
cat >"$root/DEBIAN/control" <<CONTROL
Package: dyn
Version: $VERSION
Architecture: $arch
Maintainer: the dyn authors <dyn@localhost>
Depends: $depends
Section: electronics
Priority: optional
Description: compiler toolchain for neuromorphic chips
 Compiles networks written in the .dyn language to configurations of DYNAP-SE2,
 simulates them with kernels compiled at run time, and compares the two.
CONTROL
dpkg-deb --root-owner-group --build "$root" "$BUILD/dyn_${VERSION}_$arch.deb"
