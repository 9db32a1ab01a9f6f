#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs into an empty directory, runs what was installed, and takes it away
# again. Ends with "check-install: N passed, N failed, N skipped".
set -u
make="${MAKE:-make} --no-print-directory B=${1:-build}"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

round_trip() {
	local left unit=$root/etc/systemd/system/reqtrace.service
	$make install-systemd DESTDIR="$root" PREFIX=/usr || return 1
	grep -qx 'ExecStart=/usr/bin/reqtrace $REQTRACE_OPTIONS' "$unit" ||
		return 1
	echo 'REQTRACE_OPTIONS=--all' >"$root/etc/default/reqtrace"
	$make install-systemd DESTDIR="$root" PREFIX=/usr || return 1
	[ "$(wc -l <"$root/etc/default/reqtrace")" = 1 ] || {
		echo 'what the administrator had written was overwritten'
		return 1
	}
	"$root/usr/bin/reqtrace" --version | grep -F "$(cat VERSION)" ||
		return 1
	[ -s "$root/usr/share/man/man8/reqtrace.8" ] || return 1
	$make uninstall DESTDIR="$root" PREFIX=/usr || return 1
	rm "$root/etc/default/reqtrace" || return 1
	left=$(find "$root" -type f)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

if round_trip; then
	echo "check-install: 1 passed, 0 failed, 0 skipped"
else
	echo "check-install: 0 passed, 1 failed, 0 skipped"
	exit 1
fi
