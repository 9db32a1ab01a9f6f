# SPDX-License-Identifier: GPL-2.0-only
"""deploy/reqtrace.service as something to ask, and to run a command under
without systemd: the account, the capabilities, no new privileges and the
filter of system calls, as the unit has them."""

import os
import subprocess

from harness import ROOT, Failure, Skip, need

UNIT = os.path.join(ROOT, "deploy", "reqtrace.service")
DYNAMIC_USER = 61184  # the first of those that systemd gives away


def lines():
    with open(UNIT, encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if line and line[0] not in "#[":
                yield line.split("=", 1)


def values(key):
    """All that it says of key, in order."""
    return [value for name, value in lines() if name == key]


def value(key):
    found = values(key)
    if len(found) != 1:
        raise Failure(f"the unit has {key}= {len(found)} times")
    return found[0]


def capabilities():
    """Names as setpriv wants them, those that it is left and that it has."""
    bounding, ambient = (
        [name.lower().removeprefix("cap_") for name in value(key).split()]
        for key in ("CapabilityBoundingSet", "AmbientCapabilities"))
    if sorted(bounding) != sorted(ambient):
        raise Failure(f"bounded to {bounding}, given {ambient}")
    return ambient


def _group(name):
    """The system calls of a group such as @system-service."""
    done = subprocess.run(["systemd-analyze", "syscall-filter", name],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"systemd-analyze: {done.stderr.strip()[-200:]}")
    calls = set()
    for word in done.stdout.split("\n")[1:]:
        word = word.strip()
        if word.startswith("@"):
            calls |= _group(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


def system_calls():
    """Those that SystemCallFilter= allows."""
    need("systemd-analyze")
    # systemd allows these to every filter that lists what is allowed.
    allowed = _group("@default")
    for line in values("SystemCallFilter"):
        calls = set()
        for word in line.removeprefix("~").split():
            calls |= _group(word) if word.startswith("@") else {word}
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed | {"execve"}


def prefix(names=None, uid=DYNAMIC_USER):
    """The words that start a command as the unit does: with its capabilities,
    or these instead."""
    need("setpriv")
    names = capabilities() if names is None else names
    wanted = ",".join(["-all", *(f"+{name}" for name in names)])
    words = ["setpriv", f"--reuid={uid}", f"--regid={uid}",
             "--clear-groups", f"--inh-caps={wanted}",
             f"--ambient-caps={wanted}", f"--bounding-set={wanted}"]
    if value("NoNewPrivileges") == "yes":
        words.append("--no-new-privs")
    return words


def filtered(test):
    """The words that let a command have these system calls and no others."""
    try:
        import seccomp
    except ImportError:
        raise Skip("python3-seccomp is not installed") from None
    del seccomp
    path = test.path("allowed")
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(sorted(system_calls())))
    os.chmod(path, 0o644)
    return ["/usr/bin/python3", os.path.join(ROOT, "tests", "e2e",
                                             "allow_calls.py"), path]
