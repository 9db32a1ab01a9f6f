#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs cmocka programs and counts their tests:
#   run-cmocka.sh NAME PROGRAM...
# Prints the output of programs that fail, a line a program, and at the end
# "NAME: N passed, N failed, N skipped". A program that crashes, hangs, ends
# before its plan or reports no test at all counts as a failed test.
set -u
name=$1
shift
out=$(mktemp)
trap 'rm -f "$out"' EXIT
passed=0 failed=0 skipped=0

export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

for program; do
	timeout -k 5 "${TEST_TIMEOUT:-120}" "$program" >"$out" 2>&1
	status=$?
	# cmocka 1.1 says "not ok 2 # SKIP name" of a test that is skipped.
	skip=$(grep -cE '^(not )?ok [0-9]+ # SKIP' "$out")
	ok=$(grep -cE '^ok [0-9]+ - ' "$out")
	bad=$(grep -cE '^not ok [0-9]+ - ' "$out")
	planned=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$out" |
		awk '{ n += $1 } END { print n + 0 }')
	why=""
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		why="; ran out of time"
	elif [ "$planned" = 0 ]; then
		why="; reported no test, status $status"
	elif [ "$planned" != $((ok + bad + skip)) ]; then
		why="; $((ok + bad + skip)) of $planned tests ran, status $status"
	elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		why="; status $status"
	fi
	[ -z "$why" ] || bad=$((bad + 1))
	[ "$bad" = 0 ] || cat "$out"
	echo "$name: ${program##*/}: $ok passed, $bad failed," \
		"$skip skipped$why"
	passed=$((passed + ok))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
done
if [ $# = 0 ]; then
	echo "$name: no test program found" >&2
	failed=1
fi
echo "$name: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
