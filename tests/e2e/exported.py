# SPDX-License-Identifier: GPL-2.0-only
"""Compares what has arrived in a receiver with the report of the same run:
equal, bucket by bucket."""

from harness import Failure

HTTP_SERVER = "http.server.request.duration"
DB_SERVER = "reqtrace.db.server.operation.duration"
DURATIONS = (HTTP_SERVER, DB_SERVER, "http.client.request.duration",
             "db.client.operation.duration",
             "reqtrace.server.exchange.duration",
             "reqtrace.client.exchange.duration")


def scaled_down(buckets, by):
    """Pairs of buckets merged so often."""
    for _ in range(by):
        halved = {}
        for index, count in buckets.items():
            halved[index >> 1] = halved.get(index >> 1, 0) + count
        buckets = halved
    return buckets


class Sum:
    """Histograms added up, at the scale of the coarsest."""

    def __init__(self):
        self.count = self.zero = 0
        self.sum, self.min, self.max = 0.0, None, None
        self.buckets, self.scale = {}, None

    def _add(self, buckets, scale):
        if self.scale is None:
            self.scale = scale
        low = min(self.scale, scale)
        mine = scaled_down(self.buckets, self.scale - low)
        for index, count in scaled_down(buckets, scale - low).items():
            mine[index] = mine.get(index, 0) + count
        self.buckets, self.scale = mine, low

    def _edges(self, low, high):
        self.min = low if self.min is None else min(self.min, low)
        self.max = high if self.max is None else max(self.max, high)

    def add_report(self, h):
        """A HIST of the JSON report."""
        if not h["count"]:
            return
        self.count += h["count"]
        self.zero += h["zero_count"]
        self.sum += h["sum"]
        self._edges(h["min"], h["max"])
        self._add({h["offset"] + i: n for i, n in enumerate(h["buckets"])
                   if n}, h["scale"])

    def add_point(self, p):
        """A data point."""
        if not p.count:
            return
        self.count += p.count
        self.zero += int(p.point.get("zeroCount", 0))
        self.sum += p.sum
        if "min" in p.point:
            self._edges(p.point["min"], p.point["max"])
        self._add(*p.buckets())

    def quantile(self, q):
        """Bounds, in seconds, of the bucket that holds it."""
        rank, base = q * self.count - self.zero, 2 ** 2 ** -self.scale
        for index in sorted(self.buckets):
            rank -= self.buckets[index]
            if rank <= 0:
                return base ** index, base ** (index + 1)
        raise Failure(f"no bucket has quantile {q} of {self.count}")

    def compare(self, test, what, arrived):
        """Insist that arrived, another Sum, is the same."""
        test.equal(f"{what} count", self.count, arrived.count, "report")
        low = min(self.scale or 0, arrived.scale or 0)
        mine = scaled_down(self.buckets, (self.scale or 0) - low)
        theirs = scaled_down(arrived.buckets, (arrived.scale or 0) - low)
        if mine != theirs or self.zero != arrived.zero:
            raise Failure(f"{what}: buckets differ: report {mine}, zero "
                          f"{self.zero}; arrived {theirs}, zero "
                          f"{arrived.zero}")
        if abs(self.sum - arrived.sum) > 1e-6 * self.sum + 1e-9:
            raise Failure(f"{what}: sum {self.sum} in the report, "
                          f"{arrived.sum} arrived")
        for name in ("min", "max"):
            a, b = getattr(self, name), getattr(arrived, name)
            if b is not None and abs(a - b) > 1e-9:
                raise Failure(f"{what}: {name} {a} in the report, {b} arrived")
        test.fact(f"{what}: {len(mine)} buckets at scale {low} are equal")


def compare_durations(test, report, arrived, metric, **keys):
    """All series of the report with these keys against all points of metric,
    as they are at the end."""
    told, got = Sum(), Sum()
    for series in report.series(**keys):
        told.add_report(series["duration"])
    points = arrived.of(metric)
    if not any(p.temporality == 1 for p in points):
        points = arrived.latest(metric)
    for point in points:
        got.add_point(point)
    test.check(f"nothing of {metric} has arrived", got.count)
    told.compare(test, metric, got)
    return got


def compare_quantile(test, report, q, theirs, width, **keys):
    """A receiver's quantile lies in our bucket, or as far from it as one of
    the receiver's own (a factor of width) is wide."""
    told = Sum()
    for series in report.series(**keys):
        told.add_report(series["duration"])
    low, high = told.quantile(q)
    text = (f"p{q * 100:g}: {theirs * 1e3:.4f} ms, in the report "
            f"{low * 1e3:.4f} to {high * 1e3:.4f}")
    test.check(f"{text}: more than a factor of {width:.3f} apart",
               low / width <= theirs <= high * width)
    test.fact(text)
