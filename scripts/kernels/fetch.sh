#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Takes kernels from Debian's packages, by the meta-packages of its suites:
#   fetch.sh [--refresh] NAME...    NAME of: 5.10 6.1 6.12 new arm64
# The packages are unpacked into CACHE/NAME (CACHE is REQTRACE_KERNEL_CACHE or
# build/kernels): vmlinuz, lib/modules, release, package. What is there already
# is kept, unless --refresh asks for what the suite has now. Exits with 1 and a
# reason for each kernel that cannot be had.
set -eu
cd "$(dirname "$0")/../.."
. scripts/kernels/apt.sh
cache=${REQTRACE_KERNEL_CACHE:-$PWD/build/kernels}

# The suites of a kernel, which apt_open takes.
suites_of() {
	arch=amd64
	case $1 in
	5.10) suites=("debian-security bullseye-security") ;;
	6.1) suites=("debian bookworm" "debian-security bookworm-security") ;;
	6.12) suites=("debian bookworm-backports") ;;
	new) suites=("debian sid" "debian experimental") ;;
	arm64)
		arch=arm64
		suites=("debian bookworm-backports")
		;;
	*)
		echo "no kernel is named '$1'"
		return 1
		;;
	esac
}

# The packages with the parts of a kernel that PACKAGE depends on. Newer
# kernels have their modules and their image in packages of their own.
parts() {
	private_apt apt-cache depends --no-recommends --no-suggests "$1" |
		sed -n 's/^ *Depends: \(linux-\(image\|modules\|binary\)-[^ ]*\)$/\1/p'
}

# All packages of the kernel that the meta-package stands for.
packages() {
	local image
	image=$(parts "linux-image-cloud-$arch" | head -n 1)
	if [ -z "$image" ]; then
		echo "no linux-image-cloud-$arch in: ${suites[*]}" >&2
		return 1
	fi
	echo "$image"
	parts "$image"
}

# What the packages hold, in the places that run.sh knows.
arrange() {
	local dir=${1:?}
	# Newer packages have the modules below /usr.
	[ -d "$dir/lib" ] || mv "$dir/usr/lib" "$dir/lib" || return 1
	ls "$dir/lib/modules" >"$dir/release" &&
		find "$dir" -name 'vmlinuz*' -type f -exec mv {} "$dir/vmlinuz" \; &&
		find "$dir" -name 'config-*' -type f -exec mv {} "$dir/config" \; &&
		rm -rf "$dir/usr" "$dir/boot" &&
		depmod -b "$dir" "$(cat "$dir/release")"
}

# Words that begin with "E:" or are alone say why it failed.
fetch() {
	local to=$cache/$1 debs=$work/debs names package
	suites_of "$1" && apt_open "${suites[@]}" && names=$(packages) ||
		return 1
	rm -rf "$debs" "$to.new"
	mkdir -p "$debs" "$to.new"
	# shellcheck disable=SC2086 # one word a package
	(cd "$debs" && private_apt apt-get download $names) || return 1
	for package in "$debs"/*.deb; do
		dpkg-deb -x "$package" "$to.new" || return 1
	done
	arrange "$to.new" || return 1
	dpkg-deb -f "$(find "$debs" -name 'linux-image-*')" Version \
		>"$to.new/package"
	rm -rf "$to"
	mv "$to.new" "$to"
}

refresh=false
if [ "${1-}" = --refresh ]; then
	refresh=true
	shift
fi
mkdir -p "$cache"
work=$(mktemp -d)
apt=$work/apt
trap 'rm -rf "$work"' EXIT
missing=0
for name; do
	if ! $refresh && [ -f "$cache/$name/package" ]; then
		continue
	fi
	echo "kernels: fetching $name" >&2
	if ! fetch "$name" >"$work/log" 2>&1; then
		why=$(grep '^E: ' "$work/log" | head -n 1)
		echo "kernels: $name cannot be had:" \
			"${why:-$(tail -n 1 "$work/log")}" >&2
		missing=1
	fi
done
exit $missing
