#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What people see: the live view in tmux, and the JSON report's schema:
#   view.sh LIVE_DEMO
# Ends with "view: N passed, N failed, N skipped".
set -u
passed=0 failed=0 skipped=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# run TEST...: counts its lines "ok ...", "FAIL ..." and "SKIP...".
run() {
	local status ok bad skip
	timeout -k 5 "${TEST_TIMEOUT:-300}" "$@" 2>&1 | tee "$out"
	status=${PIPESTATUS[0]}
	ok=$(grep -c '^ok ' "$out")
	bad=$(grep -c '^FAIL ' "$out")
	skip=$(grep -c '^SKIP' "$out")
	if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		echo "view: $1: status $status"
		bad=1
	elif [ $((ok + bad + skip)) = 0 ]; then
		echo "view: $1: reported no test"
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
	skipped=$((skipped + skip))
}

run tests/view/live_test.py "$1"
run tests/view/schema_test.py
echo "view: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
