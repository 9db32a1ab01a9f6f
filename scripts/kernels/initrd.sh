#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes the initial file system of a guest: busybox, init.sh, and the modules
# that reaching the host's files takes, or that the tests want and a guest
# without /lib/modules cannot load by itself.
#   initrd.sh KERNEL_DIRECTORY FILE
set -eu
kernel=$1 file=$2
here=$(cd "$(dirname "$0")" && pwd)
wanted="virtio_pci virtiofs virtio_console virtio_blk crc32c_generic ext4 tls
	tcp_diag unix_diag"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,host,tree,modules}
cp /bin/busybox "$root/bin/"
cp "$here/init.sh" "$root/init"

# In the order in which they must be loaded. What a kernel does not have as a
# module it has built in, or does without.
for module in $wanted; do
	modprobe -d "$kernel" -S "$(cat "$kernel/release")" --show-depends \
		"$module" 2>/dev/null | awk '$1 == "insmod" { print $2 }'
done | awk '!seen[$0]++' | {
	number=100
	while read -r path; do
		name=${path##*/}
		to=$root/modules/$number-${name%%.*}.ko
		case $path in
		*.xz) xz -dc "$path" ;;
		*.zst) zstd -dc "$path" ;;
		*.gz) gzip -dc "$path" ;;
		*) cat "$path" ;;
		esac >"$to"
		number=$((number + 1))
	done
}
cd "$root"
find . | busybox cpio -o -H newc 2>/dev/null >"$file"
