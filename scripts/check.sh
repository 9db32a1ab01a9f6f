#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs test targets of the Makefile one after the other and adds up:
#   check.sh BUILD_DIR TARGET...
# A target that builds badly, fails without a count or dies counts as failed.
# CHECK_TIMEOUT bounds each of them (seconds). Ends with one line
# "N passed, N failed, N skipped"; all output is kept in BUILD_DIR/log.
set -u
cd "$(dirname "$0")/.."
build=$1
shift
mkdir -p "$build/log"
passed=0 failed=0 skipped=0
make=${MAKE:-make}

for target; do
	log=$build/log/$target.log
	echo "=== $target"
	timeout -k 10 "${CHECK_TIMEOUT:-1000}" \
		$make --no-print-directory B="$build" "$target" 2>&1 |
		tee "$log"
	status=${PIPESTATUS[0]}
	counts=$(sed -n "s/^$target: \([0-9]* passed, [0-9]* failed, [0-9]* skipped\)\$/\1/p" \
		"$log" | tail -n 1)
	read -r p _ f _ s _ <<<"${counts:-0 passed, 0 failed, 0 skipped}"
	if [ -z "$counts" ]; then
		echo "$target: ended without a count, status $status"
		f=1
	elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
		echo "$target: failed with status $status"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
