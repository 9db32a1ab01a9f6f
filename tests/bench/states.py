# SPDX-License-Identifier: GPL-2.0-only
"""What watches the server while it is measured: nothing, empty programs,
reqtrace in its ways, and what people use without it.

Fed with a server, yields a Watch: attached when it is made, ended by stop().
"""

import json
import os
import re
import signal
import time

import kernel
from harness import REQTRACE, Failure, Skip, need, wait_until

BUILT = os.path.join(os.path.dirname(REQTRACE), "tests", "bench")

# Of coverage: what is no miss, but a fact.
FACTS = {"exchanges", "operations", "in_flight", "joined"}


class Watch:
    """A tracer process that is attached."""

    ends_well = {0, 128 + signal.SIGINT, -signal.SIGINT}
    apart = True  # from the server's CPU

    def __init__(self, bench, argv, ready, stream="stderr", name=None):
        began = time.monotonic()
        self.process = bench.start(argv, name=name)
        self.pid = self.process.pid
        if self.apart:
            kernel.pin(self.pid, bench.place.tracer)
        self.process.wait_output(ready, 30, stream)
        self.attach_seconds = time.monotonic() - began

    def cpu_ns(self):
        return kernel.cpu_ns([self.pid])

    def stop(self, timeout=30):
        """The report, if it makes one."""
        self.process.signal(signal.SIGINT)
        status = self.process.wait(timeout)
        self.process.kill()  # and forget it
        if status not in self.ends_well:
            raise Failure(f"{self.process.name} ended with {status}: "
                          f"{self.process.stderr().strip()[-500:]}")
        return None


class State:
    """One way to be watched. reports: its counts are held against the load;
    bpf: it has programs whose run time can be asked for."""

    reports = bpf = False
    scale = 1.0  # of the requests of a run
    most_rounds = 1000
    only = None  # workloads that it is for, by name; None: all

    def __init__(self, name, label):
        self.name, self.label = name, label

    def refused(self, _bench):
        """Why it cannot be had here, or None; found out by trying."""
        return None

    def watch(self, bench, server):
        raise NotImplementedError


class Nothing(State):
    def watch(self, bench, server):
        return None


class Floor(State):
    bpf = True

    def __init__(self, name, label, *args):
        super().__init__(name, label)
        self.args = args

    def watch(self, bench, server):
        return Watch(bench, [os.path.join(BUILT, "floor"),
                             os.path.join(BUILT, "floor.bpf.o"), *self.args],
                     "attached", "stdout")


class FloorHelpers(Floor):
    """For servers of one process."""
    only = {"redis-get", "redis-get-16", "redis-get-one"}

    def watch(self, bench, server):
        pid, = server.serving
        return Watch(bench, [os.path.join(BUILT, "floor"),
                             os.path.join(BUILT, "floor_helpers.bpf.o"),
                             "--pid", str(pid)], "attached", "stdout")


class ReqtraceWatch(Watch):
    def __init__(self, bench, server, args):
        self.json = bench.test.path("report.json")
        if os.path.exists(self.json):
            os.unlink(self.json)
        super().__init__(bench, [
            REQTRACE, "-p", ",".join(str(p) for p in server.traced), *args,
            "--json", self.json], "reqtrace: attached")

    def stop(self, timeout=30):
        super().stop(timeout)
        with open(self.json, encoding="utf-8") as f:
            return json.load(f)


class Reqtrace(State):
    reports = bpf = True

    def __init__(self, name, label, *args):
        super().__init__(name, label)
        self.args = args

    def refused(self, bench):
        process = bench.test.start([REQTRACE, "-p", os.getpid(), *self.args,
                                    "-d", "0.05"])
        status = process.wait(30)
        process.kill()
        if status == 0:
            return None
        said = process.stderr().strip().splitlines() or [f"status {status}"]
        ours = [line for line in said if line.startswith("reqtrace: ")]
        return (ours or said)[0].removeprefix("reqtrace: ")

    def watch(self, bench, server):
        return ReqtraceWatch(bench, server, self.args)


