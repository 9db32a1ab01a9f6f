# SPDX-License-Identifier: GPL-2.0-only
"""A collector that fails while reqtrace is tracing: in the end its totals are
those of the report, and memory is where it was."""

import dataclasses
import time

from cases.registry import case, case_for
from exported import DB_SERVER, compare_durations
from faults import Faults
from harness import Failure, pause
from services import Redis
from tracer import Tracer

SECRET = "s3cr3t-of-the-header"
GET = {"db.operation.name": "GET"}
FAULTY_SECONDS = 1.6
LEAST_ROUNDS = 3
# What a fault may add to reqtrace's peak of memory.
MORE_KB = 6 << 10


@dataclasses.dataclass(frozen=True)
class Mode:
    fault: str
    says: str  # on standard error; "" for nothing
    port: str = "http"
    protocol: str = "http/protobuf"
    delta: bool = False
    options: tuple = ()
    taken: bool = False  # the collector says so
    once: bool = False  # it says when to come again: not while it is faulty


GRPC = {"port": "grpc", "protocol": "grpc"}
RAW = {"port": "rawGrpc", "protocol": "grpc"}
HASTE = ("--otlp-timeout", "0.4")

MODES = {
    "429": Mode("429", "status 429", delta=True),
    "503-seconds": Mode("503-soon", "status 503", once=True),
    "503-date": Mode("503-soon-date", "status 503", once=True),
    "unavailable": Mode("unavailable", "UNAVAILABLE: down for repair", **GRPC),
    "retry-info": Mode("exhausted-soon", "RESOURCE_EXHAUSTED: quota",
                       once=True, **GRPC),
    "exhausted": Mode("exhausted", "RESOURCE_EXHAUSTED: quota", delta=True,
                      **GRPC),
    "trailers-only": Mode("trailers-only", "UNAVAILABLE: never more",
                          delta=True, **GRPC),
    "partial": Mode("partial", "rejected 3 of them: three are too old",
                    delta=True, taken=True),
    "warning": Mode("warning", "warns: use the other port", taken=True,
                    **GRPC),
    "empty-partial": Mode("empty-partial", "", delta=True, **GRPC),
    "hang": Mode("hang", "timed out", delta=True, options=HASTE),
    "hang-grpc": Mode("hang", "127.0.0.1", options=HASTE, **GRPC),
    "disconnect": Mode("disconnect", "127.0.0.1", delta=True),
    "disconnect-grpc": Mode("disconnect", "127.0.0.1", delta=True, **RAW),
    "garbage": Mode("garbage", "127.0.0.1"),
    "garbage-grpc": Mode("garbage", "without a gRPC status", delta=True,
                         **RAW),
    "redirect": Mode("redirect", "redirect to http://127.0.0.1:1/x",
                     delta=True),
    "5gb": Mode("5gb", "not understood", taken=True),
    "5gb-grpc": Mode("5gb", "more than", delta=True, **RAW),
    "413": Mode("too-large", "", delta=True),
}


