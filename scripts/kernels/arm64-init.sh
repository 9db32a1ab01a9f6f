#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The first process of arm64.sh's guest: traces a service during the requests
# of a client, and hands out what reqtrace said and its report.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /tmp
ip link set lo up
for word in $(cat /proc/cmdline); do
	case $word in
	engine=*) engine=${word#engine=} ;;
	count=*) count=${word#count=} ;;
	esac
done

port() {
	for entry in /sys/class/virtio-ports/*; do
		[ "$(cat "$entry/name")" = "$1" ] && echo "/dev/${entry##*/}"
	done
}

said() {
	until grep -q "$1" "$2"; do
		kill -0 "$3" 2>/dev/null || return 1
		sleep 0.2
	done
}

exec >"$(port out)" 2>&1
echo "kernel $(uname -r)"
peer_server >/tmp/server &
server=$!
said '"port"' /tmp/server $server
at=$(sed -n 's/.*"port": *\([0-9]*\).*/\1/p' /tmp/server)
REQTRACE_LIBBPF_LOG=verifier reqtrace --engine "$engine" --verify -p $server \
	--json /tmp/report >/tmp/text 2>/tmp/words &
tracer=$!
if said '^reqtrace: attached' /tmp/words $tracer; then
	peer_client --to "127.0.0.1:$at" --path /items/7 --requests "$count"
	sleep 1
	kill -INT $tracer
	wait $tracer
	echo "status $?"
	cat /tmp/report >"$(port report)"
fi
grep -v '^libbpf: \(CO-RE\|elf\|extern\|map\|sec\|loaded\|loading\|found\)' \
	/tmp/words
poweroff -f
