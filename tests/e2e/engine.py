# SPDX-License-Identifier: GPL-2.0-only
"""Which engine the cases trace with, and what it can do.

Fed with REQTRACE_ENGINE, which names one (without it reqtrace chooses); yields
the option for it, and what a case asks before it expects something.
"""

import os
import re
import subprocess

from harness import REQTRACE

NAME = os.environ.get("REQTRACE_ENGINE", "")
OPTION = ("--engine", NAME) if NAME else ()

# What cases need, and which engines have it. docs/definitions.md says what is
# lost without each.
OFFERS = {
    "arrival": ("sock", "fexit"),
    "io_uring": ("sock", "fexit"),
    "io_uring_bytes": ("fexit",),
    "spliced": ("sock", "fexit"),
    "begun_reads": ("sock", "syscall"),
}
WHY = {
    "arrival": "has no time of arrival: durations start at the read",
    "io_uring": "does not see what goes by io_uring",
    "io_uring_bytes": "cannot read what goes by io_uring",
    "begun_reads": "does not see the end of a read that had begun before it",
    "spliced": "takes a splice for a read like any other",
}
_resolved = None


def used():
    """The engine that reqtrace takes when asked as the cases ask it; what it
    said if it could not trace."""
    global _resolved
    if _resolved is None:
        _resolved = NAME if NAME in ("sock", "fexit", "syscall") else _ask()
    return _resolved


def _ask():
    tried = subprocess.run(
        [REQTRACE, *OPTION, "-p", str(os.getpid()), "-d", "0.01"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, encoding="utf-8", check=False)
    found = re.search(r"\(engine (\w+)\)", tried.stderr)
    return found.group(1) if found else tried.stderr.strip()


def has(feature):
    # An engine that is not known has all: its cases fail rather than skip.
    return used() in OFFERS[feature] or used() not in ("sock", "fexit",
                                                       "syscall")


def lacks(needs):
    """Why a case with these needs cannot be run; None if it can."""
    for feature in needs:
        if not has(feature):
            return f"engine {used()} {WHY[feature]}"
    return None
