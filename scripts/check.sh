#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs test targets of the Makefile one after the other and adds up:
#   check.sh BUILD_DIR TARGET...
# A target that builds badly, fails without a count or dies counts as failed.
# CHECK_TIMEOUT bounds each of them (seconds). Ends with a line "failed: TARGET"
# for each that did, one for each of its tests where those can be told, and one
# line "N passed, N failed, N skipped"; all output is kept in BUILD_DIR/log.
set -u
cd "$(dirname "$0")/.."
build=$1
shift
mkdir -p "$build/log"
passed=0 failed=0 skipped=0
make=${MAKE:-make}
failures=()

# what_failed TARGET LOG WHY: a line for each test that the log says has failed,
# or one with WHY. Not too many, as only an end of the output may be kept.
what_failed() {
	local names='^FAIL |^\[  FAILED  \] [a-z0-9_]+$'
	local said

	said=$(grep -aE "$names|^$1: [^ :]+: failed" "$2" |
		sed -E "s/^(FAIL|\[  FAILED  \]|$1:) +//" | cut -c 1-300 |
		awk '!seen[$0]++')
	sed -n "s/^/failed: $1: /; 1,20p; 21s/\\(: [^:]*\\): .*/\\1: and more/p" \
		<<<"${said:-$3}"
}

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
	why="$f failed"
	if [ -z "$counts" ]; then
		why="ended without a count, status $status"
		echo "$target: $why"
		f=1
	elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
		why="failed with status $status, $s skipped"
		echo "$target: $why"
		f=1
	fi
	[ "$f" = 0 ] || failures+=("$(what_failed "$target" "$log" "$why")")
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
[ ${#failures[@]} = 0 ] || printf '%s\n' "${failures[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
