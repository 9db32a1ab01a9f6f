#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The counted benchmark: what tracing costs in instructions, in a guest whose
clock is their number, so that the figures come out the same every time on any
machine. docs/bench-icount.md says what is measured and how to read it.

Prints a table, writes the figures as JSON, and compares them with those that
were accepted: exit status 1 if one grew by more than GROWTH.
"""

import argparse
import gzip
import io
import json
import os
import re
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ACCEPTED = os.path.join(HERE, "icount_accepted.json")
SCHEMA = "reqtrace.icount/1"
GROWTH = 0.05

# name, protocol, connections, pipelined requests, exchanges
LOADS = [
    ("redis-32", "redis", 32, 1, 5000),
    ("redis-1", "redis", 1, 1, 2000),
    ("redis-32-P16", "redis", 32, 16, 1000),
    ("http-32", "http", 32, 1, 3000),
]
STATES = ["none", "floor", "floor-sched", "floor-helpers", "no-parts", "whole"]

# What a state is held against, besides none.
FLOORS = {"no-parts": "floor", "whole": "floor-sched"}

# One instruction is one nanosecond of the guest, and idle time is skipped. No
# device, clock or source of randomness may bring in anything from outside.
# QEMU 7.2 emulates cmpxchg16b wrongly enough to crash guests from 6.12 on.
QEMU = ["qemu-system-x86_64", "-accel", "tcg,thread=single",
        "-icount", "shift=0,sleep=off", "-seed", "1",
        "-rtc", "base=2026-01-01T00:00:00,clock=vm",
        "-cpu", "max,-cx16,-rdrand,-rdseed", "-smp", "1", "-m", "1024",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-serial", "stdio"]
CMDLINE = ("console=ttyS0 quiet panic=-1 norandmaps nokaslr mitigations=off "
           "cryptomgr.notests tsc=reliable clocksource=tsc rdinit=/guest")


class Failure(Exception):
    """Said in one line; the run ends."""


# --- the guest

class Archive:
    """An initial file system in cpio's "newc" format: the same files give the
    same bytes, as their times would move the guest's instructions."""

    def __init__(self):
        self.out = io.BytesIO()
        self.number = 0

    def _entry(self, name, mode, data=b""):
        self.number += 1
        fields = [self.number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name) + 1, 0]
        head = "070701" + "".join(f"{f:08X}" for f in fields) + name + "\0"
        for part in (head.encode(), data):
            self.out.write(part + b"\0" * (-len(part) % 4))

    def directory(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        self._entry(name, stat.S_IFREG | mode, data)

    def copy(self, name, path):
        with open(path, "rb") as f:
            self.file(name, f.read())

    def packed(self):
        self._entry("TRAILER!!!", 0)
        return gzip.compress(self.out.getvalue(), 1, mtime=0)


def initrd(build, reqtrace, states, loads):
    archive = Archive()
    for name in ("bin", "proc", "sys", "dev", "tmp", "bench"):
        archive.directory(name)
    archive.copy("bin/busybox", "/bin/busybox")
    archive.copy("guest", os.path.join(HERE, "icount_guest.sh"))
    archive.copy("bench/reqtrace", reqtrace)
    for name in ("static/icount_load", "static/bpf_stats", "static/floor",
                 "floor.bpf.o", "floor_helpers.bpf.o"):
        archive.copy("bench/" + os.path.basename(name),
                     os.path.join(build, name))
    archive.file("bench/states", "\n".join(states).encode() + b"\n")
    archive.file("bench/loads", "".join(
        " ".join(map(str, load)) + "\n" for load in loads).encode())
    return archive.packed()


def boot(kernel, image, seconds):
    """The lines that the guest says."""
    with tempfile.NamedTemporaryFile(suffix=".initrd") as f:
        f.write(image)
        f.flush()
        try:
            done = subprocess.run(
                QEMU + ["-kernel", kernel, "-initrd", f.name, "-append",
                        CMDLINE], stdin=subprocess.DEVNULL, timeout=seconds,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired as e:
            said = (e.stdout or b"").decode(errors="replace")
            raise Failure(f"the guest did not end in {seconds} s; it said:\n"
                          + said[-2000:]) from e
    said = done.stdout.decode(errors="replace").splitlines()
    if not any('"done": true' in line for line in said):
        raise Failure("the guest died; it said:\n" + "\n".join(said[-25:]))
    return said


# --- figures

def programs(before, after, exchanges):
    """{program: runs an exchange, instructions a run}."""
    old = {}
    for p in before:
        runs, ns = old.get(p["name"], (0, 0))
        old[p["name"]] = runs + p["runs"], ns + p["ns"]
    found = {}
    for p in after:
        runs, ns = found.get(p["name"], (0, 0))
        found[p["name"]] = runs + p["runs"], ns + p["ns"]
    result = {}
    for name, (runs, ns) in found.items():
        runs -= old.get(name, (0, 0))[0]
        ns -= old.get(name, (0, 0))[1]
        if runs > exchanges / 100:
            result[name] = {"runs": round(runs / exchanges, 3),
                            "instructions": round(ns / runs, 1)}
    return result


def check_coverage(state, line, exchanges):
    """Every exchange must have come through the ring: each load runs twice,
    for the times and for the programs."""
    seen = [int(n.replace(",", "")) for n in re.findall(
        r"([\d,]+) (?:exchanges|summarised|lost)", line)]
    wanted = [2 * sum(exchanges.values()), 0, 0]
    if seen != wanted:
        raise Failure(f"{state}: exchanges, summarised, lost: {seen}, not "
                      f"{wanted}")


def figures(said, loads):
    """{load: {state: what it took}}, an exchange each."""
    # A tenth more is to warm up.
    exchanges = {load[0]: load[4] + load[4] // 10 for load in loads}
    result = {load[0]: {} for load in loads}
    for line in said:
        match = re.search(r"RESULT ({.*})", line)
        if not match:
            continue
        got = json.loads(match[1])
        if "error" in got:
            raise Failure(f"{got['state']}: {got['error']}")
        if "coverage" in got:
            check_coverage(got["state"], got["coverage"], exchanges)
        if "load" not in got:
            continue
        state = result[got["load"]].setdefault(got["state"], {})
        if "used" in got:
            used = got["used"]
            if not used:
                raise Failure(f"{got['state']}: {got['load']} failed")
            for who in ("server", "client", "machine"):
                state[who] = round(used[who] / used["requests"], 1)
        else:
            state["programs"] = programs(got["before"], got["after"],
                                         exchanges[got["load"]])
    return result


def run_cost(found):
    """What the statistics themselves count for a run: an empty program's."""
    return min((p["instructions"] for states in found.values()
                for name, state in states.items() if name.startswith("floor")
                for p in state.get("programs", {}).values()), default=0)


def bpf_instructions(state, empty):
    return sum(p["runs"] * (p["instructions"] - empty)
               for p in state.get("programs", {}).values())


# --- output

def table(found):
    empty = run_cost(found)
    row = "{:13} {:13} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}".format
    print(row("load", "state", "server", "+none", "%", "+floor", "client",
              "BPF"))
    for load, states in found.items():
        base = states["none"]
        for name, state in states.items():
            more = state["server"] - base["server"]
            floor = states.get(FLOORS.get(name))
            print(row(load, name, f"{state['server']:,.0f}",
                      f"{more:+,.0f}", f"{more / base['server'] * 100:+.1f}",
                      f"{state['server'] - floor['server']:+,.0f}"
                      if floor else "",
                      f"{state['client'] - base['client']:+,.0f}",
                      f"{bpf_instructions(state, empty):,.0f}"))
    print(f"\nBPF programs: runs an exchange x instructions a run (without the "
          f"{empty:.0f} of the statistics themselves)")
    for load, states in found.items():
        for name, state in states.items():
            if "programs" in state and not name.startswith("floor"):
                print(f"{load} {name}: " + ", ".join(
                    f"{p} {v['runs']:g} x {v['instructions'] - empty:.0f}"
                    for p, v in sorted(state["programs"].items())))


def compare(found, accepted):
    """Lines about states whose programs left what was accepted; how many
    grew. Not the CPU time: into how many turns server and client cut the same
    work depends on the smallest things."""
    lines, grown = [], 0
    figures_then = accepted["figures"]
    for load, states in found.items():
        for name, state in states.items():
            old = figures_then.get(load, {}).get(name)
            if name.startswith("floor") or "programs" not in state or not old:
                continue
            was = bpf_instructions(old, run_cost(figures_then))
            now = bpf_instructions(state, run_cost(found))
            if abs(now - was) <= was * GROWTH:
                continue
            grown += now > was
            lines.append(f"{'REGRESSION' if now > was else 'less'}: {load} "
                         f"{name}: {was:,.0f} -> {now:,.0f} instructions of "
                         f"BPF programs an exchange "
                         f"({(now / was - 1) * 100:+.1f} %)")
    return lines, grown


def write(path, result):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


def release(kernel):
    """As its header says (Documentation/arch/x86/boot.rst)."""
    with open(kernel, "rb") as f:
        head = f.read(0x8000)
    at = int.from_bytes(head[0x20e:0x210], "little") + 0x200
    return head[at:].split(b" ", 1)[0].decode()


def chosen_loads(text):
    if not text:
        return LOADS
    by_name = {load[0]: load for load in LOADS}
    unknown = [name for name in text.split(",") if name not in by_name]
    if unknown:
        raise Failure("no such load: " + ", ".join(unknown))
    return [by_name[name] for name in text.split(",")]


def options():
    parser = argparse.ArgumentParser(description=__doc__.split(".")[0])
    parser.add_argument("kernel", help="a vmlinuz")
    parser.add_argument("build", help="where the programs of the guest are")
    parser.add_argument("reqtrace", help="statically linked")
    parser.add_argument("--states", default=",".join(STATES),
                        help="beside none, separated by commas; else an "
                        "engine's name")
    parser.add_argument("--loads", help="separated by commas")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--accept", action="store_true",
                        help="make these figures the accepted ones")
    parser.add_argument("--timeout", type=int, default=600)
    return parser.parse_args()


def main():
    o = options()
    states = ["none"] + [s for s in o.states.split(",") if s != "none"]
    try:
        loads = chosen_loads(o.loads)
        said = boot(o.kernel, initrd(o.build, o.reqtrace, states, loads),
                    o.timeout)
        found = figures(said, loads)
    except Failure as e:
        sys.exit(f"icount: {e}")
    table(found)
    result = {"schema": SCHEMA, "kernel": release(o.kernel), "figures": found}
    if o.json:
        write(o.json, result)
    if o.accept:
        write(ACCEPTED, result)
        return 0
    try:
        with open(ACCEPTED, encoding="utf-8") as f:
            accepted = json.load(f)
    except FileNotFoundError:
        print("icount: no figures were accepted yet (--accept)")
        return 0
    lines, grown = compare(found, accepted)
    for line in lines:
        print(line)
    print(f"icount: {grown} grown by more than {GROWTH:.0%}")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
