#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian's arm64 libraries and headers, and its busybox, unpacked into a
# directory, so that clang here can link a static reqtrace for arm64:
#   sysroot.sh DIRECTORY
# Nothing is installed. What is there already is kept.
set -eu
cd "$(dirname "$0")/../.."
. scripts/kernels/apt.sh
to=$1
arch=arm64
# What deps.sh wants for a build here, and what that depends on.
packages="$(sed -n '/^build="/,/"$/p' scripts/deps.sh |
	grep -o '[a-z0-9.+-]*-dev' | tr '\n' ' ')libc6 linux-libc-dev libcrypt-dev
	libgcc-12-dev libgcc-s1 busybox-static"

[ "$(cat "$to/packages" 2>/dev/null)" = "$packages" ] && exit 0
work=$(mktemp -d)
apt=$work/apt
trap 'rm -rf "$work"' EXIT
echo "kernels: fetching the libraries of arm64" >&2
if ! apt_open "debian bookworm" >"$work/log" 2>&1; then
	tail -n 2 "$work/log" >&2
	exit 1
fi
mkdir "$work/debs"
# shellcheck disable=SC2086 # one word a package
(cd "$work/debs" && private_apt apt-get -qq download $packages)
rm -rf "$to"
mkdir -p "$to"
for package in "$work"/debs/*.deb; do
	dpkg-deb -x "$package" "$to"
done
echo "$packages" >"$to/packages"
