#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots Debian's arm64 kernel, all emulated, lets reqtrace trace a service of
# COUNT requests there, and prints what came of it:
#   arm64.sh ENGINE COUNT REPORT
# REPORT gets the JSON report. There are no programs of the host's in it, but
# what make arm64 has built and busybox. Status 125: the guest died.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
engine=$1 count=$2 report=$3
cache=${REQTRACE_KERNEL_CACHE:-$top/build/kernels}
built=${REQTRACE_ARM64:-$top/build/arm64}
kernel=$cache/arm64

root=$(mktemp -d)
trap 'rm -rf "$root" "$root.cpio"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,tmp}
cp "$built/root/bin/busybox" "$built/static/reqtrace" \
	"$built/tests/peers/peer_server" "$built/tests/peers/peer_client" \
	"$root/bin/" || exit 125
cp "$top/scripts/kernels/arm64-init.sh" "$root/init"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$root.cpio"

# pauth-impdef: the architecture's own algorithm takes half of the time.
timeout -k 5 300 qemu-system-aarch64 -M virt,gic-version=3 \
	-cpu max,pauth-impdef=on -accel tcg,thread=single -smp 2 -m 1024 \
	-nodefaults -no-user-config -display none -no-reboot \
	-device virtio-serial-pci -add-fd fd=3,set=1 \
	-chardev file,id=out,path=/dev/fdset/1,append=on \
	-device virtserialport,chardev=out,name=out \
	-chardev "file,id=report,path=$report" \
	-device virtserialport,chardev=report,name=report \
	-serial "file:$root/console" \
	-kernel "$kernel/vmlinuz" -initrd "$root.cpio" \
	-append "console=ttyAMA0 panic=-1 quiet mitigations=off \
engine=$engine count=$count" 3>&1 >&2 </dev/null
status=$?
[ -s "$report" ] && exit 0
tail -n 25 "$root/console" >&2
echo "arm64.sh: no report (QEMU: $status)" >&2
exit 125
