# SPDX-License-Identifier: GPL-2.0-only
"""The truth service as a process of a case, and what its books say that
reqtrace must report: each part of each path's requests, as a range.

Fed with a mode and causes, yields truths to compare with a series.
"""

import os
import shutil
import tempfile

from harness import SLOW, Failure, Skip
from services import PeerServer

# Where each cause must show. What it takes of CPU time is in "cpu" besides.
PART_OF = {
    "cpu": "cpu", "anon": "cpu", "sleep": "sleep", "lock": "lock",
    "pi": "lock", "waitv": "lock", "fsync": "disk", "direct": "disk",
    "tcp": "network", "unix": "network", "userfault": "page_fault",
    "fault": "page_fault", "pipe": "other_blocked", "poll": "poll",
}
CAUSES = tuple(PART_OF)
# Of a call with a 32-bit number it is not known what it waits for.
PART_OF["compat"] = "other_blocked"
MODES = ("thread", "pool", "prefork", "epoll", "dispatch", "uring")

PARTS = ("receive_queue", "cpu", "cpu_other", "run_queue", "lock", "disk",
         "network", "poll", "sleep", "page_fault", "other_blocked", "handoff",
         "unattributed")

# What a part may be off: this share of it, or this much a request.
SHARE = 0.05
SLACK = 200e-6 if SLOW == 1 else 400e-6 * SLOW

# From a wake-up until the thread runs, the kernel's figures do not say whether
# it was blocked, waited or ran: it begins to count the wait when another CPU
# has been told of it, and on an idle one the CPU time before that has woken
# up (rq_clock_skip_update() in wakeup_preempt()). So much for each time that
# a thread got a CPU may be in one of the three or another, tens of us in a
# virtual machine.
LATE = 40e-6 * SLOW


class Mistimed(Failure):
    """Times differ, and nothing that is counted does."""


