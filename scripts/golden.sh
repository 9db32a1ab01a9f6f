#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Golden tests: a recording in, the same bytes out, on any machine.
#   golden.sh [--update] REQTRACE
# tests/golden/cases has a line a case: NAME RECORDING [OPTION...]; its output
# must equal tests/golden/NAME.out. --update writes these files anew: read the
# difference before committing it.
# Ends with "golden: N passed, N failed, N skipped".
set -u
update=0
if [ "$1" = --update ]; then
	update=1
	shift
fi
reqtrace=$1
golden=tests/golden
recordings=tests/data/recordings
passed=0 failed=0
out=$(mktemp) errors=$(mktemp)
trap 'rm -f "$out" "$errors"' EXIT

# Nothing of the machine, the user or the terminal may reach a report.
replay() {
	env -i LC_ALL=C.UTF-8 TZ=UTC timeout -k 5 60 \
		"$reqtrace" "${@:2}" replay "$1" >"$out" 2>"$errors" </dev/null
}

while read -r name recording options; do
	case $name in
	'' | '#'*) continue ;;
	esac
	# Options are words without spaces by the format of the file.
	# shellcheck disable=SC2086
	replay "$recordings/$recording" $options
	status=$?
	if [ $status != 0 ] || [ -s "$errors" ]; then
		cat "$errors"
		echo "golden: $name: failed: status $status"
		failed=$((failed + 1))
	elif [ $update = 1 ]; then
		cp "$out" "$golden/$name.out"
		passed=$((passed + 1))
	elif diff -u "$golden/$name.out" "$out"; then
		echo "golden: $name: passed"
		passed=$((passed + 1))
	else
		echo "golden: $name: failed: output differs"
		failed=$((failed + 1))
	fi
done <$golden/cases
if [ $((passed + failed)) = 0 ]; then
	echo "golden: no cases in $golden/cases"
	failed=1
fi
echo "golden: $passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
