#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make demo: a real service under a real load, traced in front of the reader.
#   demo.sh REQTRACE
# redis-server with redis-benchmark, or nginx with wrk. Where tracing is not
# permitted it says why and replays the recording that is shipped.
set -u
cd "$(dirname "$0")/.."
reqtrace=$1
seconds=${DEMO_SECONDS:-15}
recording=tests/data/recordings/redis.rtrec
dir=$(mktemp -d)
service="" load=""

# Only what was started here is ended, by its pid.
cleanup() {
	[ -z "$load" ] || kill "$load" 2>/dev/null
	[ -z "$service" ] || kill "$service" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' TERM HUP

say() { printf '\n\033[1m%s\033[0m\n' "$*" | plain; }
plain() { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }

port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Try ports until START PORT leaves a process that listens there.
start_on_free_port() {
	local start=$1 try
	for try in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 20000))
		port_is_open $port && continue
		$start $port
		for _ in $(seq 50); do
			kill -0 "$service" 2>/dev/null || break
			port_is_open $port && return 0
			sleep 0.1
		done
		kill "$service" 2>/dev/null
	done
	echo "demo: the service did not start:" >&2
	cat "$dir/log" >&2
	return 1
}

start_redis() {
	redis-server --bind 127.0.0.1 --port "$1" --save "" --appendonly no \
		--dir "$dir" --daemonize no >"$dir/log" 2>&1 &
	service=$!
}

load_redis() {
	exec redis-benchmark -h 127.0.0.1 -p "$port" -c 32 -l -n 100000 -q \
		-t set,get,incr,lpush,lrange_100 >/dev/null 2>&1
}

start_nginx() {
	mkdir -p "$dir/www"
	echo hello >"$dir/www/index.html"
	cat >"$dir/nginx.conf" <<-END
		pid $dir/pid;
		error_log $dir/error.log;
		worker_processes 2;
		events { worker_connections 512; }
		http {
			access_log off;
			server { listen 127.0.0.1:$1; root $dir/www; }
		}
	END
	chmod 755 "$dir"
	nginx -p "$dir" -c "$dir/nginx.conf" -g 'daemon off;' >"$dir/log" 2>&1 &
	service=$!
}

load_nginx() {
	exec wrk -t 1 -c 32 -d 1h "http://127.0.0.1:$port/" >/dev/null 2>&1
}

replay() {
	say "Tracing is not possible here: $1"
	echo "What follows is a recording made elsewhere, redis-server under" \
		"redis-benchmark:"
	say "reqtrace replay $recording"
	"$reqtrace" replay "$recording"
	exit
}

have() {
	local program
	for program; do
		command -v "$program" >/dev/null || return 1
	done
}

# A short trace of a process that does nothing: what reqtrace says if it fails.
may_trace() {
	local target status
	sleep 10 &
	target=$!
	"$reqtrace" -p $target -d 1 2>&1 >/dev/null </dev/null
	status=$?
	kill $target
	return $status
}

PATH=$PATH:/usr/sbin
why=$(may_trace) || replay "$why"

if have redis-server redis-benchmark; then
	start_on_free_port start_redis || exit 1
	load_redis &
	load=$!
	what="redis-server under redis-benchmark: 32 connections"
elif have nginx wrk; then
	start_on_free_port start_nginx || exit 1
	load_nginx &
	load=$!
	what="nginx under wrk: 32 connections"
else
	replay "neither redis-server nor nginx with wrk is installed"
fi

say "$what, port $port, pid $service"
if [ -t 1 ]; then
	echo "\$ reqtrace -p $service -d $seconds      (h: help, q: quit)"
	sleep 2
	"$reqtrace" -p $service -d "$seconds"
else
	echo "\$ reqtrace -p $service -d $seconds -i 5"
	"$reqtrace" -p $service -d "$seconds" -i 5
fi
