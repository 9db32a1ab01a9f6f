# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# apt with lists, cache and sources of its own, for the scripts beside: the
# state of this machine's is not touched. Needs $apt, a directory, and $arch.

export PATH=$PATH:/usr/sbin:/sbin
mirror=${REQTRACE_DEBIAN_MIRROR:-http://deb.debian.org}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_open SUITE...: forget what was, and read these ("debian sid"). The newest
# of all versions is wanted, also from experimental, which apt ranks last.
apt_open() {
	local suite
	rm -rf "$apt"
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
	touch "$apt/status"
	for suite; do
		echo "deb [signed-by=$keyring] $mirror/$suite main"
	done >"$apt/sources.list"
	printf 'Package: *\nPin: release *\nPin-Priority: 500\n' \
		>"$apt/preferences"
	private_apt apt-get -o APT::Update::Error-Mode=any update
}

# private_apt TOOL ARGUMENT... The machine's apt.conf is still read, as that may
# name a proxy.
private_apt() {
	local tool=$1
	shift
	"$tool" -q -o APT::Architecture="$arch" -o APT::Architectures::="$arch" \
		-o APT::Default-Release= -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=3 \
		-o Acquire::http::Timeout=30 \
		-o Dir::Etc::SourceList="$apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences="$apt/preferences" \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State="$apt/state" -o Dir::State::Status="$apt/status" \
		-o Dir::Cache="$apt/cache" "$@"
}
