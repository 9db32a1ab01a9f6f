#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""allow_calls.py FILE COMMAND...: run it with the system calls that FILE names
and no others: those end with EPERM."""

import errno
import os
import sys

import seccomp

rules = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
# It needs no right beside no_new_privs, which the caller has set.
rules.set_attr(seccomp.Attr.CTL_NNP, 0)
with open(sys.argv[1], encoding="ascii") as names:
    for name in names.read().split():
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except (ValueError, RuntimeError, OSError):
            # A call of another architecture, or one that libseccomp is too
            # old to know: systemd leaves it out as well.
            continue
rules.load()
os.execv(sys.argv[2], sys.argv[2:])
