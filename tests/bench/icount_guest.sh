#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The first process of the counted guest: puts the loads of /bench/loads on one
# server, in each of the states of /bench/states, and powers off. Yields
# "RESULT {json}" lines. Nothing here may depend on the time outside.
set -u
/bin/busybox mkdir -p /usr/bin /sbin /usr/sbin
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
bench=/bench

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
dmesg -n 1

statistics() {
	echo "$1" >/proc/sys/kernel/bpf_stats_enabled
}

# ask STATE NAME PROTOCOL CONNECTIONS PIPELINE COUNT: one load, for the times.
ask() {
	local used
	used=$($bench/icount_load ask "$3" "$4" "$5" "$6" $server) || used=null
	echo "RESULT {\"state\": \"$1\", \"load\": \"$2\", \"used\": $used}"
}

# The same again, for what the programs do: keeping statistics costs time.
ask_programs() {
	local before
	before=$($bench/bpf_stats)
	statistics 1
	$bench/icount_load ask "$3" "$4" "$5" "$6" $server >/dev/null
	statistics 0
	echo "RESULT {\"state\": \"$1\", \"load\": \"$2\", \"before\": $before," \
		"\"after\": $($bench/bpf_stats)}"
}

# loads COMMAND STATE: the tracer has the same CPU, and would cut the work of
# server and client into other pieces; so it waits while they run.
loads() {
	local load
	while read -r load; do
		[ -z "$tracer" ] || kill -STOP $tracer
		# shellcheck disable=SC2086 # one word a field
		$1 "$2" $load
		[ -z "$tracer" ] || kill -CONT $tracer
		sleep 2
	done <$bench/loads
}

# under STATE COMMAND...: the loads while it is attached.
under() {
	local state=$1 tries=0
	shift
	"$@" >/tmp/out 2>/tmp/err &
	tracer=$!
	until grep -q attached /tmp/out /tmp/err; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || ! kill -0 $tracer; then
			echo "RESULT {\"state\": \"$state\", \"error\": \"$(tail -n 1 /tmp/err)\"}"
			return
		fi
		sleep 0.1
	done
	sleep 1
	loads ask "$state"
	loads ask_programs "$state"
	kill -TERM $tracer
	wait $tracer
	tracer=
	grep -q Coverage: /tmp/out || return
	echo "RESULT {\"state\": \"$state\", \"coverage\": \"$(grep Coverage: /tmp/out)\"}"
}

state() {
	case $1 in
	none) loads ask none ;;
	floor) under "$1" $bench/floor $bench/floor.bpf.o ;;
	floor-sched) under "$1" $bench/floor $bench/floor.bpf.o --sched ;;
	floor-helpers)
		under "$1" $bench/floor $bench/floor_helpers.bpf.o --pid $server
		;;
	no-parts) under "$1" $bench/reqtrace --no-parts -p $server ;;
	whole) under "$1" $bench/reqtrace -p $server ;;
	*) under "$1" $bench/reqtrace --engine "$1" -p $server ;;
	esac
}

$bench/icount_load serve &
server=$!
tracer=
sleep 1
for name in $(cat $bench/states); do
	state "$name"
done
echo "RESULT {\"done\": true}"
poweroff -f
