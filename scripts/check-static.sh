#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the static binary where nothing is installed: a root directory that
# holds the binary, /proc and /sys, and no libraries, terminfo or passwd.
#   check-static.sh BINARY
# Ends with "check-static: N passed, N failed, N skipped".
set -u
binary=$1
passed=0 failed=0 skipped=0
server=""
root=$(mktemp -d)
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	rm -rf --one-file-system "$root"
}
trap cleanup EXIT

verdict() {
	if [ "$2" = 0 ]; then
		echo "check-static: $1: passed"
		passed=$((passed + 1))
	else
		echo "check-static: $1: failed${3:+: $3}"
		failed=$((failed + 1))
	fi
}

finish() {
	echo "check-static: $passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
	exit
}

# The mounts live in a namespace of their own and vanish with it.
in_bare_root() {
	env -i PATH="$PATH" \
		unshare --mount --propagation private bash -c '
		root=$1
		shift
		mount --rbind /proc "$root/proc" &&
		mount --rbind /sys "$root/sys" &&
		exec chroot "$root" "$@"' bare "$root" "$@"
}

needs() { readelf -d "$1" 2>/dev/null | grep -c NEEDED; }

# Ten requests that a server from outside the bare root answers.
trace_ten() {
	local dir=$root/served port
	mkdir -p "$dir"
	: >"$dir/empty"
	/usr/bin/python3 -u -m http.server --bind 127.0.0.1 -d "$dir" 0 \
		>"$root/server.log" 2>&1 &
	server=$!
	for _ in $(seq 50); do
		port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$root/server.log")
		[ -z "$port" ] || break
		sleep 0.1
	done
	[ -n "$port" ] || return 1
	in_bare_root /reqtrace -p $server -d 4 --json /report.json \
		>"$root/out" 2>&1 &
	local tracer=$!
	sleep 1.5
	/usr/bin/python3 - "$port" <<-'END' || return 1
		import sys, urllib.request
		for _ in range(10):
		    url = f"http://127.0.0.1:{sys.argv[1]}/empty"
		    urllib.request.urlopen(url).read()
	END
	wait $tracer || { cat "$root/out"; return 1; }
	/usr/bin/python3 - "$root/report.json" <<-'END'
		import json, sys
		report = json.load(open(sys.argv[1]))
		counts = {s["operation"]: s["exchanges"] for s in report["series"]}
		if counts != {"GET /empty": 10}:
		    sys.exit(f"10 requests for /empty, reported: {counts}")
	END
}

[ "$(needs "$binary")" = 0 ]
verdict "no shared library needed" $? "see readelf -d $binary"

if [ "$(id -u)" != 0 ]; then
	echo "check-static: bare root: skipped: chroot needs root"
	skipped=$((skipped + 1))
	finish
fi
mkdir "$root/proc" "$root/sys"
cp "$binary" "$root/reqtrace"

in_bare_root /reqtrace --version >"$root/out" 2>&1 &&
	grep -q "$(cat VERSION)" "$root/out"
verdict "--version in a bare root" $? "$(head -n 3 "$root/out")"

in_bare_root /reqtrace --help >"$root/out" 2>&1 &&
	grep -q -- --pid "$root/out"
verdict "--help in a bare root" $? "$(head -n 3 "$root/out")"

in_bare_root /reqtrace --otlp -p 1 >"$root/out" 2>&1
[ $? = 2 ] && grep -q "this build has no export" "$root/out"
verdict "--otlp is refused with a sentence" $? "$(head -n 3 "$root/out")"

# Where BPF is refused there is nothing to trace; in CI that is a failure.
why=$(PYTHONPATH=tests/e2e PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -c \
	'import permission; print(permission.why_not() or "")')
if [ -n "$why" ] && [ "${CI:-}" != true ]; then
	echo "check-static: trace in a bare root: skipped: $why"
	skipped=$((skipped + 1))
	finish
fi
trace_ten
verdict "ten requests traced from a bare root" $?
finish
