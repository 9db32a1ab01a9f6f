#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The first process of a guest of run.sh. Mounts the host's files read-only and
# what a Debian system has besides, runs the command, hands its status to the
# host and powers off.
/bin/busybox --install -s /bin
export PATH=/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
dmesg -n 4
for module in /modules/*.ko; do
	[ -e "$module" ] && insmod "$module"
done
mount -t virtiofs -o ro root /host || poweroff -f

for word in $(cat /proc/cmdline); do
	case $word in
	run=*) run=${word#run=} ;;
	esac
done

# Directories that have to be seen through what is mounted on top of them.
number=0
while read -r path; do
	mkdir "/tree/$number"
	mount --bind "/host$path" "/tree/$number"
	number=$((number + 1))
done <"/host$run/keep"

for path in tmp run var/log root; do
	mount -t tmpfs tmpfs "/host/$path"
done
mount -t ext4 /dev/vda /host/var/tmp
chmod 1777 /host/tmp /host/var/tmp
mkdir -p /host/run/lock
mount -t proc proc /host/proc
mount -t sysfs sysfs /host/sys
mount -t devtmpfs dev /host/dev
mkdir -p /host/dev/shm /host/dev/pts
mount -t tmpfs shm /host/dev/shm
mount -t devpts -o ptmxmode=666 devpts /host/dev/pts
mount -t securityfs securityfs /host/sys/kernel/security
mount -t debugfs debugfs /host/sys/kernel/debug
mount -t tracefs tracefs /host/sys/kernel/tracing
mount -t bpf bpf /host/sys/fs/bpf
mount -t cgroup2 cgroup2 /host/sys/fs/cgroup
ln -s /proc/self/fd /host/dev/fd
ln -s /proc/self/fd/0 /host/dev/stdin
ln -s /proc/self/fd/1 /host/dev/stdout
ln -s /proc/self/fd/2 /host/dev/stderr

number=0
while read -r path; do
	mkdir -p "/host$path"
	mount --bind "/tree/$number" "/host$path"
	number=$((number + 1))
done <<END
$(cat /tree/2/keep)
END

ip link set lo up
hostname guest
ulimit -n 65536

port() {
	for entry in /sys/class/virtio-ports/*; do
		[ "$(cat "$entry/name")" = "$1" ] && echo "/dev/${entry##*/}"
	done
}

# Not as the first process: that one must not die, and reaps what others left.
HOME=/root TERM=dumb LANG=C.UTF-8 \
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	chroot /host /bin/bash "$run/command" >"$(port out)" 2>&1 </dev/null
echo $? >"$(port status)"
poweroff -f
