#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what is missing from Debian's packages, without questions: the
# groups named as arguments, of "build", "demo", "test", "kernels" and "bench".
# Does nothing, and needs no root, when all is there. No service is started or
# enabled by it.
set -eu
cd "$(dirname "$0")/.."

build="gcc make libc6-dev binutils clang bpftool libbpf-dev libelf-dev
	zlib1g-dev libjansson-dev libncurses-dev uthash-dev libcap-dev
	libcurl4-openssl-dev libmicrohttpd-dev"
demo="redis-server redis-tools"
test="libcmocka-dev clang-format cppcheck libclang-rt-14-dev
	python3 redis-server redis-tools nginx wrk apache2-utils gunicorn
	python3-flask python3-fastapi python3-uvicorn procps iproute2 man-db tmux
	openssl postgresql python3-redis python3-psycopg2
	libcap2-bin protobuf-compiler systemd python3-seccomp python3-yaml
	prometheus golang-github-prometheus-client-model-dev libprotobuf-dev"
kernels="qemu-system-x86 qemu-system-arm lld busybox-static kmod xz-utils
	debian-archive-keyring"
bench="python3 redis-server redis-tools nginx wrk apache2-utils gunicorn
	python3-flask bpftrace strace util-linux"
services="redis-server nginx postgresql prometheus"

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "deps: missing: $missing; run 'make deps' as root" >&2
		exit 1
	fi
}

# invoke-rc.d asks policy-rc.d before it starts a service: 101 forbids it.
policy=/usr/sbin/policy-rc.d
forbid_services() {
	if [ -e $policy ]; then
		as_root mv $policy $policy.before-reqtrace
	fi
	printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
	as_root chmod 755 $policy
}

allow_services() {
	as_root rm -f $policy
	if [ -e $policy.before-reqtrace ]; then
		as_root mv $policy.before-reqtrace $policy
	fi
}

install_missing() {
	local package new_services=""
	for package in $services; do
		installed "$package" || new_services="$new_services $package"
	done
	trap allow_services EXIT
	forbid_services
	as_root apt-get -qq -o DPkg::Lock::Timeout=300 update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confold \
		install --no-install-recommends $missing >/dev/null
	for package in $new_services; do
		if installed "$package"; then
			as_root update-rc.d "$package" disable >/dev/null 2>&1 ||
				echo "deps: could not disable $package" >&2
		fi
	done
	allow_services
	trap - EXIT
}

install_npm() {
	local dir=tests/peers
	[ -f $dir/package.json ] || return 0
	if [ -d $dir/node_modules ] &&
	   [ ! $dir/package.json -nt $dir/node_modules/.package-lock.json ]; then
		return 0
	fi
	echo "deps: npm packages into $dir/node_modules"
	if [ -f $dir/package-lock.json ]; then
		npm --prefix $dir ci --no-audit --no-fund --loglevel=error
	else
		npm --prefix $dir install --no-audit --no-fund --loglevel=error
	fi
	touch $dir/node_modules/.package-lock.json
}

wanted=""
for group; do
	case $group in
	build) wanted="$wanted $build" ;;
	demo) wanted="$wanted $demo" ;;
	kernels) wanted="$wanted $kernels" ;;
	bench) wanted="$wanted $bench" ;;
	test)
		wanted="$wanted $test"
		command -v node >/dev/null || wanted="$wanted nodejs"
		command -v npm >/dev/null || wanted="$wanted npm"
		;;
	*)
		echo "usage: $0 [build] [demo] [test] [kernels] [bench]" >&2
		exit 2
		;;
	esac
done

missing=""
if command -v dpkg-query >/dev/null; then
	for package in $wanted; do
		installed "$package" || missing="$missing $package"
	done
else
	echo "deps: not a Debian system; these packages are needed:" $wanted >&2
fi
if [ -n "$missing" ]; then
	echo "deps: installing$missing"
	install_missing
fi
case " $* " in
*" test "*) install_npm ;;
esac