def peak_kb(pid):
    """The most memory that it ever had resident."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise Failure(f"{pid} has no peak of memory")


class Run:
    """redis under load and reqtrace, which exports to a faulty collector."""

    def __init__(self, test, mode):
        self.test, self.faults = test, Faults(test)
        self.redis = Redis(test)
        self.redis.quiet()
        self.faults.mode(mode.fault)
        self.done = 0
        self.tracer = Tracer.of(
            test, self.redis.pid, args=(
                "--otlp", self.faults.url(mode.port), "--otlp-protocol",
                mode.protocol, "--otlp-interval", "0.3", "--otlp-header",
                f"authorization=Bearer {SECRET}", "--otlp-temporality",
                "delta" if mode.delta else "cumulative", *mode.options))

    def load(self, seconds):
        """GETs for so long, at least some rounds of them."""
        end, rounds = time.monotonic() + seconds, 0
        while time.monotonic() < end or rounds < LEAST_ROUNDS:
            self.done += self.redis.benchmark("-t", "get", "-n", "500", "-c",
                                              "10")["GET"]
            rounds += 1
            pause(0.1)

    def end(self):
        """The report of a run whose last figures were delivered; no output has
        the secret."""
        self.redis.quiet()
        self.peak = peak_kb(self.tracer.pid)
        report = self.tracer.stop().complete()
        self.test.equal("GETs in the report", self.done,
                        report.operations(operation="GET"))
        process = self.tracer.process
        with open(self.tracer.json, encoding="utf-8") as f:
            outputs = process.stdout() + process.stderr() + f.read()
        self.test.check("the header is in an output", SECRET not in outputs)
        return report

    def compare(self, report):
        arrived = self.faults.arrived()
        self.test.equal("GETs that arrived", self.done,
                        arrived.total(DB_SERVER, GET))
        compare_durations(self.test, report, arrived, DB_SERVER,
                          pid=self.redis.pid, role="server")


usual_peaks = {}


def usual_peak(test, protocol):
    """Of a run in which nothing fails, which is made once a protocol."""
    if protocol not in usual_peaks:
        port = "grpc" if protocol == "grpc" else "http"
        run = Run(test, Mode("ok", "", port, protocol))
        run.load(FAULTY_SECONDS / 2)
        run.compare(run.end())
        usual_peaks[protocol] = run.peak
    return usual_peaks[protocol]


def wait_said(run, mode):
    """Its failure was told, in the words expected."""
    if not mode.says:
        return
    begin = "metrics arrive, but" if mode.taken else "metrics do not arrive:"
    said = run.tracer.process.wait_output(begin, stream="stderr", timeout=10)
    run.test.check(f"it did not say {mode.says!r}: {said!r}",
                   mode.says in said)


@case_for(MODES, timeout=60)
def export_fault(test, name):
    """A collector that fails so for a while under load, and then does not."""
    mode = MODES[name]
    run = Run(test, mode)
    run.load(FAULTY_SECONDS)
    wait_said(run, mode)
    attempts = run.faults.totals()["requests"]
    test.check(f"{attempts} requests while it failed",
               attempts == 1 if mode.once else attempts > 1)
    run.faults.mode("ok")
    run.load(0.3)
    run.compare(run.end())
    usual = usual_peak(test, mode.protocol)
    more = run.peak - usual
    test.check(f"{more} kB more memory than the usual {usual}",
               more < MORE_KB)
    test.remark(f"{attempts} requests failed, peak {run.peak} kB, usually "
                f"{usual}")


def deltas(arrived):
    return arrived.total(DB_SERVER, GET)


@case(timeout=60)
def export_fault_pretends(test):
    """A delta to which a collector says "taken" is not sent again, whatever
    else it says: what it threw away is missing, and nothing else."""
    mode = Mode("garbage-body", "not understood", delta=True, taken=True)
    run = Run(test, mode)
    run.load(FAULTY_SECONDS)
    wait_said(run, mode)
    run.faults.mode("ok")
    run.load(0.3)
    run.end()
    thrown_away = deltas(run.faults.pretended())
    test.check("it threw nothing away", thrown_away)
    test.equal("GETs that arrived or were thrown away", run.done,
               deltas(run.faults.arrived()) + thrown_away)


@case(timeout=60)
def export_fault_answer_lost(test):
    """A delta that was taken, and nobody was told so, is sent again: at least
    once, and what came twice is just that."""
    mode = Mode("lost-answer", "127.0.0.1", delta=True)
    run = Run(test, mode)
    run.load(FAULTY_SECONDS)
    wait_said(run, mode)
    run.faults.mode("ok")
    run.load(0.3)
    run.end()
    twice = deltas(run.faults.during("lost-answer"))
    test.check("no answer was lost", twice)
    test.equal("GETs that arrived, without those whose answer was lost",
               run.done, deltas(run.faults.arrived()) - twice)


@case(timeout=60)
def export_fault_answer_lost_cumulative(test):
    """Totals that are sent again are the same totals."""
    mode = Mode("lost-answer", "127.0.0.1")
    run = Run(test, mode)
    run.load(FAULTY_SECONDS)
    wait_said(run, mode)
    run.faults.mode("ok")
    run.compare(run.end())
