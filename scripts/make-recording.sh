#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes the recording that is shipped, from which the demo replays and the
# golden tests start: redis-server under some seconds of mixed load, pipelined
# too. Needed again when RT_RECORD_VERSION changes; then: make golden-update.
#   make-recording.sh REQTRACE FILE
# The machine's names are taken out of it.
set -eu
reqtrace=$(realpath "$1") file=$2
if [ "$(uname -n)" != example ]; then
	exec unshare --uts bash -c 'hostname example; exec "$@"' rename \
		"$0" "$reqtrace" "$file"
fi
port=27379 dir=$(mktemp -d) service=""
cleanup() {
	[ -z "$service" ] || kill "$service" 2>/dev/null || true
	wait
	rm -rf "$dir"
}
trap cleanup EXIT

redis-server --bind 127.0.0.1 --port $port --save "" --appendonly no \
	--dir "$dir" --enable-debug-command local >"$dir/log" 2>&1 &
service=$!
sleep 1
"$reqtrace" -p $service -d 5 -i 1 --record "$file" >/dev/null &
tracer=$!
sleep 1
bench() { redis-benchmark -h 127.0.0.1 -p $port -q "$@" >/dev/null; }
# Spread over the intervals, so that each has something to show.
bench -c 4 -n 200 -t set,get,incr
sleep 0.8
bench -c 2 -n 160 -P 16 -t set,get
sleep 0.8
redis-cli -p $port debug sleep 0.2 >/dev/null &
sleep 0.05
bench -c 8 -n 100 -t lpush,lrange_100
redis-cli -p $port get a b >/dev/null
wait $tracer

# The build's suffix of the kernel's release is nobody's business; the same
# number of bytes takes its place.
release=$(uname -r)
suffix=${release#"${release%%-*}"}
if [ ${#suffix} -gt 1 ]; then
	sed -i "s/$release/${release%%-*}-$(printf '%*s' $((${#suffix} - 1)) '' |
		tr ' ' x)/" "$file"
fi
# Recordings are their owner's alone; this one is everybody's.
chmod 644 "$file"
