# SPDX-License-Identifier: GPL-2.0-only
"""reqtrace as a process of a case, and its report as something to ask.

Every report that any case reads is also checked against itself and against
docs/report.schema.json: see Report.
"""

import json
import os
import signal
import time

import engine
import schema
from harness import REQTRACE, ROOT, Failure, wait_until

ATTACHED = "reqtrace: attached"
SCHEMA = os.path.join(ROOT, "docs", "report.schema.json")
SUMMARISED = "(summarised)"
# Linux 7 preempts programs, and skips them meanwhile. The counter says at most
# how often, with what other processes did: that the traced ones lost nothing is
# what the counts of a case show.
PREEMPTS_PROGRAMS = int(os.uname().release.split(".")[0]) >= 7
PERCENTILES = ("p50", "p90", "p95", "p99", "p999")


class Report:
    """A JSON report. Reading one proves what holds for all of them."""

    def __init__(self, data):
        self.data = data
        self.coverage = data["coverage"]
        self.cost = data["cost"]
        if os.path.exists(SCHEMA):
            with open(SCHEMA) as f:
                schema.check(json.load(f), data)
        if data["schema"] != "reqtrace.report/1":
            raise Failure(f"schema is {data['schema']!r}")
        for series in data["series"]:
            self._check_series(series)
        for connections in data["connections"]:
            self._check_connections(connections)
        self._check_slowest()
        self._check_threads()
        self._check_in_flight()
        self._check_verified()

    @staticmethod
    def load(path):
        if not os.path.exists(path):
            raise Failure(f"no report at {os.path.basename(path)}")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        try:
            return Report(json.loads(text))
        except ValueError as e:
            raise Failure(f"the report is not JSON: {e}") from None

    @staticmethod
    def _check_histogram(name, h):
        def wrong(why):
            raise Failure(f"{name}: {why}: {json.dumps(h)[:400]}")

        in_buckets = sum(h["buckets"]) + h["zero_count"]
        if in_buckets != h["count"]:
            wrong(f"{in_buckets} in the buckets, count {h['count']}")
        if not h["count"]:
            return
        order = [h["min"]] + [h[p] for p in PERCENTILES] + [h["max"]]
        if any(a > b * (1 + 1e-9) for a, b in zip(order, order[1:])):
            wrong("percentiles are not in order between min and max")
        if abs(h["mean"] * h["count"] - h["sum"]) > 1e-6 * h["sum"] + 1e-9:
            wrong("mean is not sum / count")
        base = 2 ** (2 ** -h["scale"])
        filled = [i for i, n in enumerate(h["buckets"]) if n]
        if not filled:
            return
        low = base ** (h["offset"] + filled[0])
        high = base ** (h["offset"] + filled[-1] + 1)
        if not h["max"] <= high * (1 + 1e-9):
            wrong(f"max is above the highest bucket's {high}")
        if not h["zero_count"] and h["min"] < low * (1 - 1e-9):
            wrong(f"min is below the lowest bucket's {low}")

    def _check_series(self, s):
        name = f"series {s['comm']} {s['role']} {s['port']} {s['operation']!r}"
        self._check_histogram(f"{name} duration", s["duration"])
        self._check_histogram(f"{name} time_to_first_byte",
                              s["time_to_first_byte"])
        for part, h in s["parts"].items():
            self._check_histogram(f"{name} {part}", h)
        if s["duration"]["count"] != s["operations"]:
            raise Failure(f"{name}: {s['duration']['count']} durations of "
                          f"{s['operations']} operations")
        if s["exchanges"] > s["operations"]:
            raise Failure(f"{name}: more exchanges than operations")
        if sum(s["errors_by"].values()) != s["errors"]:
            raise Failure(f"{name}: errors {s['errors']} are not the sum of "
                          f"{s['errors_by']}")
        if s["operation"] == SUMMARISED:  # only durations were kept
            return
        parts = sum(h["sum"] for h in s["parts"].values())
        # Nanoseconds, printed in seconds: one rounding a part.
        if abs(parts - s["duration"]["sum"]) > 1e-6 * parts + 1e-8:
            raise Failure(f"{name}: parts sum to {parts}, duration to "
                          f"{s['duration']['sum']}")
        self._check_counts(name, s)
        self._check_breakdown(name, s)

    @staticmethod
    def _check_counts(name, s):
        """What is known of every operation, and what only of those whose
        threads were watched."""
        counts = {part: h["count"] for part, h in s["parts"].items()}
        received = counts.pop("receive_queue")
        if counts.pop("unattributed") != s["operations"]:
            raise Failure(f"{name}: unattributed is not of all "
                          f"{s['operations']} operations")
        watched = set(counts.values())
        if (len(watched) != 1 or max([received, *watched]) > s["operations"]
                or (watched == {0}) != (s["breakdown"] is None)):
            raise Failure(f"{name}: of {s['operations']} operations "
                          f"{received} receive_queue and {counts}")

    @staticmethod
    def _check_adds_up(name, duration, parts):
        """Parts against the duration that they are parts of."""
        if min(parts.values(), default=0) < 0:
            raise Failure(f"{name}: a part is negative: {parts}")
        total = sum(parts.values())
        if abs(total - duration) > 1e-9 * duration + 1e-15:
            raise Failure(f"{name}: the parts are {total} of {duration} s: "
                          f"{parts}")

    def _check_breakdown(self, name, s):
        breakdown = s["breakdown"]
        if breakdown is None:
            return
        for which, piece in breakdown.items():
            self._check_adds_up(f"{name} {which}", piece["duration"],
                                piece["parts"])
            if not 0 < piece["count"] <= s["operations"]:
                raise Failure(f"{name} {which}: {piece['count']} of "
                              f"{s['operations']} operations")
        mean, slowest = breakdown["mean"], breakdown["slowest"]
        if slowest["duration"] < mean["duration"] * (1 - 1e-9):
            raise Failure(f"{name}: the slowest take {slowest['duration']} s, "
                          f"all take {mean['duration']} s in the mean")

    def _check_slowest(self):
        slowest = self.data["slowest"]
        for one in slowest:
            name = f"slow {one['comm']} {one['role']} {one['operation']!r}"
            self._check_adds_up(name, one["duration"], one["parts"])
        if any(a["duration"] < b["duration"]
               for a, b in zip(slowest, slowest[1:])):
            raise Failure("the slowest exchanges are not in order")

    def _check_threads(self):
        for threads in self.data["threads"]:
            if min(threads["seconds"].values()) < 0:
                raise Failure(f"threads with negative time: {threads}")

    def _check_in_flight(self):
        told = sum(f["count"] for f in self.data["in_flight"])
        if told != self.coverage["in_flight"]:
            raise Failure(f"{self.coverage['in_flight']} requests in flight, "
                          f"{told} of them by what was asked")

    def _check_verified(self):
        verify = self.coverage["verify"]
        if verify and verify["violations"]:
            raise Failure(f"the parts of {verify['violations']} of "
                          f"{verify['checked']} exchanges are not their "
                          "duration")

    @staticmethod
    def _check_connections(c):
        joined = c.get("joined", 0)
        if joined + c["opened"] - c["closed"] != c["active"]:
            raise Failure(f"connections do not add up: {c}")

    def series(self, **keys):
        """Series whose fields equal keys."""
        return [s for s in self.data["series"]
                if all(s[k] == v for k, v in keys.items())]

    def total(self, field, **keys):
        return sum(s[field] for s in self.series(**keys))

    def operations(self, **keys):
        return self.total("operations", **keys)

    def exchanges(self, **keys):
        return self.total("exchanges", **keys)

    def errors_by(self, kind, **keys):
        return sum(s["errors_by"][kind] for s in self.series(**keys))

    def by_operation(self, **keys):
        counts = {}
        for s in self.series(**keys):
            counts[s["operation"]] = (counts.get(s["operation"], 0)
                                      + s["operations"])
        return counts

    def one(self, **keys):
        found = self.series(**keys)
        if len(found) != 1:
            raise Failure(f"{len(found)} series instead of one with {keys}; "
                          f"the report has {self.brief()}")
        return found[0]

    def connections(self, field, **keys):
        return sum(c[field] for c in self.data["connections"]
                   if all(c[k] == v for k, v in keys.items()))

    def pids(self):
        return {p["pid"] for p in self.data["processes"]}

    def brief(self):
        """The series in few words, for messages."""
        return "; ".join(
            f"{s['comm']}[{s['pid']}] {s['role']} {s['transport']} "
            f"{s['port']} {s['protocol']} {s['operation']!r} "
            f"{s['status']!r} exchanges {s['exchanges']} operations "
            f"{s['operations']}"
            for s in self.data["series"][:12]) or "no series"

    def complete(self):
        """Fail if anything was missed; joined and in_flight are no misses."""
        skipped = () if PREEMPTS_PROGRAMS else ("skipped",)
        for name in ("summarised", "lost", "amend_lost",
                     "connections_summarised", "connections_lost",
                     "data_lost", "process_events_lost", "no_storage",
                     "unix_full", "processes_full", "unsolicited", *skipped):
            if self.coverage[name]:
                raise Failure(f"coverage: {name} is {self.coverage[name]}")
        return self