BPFTRACE_IN = """
tracepoint:syscalls:sys_enter_{call} /{ours}/ {{ @fd[tid] = args->{fd}; }}
tracepoint:syscalls:sys_exit_{call} /@fd[tid]/ {{
    if (args->ret > 0) {{ @read[pid, @fd[tid]] = nsecs; }}
    delete(@fd[tid]);
}}
"""
BPFTRACE_OUT = """
tracepoint:syscalls:sys_enter_{call} /@read[pid, args->{fd}]/ {{
    @usecs = hist((nsecs - @read[pid, args->{fd}]) / 1000);
    delete(@read[pid, args->{fd}]);
}}
"""


class Bpftrace(State):
    """What one writes today: the time from the return of a read to the next
    write of that descriptor, as a histogram; of the system calls that this
    server uses, and no other."""

    bpf = True

    def refused(self, bench):
        try:
            need("bpftrace")
        except Skip as e:
            return str(e)
        if not os.path.exists("/sys/kernel/tracing/events"):
            return ("bpftrace finds no tracepoints: mount -t tracefs nodev "
                    "/sys/kernel/tracing")
        process = bench.test.start([
            "bpftrace", "-e", "BEGIN { exit(); } "
            "tracepoint:syscalls:sys_enter_read { @ = count(); }"])
        status = process.wait(30)
        process.kill()
        if status == 0:
            return None
        said = process.stderr().strip().splitlines() or [f"status {status}"]
        return f"bpftrace: {said[-1]}"

    @staticmethod
    def script(server):
        ours = " || ".join(f"pid == {p}" for p in server.serving)
        text = "BEGIN { printf(\"ready\\n\"); }\n"
        text += "".join(BPFTRACE_IN.format(call=c, fd=fd, ours=ours)
                        for c, fd in server.reads)
        text += "".join(BPFTRACE_OUT.format(call=c, fd=fd)
                        for c, fd in server.writes)
        return text + "END { clear(@fd); clear(@read); }\n"

    def watch(self, bench, server):
        path = bench.test.path("latency.bt")
        with open(path, "w") as f:
            f.write(self.script(server))
        watch = Watch(bench, ["bpftrace", "-B", "none", path], "ready",
                      "stdout")
        return watch


class StraceWatch(Watch):
    # It and its target wait for each other: on two CPUs that is slower yet.
    apart = False

    # Now and then it crashes when all is over and it has let go of its
    # target, over the table that nobody reads here.
    ends_well = Watch.ends_well | {-signal.SIGSEGV}

    def __init__(self, bench, server):
        self.out = bench.test.path("strace.out")
        pids = [a for p in server.serving for a in ("-p", str(p))]
        super().__init__(bench, ["strace", "-c", "-f", "-o", self.out, *pids],
                         "attached")

        def traced():
            return all(self._tracer(p) == self.pid for p in server.serving)
        wait_until("strace has attached", traced)

    @staticmethod
    def _tracer(pid):
        with open(f"/proc/{pid}/status") as f:
            return int(re.search(r"TracerPid:\s+(\d+)", f.read())[1])


class Strace(State):
    scale = 0.1
    most_rounds = 2
    only = {"redis-get"}

    def refused(self, _bench):
        try:
            need("strace")
        except Skip as e:
            return str(e)
        return None

    def watch(self, bench, server):
        return StraceWatch(bench, server)


NONE = Nothing("none", "nothing")
FLOOR = Floor("floor", "floor: empty programs, sockets")
FLOOR_SCHED = Floor("floor-sched", "floor: and scheduler", "--sched")
FLOOR_HELPERS = FloorHelpers("floor-helpers", "floor: and helper calls")
NO_PARTS = Reqtrace("no-parts", "reqtrace --no-parts", "--no-parts")
WHOLE = Reqtrace("whole", "reqtrace")
ALL = [
    NONE, FLOOR, FLOOR_SCHED, FLOOR_HELPERS, NO_PARTS, WHOLE,
    Reqtrace("fexit", "reqtrace --engine fexit", "--engine", "fexit"),
    Reqtrace("syscall", "reqtrace --engine syscall", "--engine", "syscall"),
    Bpftrace("bpftrace", "bpftrace script"),
    Strace("strace", "strace -c -f"),
]


def missed(report):
    """{counter: value} of what a report says was lost or only summed up."""
    return {name: value for name, value in report["coverage"].items()
            if name not in FACTS and isinstance(value, int) and value}
