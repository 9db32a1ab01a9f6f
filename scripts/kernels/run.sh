#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots a kernel in QEMU, runs a command in it as root and ends as that does:
#   run.sh [OPTION]... KERNEL -- COMMAND [ARGUMENT]...
#   scripts/kernels/run.sh 6.1 -- build/reqtrace doctor
#     --cpus N       virtual CPUs (2)
#     --memory MB    (2048)
#     --timeout S    for all of it (600); then it is ended with status 124
#     --console FILE where the kernel's own words go (a temporary file)
#     --qemu ARG     passed to QEMU, once for each of its words
# KERNEL is a name that fetch.sh knows, or a directory made like its. The
# machine is emulated (TCG): no KVM is needed. virtiofsd needs root.
#
# The guest sees this machine's files, read-only, at the same paths; /tmp, /run
# and the like are its own and empty, except for this checkout and the kernels.
# /var/tmp is on a disk (a file of QEMU's), the others are in memory.
# The command's directory and its REQTRACE* variables and CI are those of here;
# its output, both streams in one, comes out here as it is made. Status 125: the
# guest died before the command ended; its last words follow.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
export PATH=$PATH:/usr/sbin:/sbin
cpus=2 memory=2048 limit=600 console='' extra=()
while [ $# -gt 0 ]; do
	case $1 in
	--cpus) cpus=$2 ;;
	--memory) memory=$2 ;;
	--timeout) limit=$2 ;;
	--console) console=$2 ;;
	--qemu) extra+=("$2") ;;
	*) break ;;
	esac
	shift 2
done
if [ $# -lt 3 ] || [ "$2" != -- ]; then
	sed -n 's/^# \{0,1\}//; 4,11p' "$0" >&2
	exit 2
fi
kernel=$1
shift 2
cache=${REQTRACE_KERNEL_CACHE:-$top/build/kernels}
[ -d "$kernel" ] && kernel=$(cd "$kernel" && pwd) || {
	"$top/scripts/kernels/fetch.sh" "$kernel" || exit 125
	kernel=$cache/$kernel
}

run=$(mktemp -d)
server='' machine=''
# virtiofsd leaves with QEMU; both must be gone before the files are.
finish() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	rm -rf "$run"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
console=${console:-$run/console}

# What the guest must see although its directory has another mounted on top.
printf '%s\n' "$top" "$kernel" "$run" >"$run/keep"

# What to run, as a script: the directory, the variables and the words.
{
	printf 'cd %q || exit 125\n' "$PWD"
	export -p | grep -E '^declare -x (REQTRACE[A-Z_]*|CI)='
	printf '%q ' exec "$@"
	echo
} >"$run/command"

"$top/scripts/kernels/initrd.sh" "$kernel" "$run/initrd" || exit 125
# A sparse file: what waits for a disk needs one.
truncate -s 256M "$run/disk" && mke2fs -q -t ext4 "$run/disk" || exit 125

/usr/lib/qemu/virtiofsd --socket-path="$run/fs" -o source=/ -o cache=always \
	-o sandbox=chroot --thread-pool-size=1 >"$run/virtiofsd" 2>&1 &
server=$!
until [ -S "$run/fs" ]; do
	kill -0 "$server" 2>/dev/null || {
		cat "$run/virtiofsd" >&2
		exit 125
	}
	sleep 0.05
done

# QEMU 7.2 emulates cmpxchg16b wrongly enough to crash guests with 6.12. The
# kernels after 6.18 must have it: without, no BPF program can allocate storage
# of a task (kmalloc_nolock() says no then), and they have not crashed by it.
cpu=max,-cx16
case $(cat "$kernel/release") in
[7-9].*) cpu=max ;;
esac
# One thread of QEMU's runs all CPUs in turn. With a thread for each, guests
# with 6.1 lose a timer now and then, and stand still ("rcu_preempt kthread
# timer wakeup didn't happen"). Mitigations would guard emulated threads against
# each other, slowly.
: >"$run/status"
timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg,thread=single \
	-cpu "$cpu" -smp "$cpus" -m "$memory" -nodefaults -no-user-config \
	-display none -no-reboot \
	-object "memory-backend-memfd,id=mem,size=${memory}M,share=on" \
	-machine memory-backend=mem \
	-drive "file=$run/disk,if=none,id=disk,format=raw,cache=unsafe" \
	-device virtio-blk-pci,drive=disk \
	-chardev "socket,id=fs,path=$run/fs" \
	-device vhost-user-fs-pci,chardev=fs,tag=root \
	-add-fd fd=3,set=1 -chardev file,id=out,path=/dev/fdset/1,append=on \
	-chardev "file,id=status,path=$run/status" -device virtio-serial-pci \
	-device virtserialport,chardev=out,name=out \
	-device virtserialport,chardev=status,name=status \
	-serial "file:$console" -kernel "$kernel/vmlinuz" -initrd "$run/initrd" \
	-append "console=ttyS0 panic=-1 quiet mitigations=off run=$run" \
	"${extra[@]}" 3>&1 >"$run/qemu" 2>&1 </dev/null &
machine=$!
wait "$machine"
ended=$?
machine=''
status=$(cat "$run/status")
if [ -n "$status" ]; then
	exit "$status"
fi
cat "$run/qemu" >&2
tail -n 25 "$console" >&2
if [ "$ended" = 124 ]; then
	echo "run.sh: not done within $limit s" >&2
	exit 124
fi
echo "run.sh: the guest ended before its command did (QEMU: $ended)" >&2
exit 125