class Tracer:
    """A running reqtrace, attached when the constructor returns."""

    def __init__(self, test, *args, interval=False, command=(), wait=True,
                 prefix=()):
        self.test = test
        number = sum(p.name == "reqtrace" for p in test.processes)
        self.json = test.path(f"report-{number}.json")
        verify = [] if "--no-parts" in args else ["--verify"]
        argv = [*prefix, REQTRACE, *engine.OPTION, *verify, "--json",
                self.json]
        if interval:
            argv += ["-i", "1"]
        argv += args
        if command:
            argv += ["--", *command]
        self.began = time.monotonic()
        self.process = test.start(argv, name="reqtrace")
        self.pid = self.process.pid
        if wait:
            self.wait_attached()

    @classmethod
    def of(cls, test, *pids, args=(), **options):
        return cls(test, "-p", ",".join(str(p) for p in pids), *args,
                   **options)

    def wait_attached(self):
        self.process.wait_output(ATTACHED, stream="stderr")
        self.attach_seconds = time.monotonic() - self.began

    def finish(self, timeout=20):
        """The report, once reqtrace has ended; it must have ended well."""
        status = self.process.wait(timeout)
        if status != 0:
            raise Failure(f"reqtrace ended with {status}: "
                          f"{self.process.stderr().strip()[-800:]}")
        if "\x1b" in self.process.stdout():
            raise Failure("escape codes in an output that is no terminal")
        report = Report.load(self.json)
        if report.coverage["skipped"]:
            self.test.remark(
                f"skipped: at most {report.coverage['skipped']}")
        return report

    def stop(self, timeout=20):
        """SIGINT, then the final report."""
        if not self.process.running():
            raise Failure(f"reqtrace ended by itself with "
                          f"{self.process.popen.returncode}: "
                          f"{self.process.stderr().strip()[-800:]}")
        self.process.signal(signal.SIGINT)
        return self.finish(timeout)

    def finish_or_stop(self, grace=3):
        """The report of a run whose targets have ended: it may end by itself
        or wait to be told."""
        end = time.monotonic() + grace
        while self.process.running() and time.monotonic() < end:
            time.sleep(0.02)
        if self.process.running():  # or it ends at this moment
            self.process.signal(signal.SIGINT)
        return self.finish()

    def text(self):
        return self.process.stdout()

    def wait_text(self, text, timeout):
        return wait_until(f"reqtrace prints {text!r}",
                          lambda: text in self.text(), timeout)
