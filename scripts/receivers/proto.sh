#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The official .proto files of the OpenTelemetry protocol, from Debian's package
# opentelemetry-proto of another suite, which is verified, unpacked and not
# installed:
#   proto.sh [--refresh]
# They are kept in CACHE/proto (CACHE is REQTRACE_RECEIVER_CACHE or
# build/receivers). Prints the directory for protoc's --proto_path. Exits with 1
# and a reason if they cannot be had.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/kernels/apt.sh
. scripts/kernels/apt.sh
cache=${REQTRACE_RECEIVER_CACHE:-$PWD/build/receivers}
arch=$(dpkg --print-architecture)

first=opentelemetry/proto/metrics/v1/metrics.proto

# A machine may have it installed.
find_proto() {
	local place
	for place in /usr/include "$cache/proto/usr/include"; do
		if [ -f "$place/$first" ]; then
			echo "$place"
			return
		fi
	done
	return 1
}

fetch() {
	apt_open "debian trixie" || return 1
	rm -rf "$cache/proto.new"
	mkdir -p "$work/debs" "$cache/proto.new"
	(cd "$work/debs" && private_apt apt-get download opentelemetry-proto) ||
		return 1
	dpkg-deb -x "$work"/debs/*.deb "$cache/proto.new" || return 1
	rm -rf "$cache/proto"
	mv "$cache/proto.new" "$cache/proto"
}

if [ "${1-}" = --refresh ] || ! find_proto >/dev/null; then
	mkdir -p "$cache"
	work=$(mktemp -d)
	apt=$work/apt
	trap 'rm -rf "$work"' EXIT
	if ! fetch >"$work/log" 2>&1; then
		why=$(grep '^E: ' "$work/log" | head -n 1)
		echo "opentelemetry-proto cannot be had:" \
			"${why:-$(tail -n 1 "$work/log")}" >&2
		exit 1
	fi
fi
find_proto || {
	echo "opentelemetry-proto has no $first" >&2
	exit 1
}