def on_disk(test):
    """A directory of which files are on a disk, for as long as the case."""
    def kind(path):
        with open("/proc/self/mounts") as f:
            mounts = [line.split()[1:3] for line in f]
        inside = [(len(at), fs) for at, fs in mounts
                  if os.path.commonpath([at, path]) == at]
        return max(inside)[1]

    if kind(os.path.realpath(test.tmp)) not in ("tmpfs", "ramfs"):
        return test.tmp
    if kind("/var/tmp") in ("tmpfs", "ramfs"):
        raise Skip("neither the temporary directory nor /var/tmp is on a disk")
    path = tempfile.mkdtemp(prefix="reqtrace-e2e-", dir="/var/tmp")
    test.at_close(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


class Upstreams:
    """The two that the service calls; processes that are not traced."""

    def __init__(self, test):
        path = "unix:" + test.path("upstream")
        self.tcp = PeerServer(test, name="upstream-tcp")
        self.unix = PeerServer(test, "--listen", path, to=path,
                               name="upstream-unix")
        self.options = ("--tcp", self.tcp.to, "--unix", self.unix.to)


class Service(PeerServer):
    """The truth service in that mode."""

    def __init__(self, test, mode, upstreams=None, *args):
        own = tempfile.mkdtemp(prefix="truth-", dir=on_disk(test))
        super().__init__(
            test, "--mode", mode, "--directory", own,
            *(upstreams.options if upstreams else ()), *args,
            program="truth_server")

    def spend(self, path, requests, *options, **causes):
        """Requests to path that spend microseconds on each cause, in that
        order; the client's books."""
        query = "&".join(f"{name}={us}" for name, us in causes.items())
        books = self.load("--path", f"{path}?{query}", "--requests",
                          str(requests), *options)
        if books["responses"] != requests:
            raise Failure(f"{path}: {books['responses']} responses to "
                          f"{requests} requests")
        return books

    def end(self):
        return {path: Truth(entry)
                for path, entry in super().end()["paths"].items()}


def blocked(spent):
    return spent["wall"] - spent["cpu"] - spent["wait"]


class Truth:
    """What one path's requests have spent, by the service's own books."""

    def __init__(self, entry):
        self.whole = entry["whole"]
        self.longest = entry["longest"]
        self.causes = {name: spent for name, spent in entry.items()
                       if name not in ("whole", "longest")}
        self.requests = self.whole["count"]

    def wall(self, *causes):
        return sum(self.causes[c]["wall"] for c in causes if c in self.causes)

    def unplaced(self):
        """Of the requests' time, what the books say nothing of."""
        return blocked(self.whole) - sum(map(blocked, self.causes.values()))

    def handling(self):
        """(least, most) seconds from the first receive to the last send."""
        return self.whole["wall"] - self.causes["send"]["wall"], \
            self.whole["wall"]

    def slack(self):
        return SLACK * self.requests

    def late(self):
        """What may be counted in the wrong one of three: see LATE."""
        return LATE * self.whole["slices"]

    def adds_up(self):
        """Or the machine stood still, or the kernel counted otherwise."""
        return abs(self.unplaced()) < self.slack()

    def parts(self):
        """{part: (least, most)} in seconds. The exchange ends somewhere in
        the answer's send: what that took is in it or not. Jumps of the CPU
        clock are CPU time or the wait for it."""
        send = self.causes["send"]
        handoff = self.causes.get("handoff")
        jumps = sum(spent["jumps"] for spent in self.causes.values())
        parts = {p: (0.0, 0.0) for p in PARTS if p != "receive_queue"}
        parts["cpu"] = (self.whole["cpu"] - send["cpu"] - jumps,
                        self.whole["cpu"])
        parts["run_queue"] = (self.whole["wait"] - send["wait"],
                              self.whole["wait"] + jumps)
        for cause, part in PART_OF.items():
            if cause in self.causes:
                more = blocked(self.causes[cause])
                parts[part] = tuple(x + more for x in parts[part])
        if "prepare" in self.causes:  # by calls of either kind
            for part in ("disk", "other_blocked"):
                least, most = parts[part]
                parts[part] = (least,
                               most + blocked(self.causes["prepare"]))
        if handoff:
            parts["handoff"] = (0.0, handoff["wall"])
        return parts


class Reported:
    """The sums of some series, in seconds."""

    def __init__(self, series):
        if not series:
            raise Failure("no series to compare with")
        self.series = series
        self.operations = sum(s["operations"] for s in series)
        self.duration = sum(s["duration"]["sum"] for s in series)
        self.longest = max(s["duration"]["max"] for s in series)
        self.part = {name: sum(s["parts"][name]["sum"] for s in series
                               if name in s["parts"]) for name in PARTS}

    def handling(self):
        return self.duration - self.part["receive_queue"]

    def brief(self):
        return ", ".join(f"{name} {value * 1e3:.2f}"
                         for name, value in self.part.items()
                         if value > 1e-5) + " ms"

    def calls(self, own=False):
        """{port: (calls, seconds, seconds blocked)} of calls out; None for
        UNIX. By port, as a peer is called by its address until what it
        speaks is known, and "http:PORT" from then on."""
        peers = {}
        for call in (c for s in self.series for c in s["calls"]):
            if call["own"] != own:
                continue
            port = call["peer"].rpartition(":")[2]
            key = int(port) if port.isdigit() else None
            more = (call["calls"], call["seconds"], call["network_seconds"])
            peers[key] = tuple(
                map(sum, zip(more, peers.get(key, (0, 0, 0)))))
        return peers


def nearest(reported, least, most):
    return min(max(reported, least), most)


def inside(test, what, span, value, slack, others=""):
    """How far value is outside of span, which must not be far."""
    near = nearest(value, *span)
    off = abs(value - near)
    if off > max(near * SHARE, slack):
        raise Mistimed(f"{what}: service {span[0] * 1e3:.3f} to "
                       f"{span[1] * 1e3:.3f} ms, reqtrace {value * 1e3:.3f} "
                       f"ms, {off * 1e3:.3f} ms off{others}")
    return off


def pair(truth, value):
    return f"{truth * 1e3:.2f} ~ {value * 1e3:.2f}"


def compare(test, what, truth, reported, main=(), ignore=()):
    """Every part against the books. The facts have those of main as service ~
    reqtrace in ms, and of the others the one that is farthest off."""
    shown, worst, worst_part = [], 0.0, "none"
    others = f"; all: {reported.brief()}"
    test.check(f"{what}: {truth.requests} requests, reqtrace has "
               f"{reported.operations}",
               truth.requests == reported.operations)
    test.check(f"{what}: the service's own books leave {truth.unplaced()} s "
               "open", truth.adds_up())
    inside(test, f"{what} handling", truth.handling(), reported.handling(),
           truth.slack())
    for part, span in truth.parts().items():
        if part in ignore:
            continue
        value = reported.part[part]
        slack = max(truth.slack(), truth.late() if span[1] else 0)
        off = inside(test, f"{what} {part}", span, value, slack, others)
        if part in main:
            shown.append(f"{part} {pair(nearest(value, *span), value)}")
        elif off > worst:
            worst, worst_part = off, part
    worst *= 1e6 / truth.requests
    test.fact(f"{what}: {''.join(s + ', ' for s in shown)}others to "
              f"{worst:.0f} us a request ({worst_part})")
