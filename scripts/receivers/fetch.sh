#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Takes what the tests of the exporters send to from Debian's packages:
#   fetch.sh NAME...    NAME of: proto victoria collector
# Unpacked, not installed, into CACHE/NAME (CACHE is REQTRACE_RECEIVER_CACHE or
# build/receivers):
#   proto/opentelemetry/... the .proto files of OTLP, for protoc -I proto
#   victoria/victoria-metrics
#   collector/otelcol       built from Debian's sources of the OpenTelemetry
#                           Collector and tests/receivers/otelcol
# What is there already is kept. Exits with 1 and a reason for each that cannot
# be had.
set -eu
cd "$(dirname "$0")/../.."
. scripts/kernels/apt.sh
cache=${REQTRACE_RECEIVER_CACHE:-$PWD/build/receivers}
arch=amd64

# download DIR PACKAGE...: unpacked there.
download() {
	local to=$1 debs=$work/debs package
	shift
	rm -rf "$debs"
	mkdir -p "$debs" "$to"
	(cd "$debs" && private_apt apt-get download "$@") || return 1
	for package in "$debs"/*.deb; do
		dpkg-deb -x "$package" "$to" || return 1
		rm "$package"
	done
}

fetch_proto() {
	apt_open "debian bookworm-backports" &&
		download "$work/root" opentelemetry-proto || return 1
	local file
	file=$(find "$work/root" -path '*/opentelemetry/proto/metrics/v1/*.proto')
	[ -n "$file" ] || return 1
	mv "${file%/proto/metrics/v1/*}" "$1"
}

fetch_victoria() {
	apt_open "debian trixie" &&
		download "$work/root" victoria-metrics &&
		mv "$work/root/usr/bin/victoria-metrics" "$1"
}

# The sources need each other, and nothing but the compiler: no C.
fetch_collector() {
	local root=$work/root names
	apt_open "debian sid" || return 1
	names=$(private_apt apt-get -s --no-install-recommends install \
		golang-opentelemetry-collector-dev golang-go |
		awk '/^Inst golang/ { print $2 }') || return 1
	# shellcheck disable=SC2086 # one word a package
	download "$root" $names || return 1
	mkdir -p "$work/go/src"
	cp -r tests/receivers/otelcol "$work/go/src/otelcol"
	env -i PATH="$PATH" HOME="$work" GO111MODULE=off CGO_ENABLED=0 \
		GOROOT="$(echo "$root"/usr/lib/go-1.*)" GOCACHE="$work/gocache" \
		GOPATH="$work/go:$root/usr/share/gocode" \
		"$root"/usr/lib/go-1.*/bin/go build -p 2 -ldflags '-s -w' \
		-o "$1/otelcol" otelcol
}

mkdir -p "$cache"
missing=0
for name; do
	case $name in
	proto | victoria | collector) ;;
	*)
		echo "receivers: none is named '$name'" >&2
		exit 2
		;;
	esac
	[ -f "$cache/$name/.done" ] && continue
	echo "receivers: fetching $name" >&2
	work=$(mktemp -d -p "$cache")
	apt=$work/apt
	trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
	mkdir "$work/out"
	if "fetch_$name" "$work/out" >"$work/log" 2>&1; then
		rm -rf "${cache:?}/$name"
		mv "$work/out" "$cache/$name"
		touch "$cache/$name/.done"
	else
		why=$(grep '^E: ' "$work/log" | head -n 1)
		echo "receivers: $name cannot be had:" \
			"${why:-$(tail -n 1 "$work/log")}" >&2
		missing=1
	fi
	chmod -R u+w "$work"
	rm -rf "$work"
	trap - EXIT
done
exit $missing
