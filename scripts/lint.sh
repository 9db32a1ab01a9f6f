#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Checks that need no build: layering, formatting, opening lines, cppcheck,
# what is in deploy/, and the man page:
#   lint.sh CLANG_FORMAT FILE...
# Ends with "lint: N passed, N failed, N skipped".
set -u
clang_format=$1
shift
files=("$@")
passed=0 failed=0 skipped=0

step() {
	local name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		echo "lint: $name: failed"
		failed=$((failed + 1))
	fi
}

skip() {
	echo "lint: $1: skipped: $2 is not installed"
	skipped=$((skipped + 1))
}

licence_lines() {
	local file missing=0
	for file in "${files[@]}"; do
		if ! head -n 1 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only'
		then
			echo "$file:1: no SPDX-License-Identifier"
			missing=1
		fi
	done
	return $missing
}

man_page() {
	local warnings
	warnings=$(MANROFFSEQ='' LC_ALL=C.UTF-8 MANWIDTH=80 \
		man --warnings -E UTF-8 -l -Tutf8 -Z man/reqtrace.8 2>&1 >/dev/null)
	[ -z "$warnings" ] || { echo "$warnings"; return 1; }
}

formatted() {
	local wrong
	wrong=$("$clang_format" --dry-run "${files[@]}" 2>&1 |
		sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: warning: code should be .*/\1/p' |
		uniq -c)
	[ -z "$wrong" ] || {
		printf '%s\n' "$wrong" "(places, file; make format mends them)"
		return 1
	}
}

scripts_parse() {
	local script
	for script in scripts/*.sh scripts/kernels/*.sh scripts/receivers/*.sh \
		.ci/run; do
		bash -n "$script" || return 1
	done
}

# cppcheck takes what uthash's macros iterate over for uninitialised.
static_analysis() {
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr \
		--enable=warning,performance --suppress=missingInclude \
		--suppress=missingIncludeSystem --suppress=unknownMacro \
		--suppress=uninitvar --suppress=uninitdata \
		-D_GNU_SOURCE -DREQTRACE_VERSION='""' -Isrc -Iinclude src
}

step layers scripts/check-layers.py
step docs scripts/check-docs.py
if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
	step deploy scripts/check-deploy.py
	step dashboard scripts/check-dashboard.py
else
	skip deploy python3-yaml
fi
step licence licence_lines
step scripts scripts_parse
if command -v "$clang_format" >/dev/null; then
	step format formatted
else
	skip format "$clang_format"
fi
if command -v cppcheck >/dev/null; then
	step cppcheck static_analysis
else
	skip cppcheck cppcheck
fi
if command -v man >/dev/null; then
	step man man_page
else
	skip man man-db
fi
echo "lint: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
