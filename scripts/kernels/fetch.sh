#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Takes kernels from Debian's packages, by the meta-packages of its suites:
#   fetch.sh [--refresh] NAME...    NAME of: 5.10 6.1 6.12 new
# The packages are unpacked into CACHE/NAME (CACHE is REQTRACE_KERNEL_CACHE or
# build/kernels): vmlinuz, lib/modules, release, package. What is there already
# is kept, unless --refresh asks for what the suite has now. apt runs with
# lists, cache and sources of its own: the state of this machine's is not
# touched. Exits with 1 and a reason for each kernel that cannot be had.
set -eu
cd "$(dirname "$0")/../.."
export PATH=$PATH:/usr/sbin:/sbin
cache=${REQTRACE_KERNEL_CACHE:-$PWD/build/kernels}
mirror=${REQTRACE_DEBIAN_MIRROR:-http://deb.debian.org}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
arch=${REQTRACE_KERNEL_ARCH:-amd64}
meta=linux-image-cloud-$arch

# The lines of sources.list for a kernel.
sources() {
	local at=$mirror/debian
	case $1 in
	5.10) echo "$mirror/debian-security bullseye-security" ;;
	6.1)
		echo "$at bookworm"
		echo "$mirror/debian-security bookworm-security"
		;;
	6.12) echo "$at bookworm-backports" ;;
	new)
		echo "$at sid"
		echo "$at experimental"
		;;
	*)
		echo "$0: no kernel is named '$1'" >&2
		return 1
		;;
	esac | sed "s|.*|deb [signed-by=$keyring] & main|"
}

# apt TOOL ARGUMENT...: the state is that of $apt alone. The machine's apt.conf
# is still read, as that may name a proxy. The newest of all versions is
# wanted, also from experimental, which apt ranks below everything.
private_apt() {
	local tool=$1
	shift
	"$tool" -q -o APT::Architecture="$arch" -o APT::Architectures::="$arch" \
		-o APT::Default-Release= -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=3 \
		-o Acquire::http::Timeout=30 \
		-o Dir::Etc::SourceList="$apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences="$apt/preferences" \
		-o Dir::Etc::PreferencesParts=/dev/null -o Dir::State="$apt/state" \
		-o Dir::State::Status="$apt/status" -o Dir::Cache="$apt/cache" "$@"
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
	image=$(parts "$meta" | head -n 1)
	[ -n "$image" ] && echo "$image" && parts "$image"
}

fetch() {
	local name=$1 to=$cache/$1 apt=$work/apt packages package
	sources "$name" >/dev/null || return 1
	rm -rf "$apt" "$work/debs" "$to.new"
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$work/debs" \
		"$to.new"
	touch "$apt/status"
	sources "$name" >"$apt/sources.list"
	printf 'Package: *\nPin: release *\nPin-Priority: 500\n' \
		>"$apt/preferences"
	private_apt apt-get update >"$work/log" 2>&1 || return 1
	packages=$(packages) || {
		echo "no $meta in its suites" >>"$work/log"
		return 1
	}
	# shellcheck disable=SC2086 # one word a package
	(cd "$work/debs" && private_apt apt-get download $packages) \
		>>"$work/log" 2>&1 || return 1
	for package in "$work"/debs/*.deb; do
		dpkg-deb -x "$package" "$to.new" || return 1
	done
	unpacked "$to.new" || return 1
	dpkg-deb -f "$(ls "$work"/debs/linux-image-*.deb)" Version >"$to.new/package"
	rm -rf "$to"
	mv "$to.new" "$to"
}

# What the packages hold, in the places that run.sh knows.
unpacked() {
	# Newer packages have the modules below /usr.
	[ -d "$1/lib" ] || mv "$1/usr/lib" "$1/lib" || return 1
	ls "$1/lib/modules" >"$1/release" &&
		find "$1" -name 'vmlinuz*' -type f -exec mv {} "$1/vmlinuz" \; &&
		find "$1" -name 'config-*' -type f -exec mv {} "$1/config" \; &&
		rm -rf "$1/usr" "$1/boot" &&
		depmod -b "$1" "$(cat "$1/release")" >>"$work/log" 2>&1
}

refresh=false
if [ "${1-}" = --refresh ]; then
	refresh=true
	shift
fi
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing=0
for name; do
	if ! $refresh && [ -f "$cache/$name/package" ]; then
		continue
	fi
	echo "kernels: fetching $name" >&2
	: >"$work/log"
	if ! fetch "$name"; then
		echo "kernels: $name cannot be had:" \
			"$(grep -E '^(E|W|no )' "$work/log" | tail -n 1)" >&2
		missing=1
	fi
done
exit $missing
