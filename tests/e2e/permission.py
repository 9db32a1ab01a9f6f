# SPDX-License-Identifier: GPL-2.0-only
"""Whether this machine lets us trace at all, found out without reqtrace: a
tracer that is broken must fail its cases, not skip them.
"""

import ctypes
import errno
import glob
import json
import os
import shutil
import struct
import subprocess
import time

from harness import SLOW

BPF_PROG_LOAD = 5
BPF_RAW_TRACEPOINT_OPEN = 17
BPF_PROG_TYPE_RAW_TRACEPOINT = 17
SYS_BPF = {"x86_64": 321, "aarch64": 280}
HOOK = b"sched_switch"  # one that every kernel has

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    attributes = attributes.ljust(128, b"\0")
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = _libc.syscall(SYS_BPF[os.uname().machine], command, buffer,
                           len(attributes))
    return result if result >= 0 else -ctypes.get_errno()


def _why_not_tracepoint():
    # r0 = 0; exit
    code = ctypes.create_string_buffer(
        struct.pack("<BBhiBBhi", 0xb7, 0, 0, 0, 0x95, 0, 0, 0))
    license = ctypes.create_string_buffer(b"GPL")
    program = _bpf(BPF_PROG_LOAD, struct.pack(
        "<IIQQ", BPF_PROG_TYPE_RAW_TRACEPOINT, 2, ctypes.addressof(code),
        ctypes.addressof(license)))
    if program < 0:
        return ("BPF is not permitted here: loading a program gives "
                + errno.errorcode.get(-program, str(-program)))
    name = ctypes.create_string_buffer(HOOK)
    link = _bpf(BPF_RAW_TRACEPOINT_OPEN,
                struct.pack("<QI", ctypes.addressof(name), program))
    os.close(program)
    if link == -errno.ENOENT:
        return f"this kernel has no tracepoint {HOOK.decode()}"
    if link < 0:
        return ("BPF is not permitted here: attaching a program gives "
                + errno.errorcode.get(-link, str(-link)))
    os.close(link)
    return None


def why_not():
    """None if tracing must work here, else the reason in words."""
    if os.geteuid() != 0:
        return "not root"
    if os.uname().machine not in SYS_BPF:
        return f"the suite does not know bpf(2) on {os.uname().machine}"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF"
    return _why_not_tracepoint()


def programs():
    """{id: name} of the BPF programs that are loaded now."""
    bpftool = shutil.which("bpftool") or "/usr/sbin/bpftool"
    if os.geteuid() != 0 or not os.path.exists(bpftool):
        return {}
    shown = subprocess.run([bpftool, "-j", "prog", "show"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           check=False).stdout
    return {p["id"]: p.get("name", "") for p in json.loads(shown or b"[]")}


def _held():
    """Ids of programs that a living process holds, itself or by a link."""
    ids = set()
    for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
        try:
            with open(path, encoding="ascii") as f:
                ids.update(int(line.split()[1]) for line in f
                           if line.startswith("prog_id:"))
        except OSError:  # gone meanwhile
            continue
    return ids


def left_behind(before):
    """Names of reqtrace's programs that were not there before and that no
    process holds: all of ours have ended, others' are not our business. The
    kernel frees programs some time after their last user has gone."""
    end = time.monotonic() + 3 * SLOW
    while True:
        now, held = programs(), _held()
        left = [name for number, name in now.items() if number not in before
                and number not in held and name.startswith("rt_")]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)
