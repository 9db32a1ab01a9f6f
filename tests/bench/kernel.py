# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel says of cost: CPU time of processes from the scheduler, run
time of BPF programs, and how full a tracer's ring is.
"""

import ctypes
import json
import mmap
import os
import shutil
import struct
import subprocess
import threading
import time

from harness import Failure

BPF_MAP_GET_FD_BY_ID = 14
BPF_ENABLE_STATS = 32
BPF_MAP_TYPE_RINGBUF = 27
# kprobe, tracepoint, perf event, raw tracepoint (writable), tracing
TRACING_TYPES = {2, 5, 7, 17, 24, 26}
SYS_BPF = {"x86_64": 321, "aarch64": 280}
PLACES = {"one": "on one CPU", "apart": "on a CPU each",
          "free": "not pinned"}
PAGE = mmap.PAGESIZE
PROT_READ, MAP_SHARED = 1, 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                       ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    result = _libc.syscall(SYS_BPF[os.uname().machine], command, buffer, 128)
    if result < 0:
        raise Failure(f"bpf({command}): {os.strerror(ctypes.get_errno())}")
    return result


# Processes

def descendants(pid):
    """pid and all that came of it, as far as they live."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as f:
                    found += [int(c) for c in f.read().split()]
        except FileNotFoundError:
            continue
    return found


def cpu_ns(pids):
    """CPU time of all threads of these processes so far, in ns: the first
    number of schedstat. Exact only while they sleep."""
    total = 0
    for pid in pids:
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except FileNotFoundError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                    total += int(f.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return total


def _siblings(cpu):
    path = f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
    with open(path) as f:
        return {n for piece in f.read().strip().split(",")
                for first, _, last in [piece.partition("-")]
                for n in range(int(first), int(last or first) + 1)}


class Place:
    """The CPUs of server and load, and of the tracer; None: any. By default
    server and load share one. On two, each wakes the other: in a virtual
    machine that costs more than a request does, and a server that gets slower
    finds more requests at each turn of its loop, which hides what slowed it.
    """

    def __init__(self, name):
        self.server = self.load = self.tracer = None
        cpus = sorted(os.sched_getaffinity(0))
        if name == "free":
            return
        others = [c for c in cpus if c not in _siblings(cpus[0])] or cpus[1:]
        self.server = self.load = {cpus[0]}
        if name == "apart":
            self.load = set(others[:1]) or self.load
        elif others:
            self.tracer = set(others)


def pin(pid, cpus):
    """All threads of a process; None: wherever they are."""
    for task in os.listdir(f"/proc/{pid}/task") if cpus else ():
        os.sched_setaffinity(int(task), cpus)


class Others:
    """How many CPUs everybody else takes: what the machine was busy with,
    less these processes, ourselves and what we waited for."""

    def __init__(self, pids):
        self.pids = pids
        self.at = self._now()

    def _now(self):
        with open("/proc/stat") as f:
            fields = [int(n) for n in f.readline().split()[1:]]
        # All but idle and iowait; guests are in user time already.
        busy = sum(fields[:3] + fields[5:8]) / os.sysconf("SC_CLK_TCK")
        ours = cpu_ns(self.pids) / 1e9 + sum(os.times()[:4])
        return time.monotonic(), busy - ours

    def cpus(self):
        """Since it was made; the machine counts in ticks, so roughly."""
        (t0, others0), (t1, others1) = self.at, self._now()
        return max((others1 - others0) / (t1 - t0), 0.0)


def memory_bytes(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0


def _held(pid, key):
    """Values of a key in the descriptors of a process, as dictionaries."""
    for name in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{name}") as f:
                lines = [line.split(":", 1) for line in f if ":" in line]
        except FileNotFoundError:
            continue
        info = {k.strip(): v.strip() for k, v in lines}
        if key in info:
            yield info


# BPF programs

class Statistics:
    """Run-time statistics of BPF are on while this lives: they are bound to
    a descriptor, so nothing is left on whatever happens to this process."""

    def __enter__(self):
        self.fd = _bpf(BPF_ENABLE_STATS, struct.pack("<I", 0))
        return self

    def __exit__(self, *_):
        os.close(self.fd)


def statistics_are_on():
    """For the whole machine; those of the class above do not show there."""
    with open("/proc/sys/kernel/bpf_stats_enabled") as f:
        return f.read().strip() != "0"


def programs(pid):
    """{(id, name): (ns, runs)} so far of the programs that pid holds, but for
    iterators: those it runs itself, in its own time."""
    own = {int(info["prog_id"]) for info in _held(pid, "link_type")
           if info["link_type"] == "iter"}
    ids = {int(info["prog_id"]) for info in _held(pid, "prog_id")} - own
    bpftool = shutil.which("bpftool") or "/usr/sbin/bpftool"
    shown = subprocess.run([bpftool, "-j", "prog", "show"], check=True,
                           stdout=subprocess.PIPE).stdout
    return {(p["id"], p.get("name", "?")): (p.get("run_time_ns", 0),
                                            p.get("run_cnt", 0))
            for p in json.loads(shown) if p["id"] in ids}


def held_programs():
    """Ids of all tracing programs that any process holds."""
    ids = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            ids.update(int(i["prog_id"]) for i in _held(pid, "prog_id")
                       if int(i.get("prog_type", 0)) in TRACING_TYPES)
        except OSError:  # gone meanwhile
            continue
    return ids


def programs_delta(before, after):
    """{name: (ns, runs)} between two answers of programs(). A program that
    came meanwhile began at zero."""
    found = {}
    for key, (ns, runs) in after.items():
        ns0, runs0 = before.get(key, (0, 0))
        name = key[1]
        ns1, runs1 = found.get(name, (0, 0))
        found[name] = (ns1 + ns - ns0, runs1 + runs - runs0)
    return found


# The ring

class Ring:
    """Positions of the one ring buffer that a process holds, sampled by a
    thread: how many bytes passed through it, and the most that waited."""

    STEP = 0.002

    def __init__(self, pid):
        self.size = self.peak = 0
        rings = {int(i["map_id"]): int(i["max_entries"])
                 for i in _held(pid, "map_type")
                 if int(i["map_type"]) == BPF_MAP_TYPE_RINGBUF
                 and int(i["max_entries"]) > PAGE}
        if len(rings) != 1:
            raise Failure(f"process {pid} holds {len(rings)} rings")
        (number, self.size), = rings.items()
        fd = _bpf(BPF_MAP_GET_FD_BY_ID, struct.pack("<I", number))
        # Two pages: what was consumed, and what was produced, each first.
        self.base = _libc.mmap(None, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0)
        os.close(fd)
        if self.base == ctypes.c_void_p(-1).value:
            raise Failure("the ring cannot be mapped: "
                          + os.strerror(ctypes.get_errno()))
        self.first = self.produced()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def consumed(self):
        return ctypes.c_uint64.from_address(self.base).value

    def produced(self):
        return ctypes.c_uint64.from_address(self.base + PAGE).value

    def _sample(self):
        while not self.stop.wait(self.STEP):
            consumed = self.consumed()
            self.peak = max(self.peak, self.produced() - consumed)

    def close(self):
        """Bytes that went in since the beginning."""
        self.stop.set()
        self.thread.join()
        passed = self.produced() - self.first
        _libc.munmap(self.base, 2 * PAGE)
        return passed
