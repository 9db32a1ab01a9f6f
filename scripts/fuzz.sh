#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs libFuzzer programs for a time each, two at once:
#   fuzz.sh DIR SECONDS PROGRAM...
# Seeds come from tests/fuzz/corpus/NAME, finds and crashes go below DIR.
# Ends with "fuzz: N passed, N failed, N skipped".
set -u
dir=$1 seconds=$2
shift 2

fuzz_one() {
	local dir=$1 seconds=$2 program=$3 name seeds work log status
	local found why
	name=${program##*/}
	work=$dir/corpus/$name
	log=$dir/$name.log
	mkdir -p "$work" "$dir/crashes"
	local arguments=("$work")
	for seeds in "tests/fuzz/corpus/$name" \
		     "tests/fuzz/corpus/${name#fuzz_}"; do
		[ ! -d "$seeds" ] || arguments+=("$seeds")
	done
	for seeds in "tests/fuzz/$name.dict" "tests/fuzz/${name#fuzz_}.dict"; do
		[ ! -f "$seeds" ] || arguments+=("-dict=$seeds")
	done
	timeout -k 5 $((seconds + 60)) "$program" \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$dir/crashes/$name-" "${arguments[@]}" \
		>"$log" 2>&1
	status=$?
	if [ $status = 0 ]; then
		echo "fuzz: $name: passed, $(grep '^Done ' "$log" | tail -n 1)"
	else
		tail -n 40 "$log"
		found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
		if [ -f "$found" ]; then
			echo "fuzz: $name: $found in base64:"
			base64 "$found"
		fi
		# What the program's own check says, or else the sanitizer.
		why=$(grep -aE '^[a-z_]+:[0-9]+: |^SUMMARY: ' "$log" | head -n 1)
		echo "fuzz: $name: failed, status $status: ${why:-no reason given}"
	fi
}
export -f fuzz_one

if [ $# = 0 ]; then
	echo "fuzz: no fuzzer found" >&2
	echo "fuzz: 0 passed, 1 failed, 0 skipped"
	exit 1
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
printf '%s\0' "$@" | xargs -0 -n 1 -P 2 bash -c 'fuzz_one "$@"' fuzz \
	"$dir" "$seconds" | tee "$out"
passed=$(grep -c '^fuzz: [^ ]*: passed, ' "$out")
failed=$(($# - passed))
echo "fuzz: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
