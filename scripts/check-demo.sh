#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A short make demo that must trace and end with a report:
#   check-demo.sh REQTRACE
# Ends with "check-demo: N passed, N failed, N skipped"; it is skipped where
# the demo could only replay, and failed for that in CI.
set -u
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0 failed=0 skipped=0

DEMO_SECONDS=3 timeout -k 5 60 scripts/demo.sh "$1" >"$out" 2>&1 </dev/null
status=$?
if [ $status != 0 ] || ! grep -q '^Coverage: [1-9]' "$out"; then
	cat "$out"
	echo "check-demo: status $status, or no report"
	failed=1
elif grep -q '^Tracing is not possible' "$out"; then
	grep '^Tracing is not possible' "$out"
	if [ "${CI:-}" = true ]; then failed=1; else skipped=1; fi
else
	passed=1
fi
echo "check-demo: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
