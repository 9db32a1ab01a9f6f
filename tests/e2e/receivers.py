# SPDX-License-Identifier: GPL-2.0-only
"""Real receivers of what reqtrace exports, and what has arrived in them.

Fed with a case, yields endpoints to send to and Arrived: data points by
metric, as the receiver tells them. scripts/receivers/fetch.sh gets them.
"""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

from harness import ROOT, Failure, Skip, free_port, wait_until

sys.path += [os.path.join(ROOT, "tests", "receivers"),
             os.path.join(ROOT, "tests", "otlp")]
import compare  # noqa: E402
import prometheus  # noqa: E402

CACHE = os.path.abspath(os.environ.get(
    "REQTRACE_RECEIVER_CACHE", os.path.join(ROOT, "build", "receivers")))

DELTA = 1  # AGGREGATION_TEMPORALITY_DELTA

COLLECTOR = """
receivers:
  otlp:
    protocols:
      {protocol}:
        endpoint: 127.0.0.1:{port}
        {tls}
exporters:
  lines:
    path: {lines}
  debug:
    verbosity: detailed
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    metrics:
      receivers: [otlp]
      exporters: [lines, debug]
    traces:
      receivers: [otlp]
      exporters: [lines, debug]
"""


def program(name, receiver):
    path = os.path.join(CACHE, receiver, name)
    if not os.path.exists(path):
        raise Skip(f"{name} is not there: scripts/receivers/fetch.sh "
                   f"{receiver}")
    return path


def attributes(pairs):
    """The values of a list of key-values of OTLP's JSON."""
    def value(v):
        (kind, of), = v.items()
        return int(of) if kind == "intValue" else of
    return {p["key"]: value(p["value"]) for p in pairs}


class Point:
    """A data point with the resource and the metric that it is of."""

    def __init__(self, resource, metric, kind, data, body):
        self.resource, self.metric, self.kind = resource, metric, kind
        self.unit = body.get("unit")
        self.temporality = data.get("aggregationTemporality")
        self.attributes = attributes(body["point"].get("attributes", []))
        point = self.point = body["point"]
        self.time = int(point.get("timeUnixNano", 0))
        self.start = int(point.get("startTimeUnixNano", 0))
        self.ended = bool(point.get("flags", 0) & 1)
        self.count = int(point.get("count", 0))
        self.sum = point.get("sum", 0)
        self.value = (int(point["asInt"]) if "asInt" in point
                      else point.get("asDouble", 0))

    def identity(self):
        return (json.dumps(self.resource, sort_keys=True), self.metric,
                json.dumps(self.attributes, sort_keys=True), self.start)

    def buckets(self):
        """{index: count} of those that are not empty, and the scale."""
        positive = self.point.get("positive", {})
        offset = int(positive.get("offset", 0))
        return ({offset + i: int(n)
                 for i, n in enumerate(positive.get("bucketCounts", []))
                 if int(n)}, int(self.point.get("scale", 0)))


class Arrived:
    """All requests of a signal, in their order, as OTLP's JSON."""

    def __init__(self, requests):
        self.points, self.spans = [], []
        for request in requests:
            for of in request.get("resourceMetrics", []):
                self._add_metrics(of)
            for of in request.get("resourceSpans", []):
                self._add_spans(of)

    def _add_metrics(self, of):
        resource = attributes(of.get("resource", {}).get("attributes", []))
        for scope in of["scopeMetrics"]:
            for metric in scope["metrics"]:
                for kind in ("exponentialHistogram", "histogram", "sum",
                             "gauge"):
                    for point in metric.get(kind, {}).get("dataPoints", []):
                        self.points.append(Point(
                            resource, metric["name"], kind, metric[kind],
                            {"point": point, "unit": metric.get("unit")}))

    def _add_spans(self, of):
        resource = attributes(of.get("resource", {}).get("attributes", []))
        for scope in of["scopeSpans"]:
            for span in scope["spans"]:
                span = dict(span, resource=resource)
                span["values"] = attributes(span.get("attributes", []))
                self.spans.append(span)

    def of(self, metric, keys=None):
        """Points of a metric with these attributes."""
        return [p for p in self.points if p.metric == metric and
                all(p.attributes.get(k) == v
                    for k, v in (keys or {}).items())]

    def latest(self, metric, keys=None):
        """The last point of each series, cumulative, that has not ended."""
        last = {}
        for point in self.of(metric, keys):
            last[point.identity()] = point
        return [p for p in last.values() if not p.ended]

    def total(self, metric, keys=None):
        """Operations that arrived: of cumulative points the last ones, of
        deltas all."""
        points = self.of(metric, keys)
        if any(p.temporality == DELTA for p in points):
            return sum(p.count for p in points)
        last = {}
        for point in points:
            if not point.ended:
                last[point.identity()] = point
        return sum(p.count for p in last.values())


class Collector:
    """The OpenTelemetry Collector: grpc or http, with TLS if files are
    given."""

    def __init__(self, test, protocol="http", tls=None, port=None):
        self.test, self.protocol = test, protocol
        self.port = port or free_port()
        self.lines = test.path(f"arrived-{self.port}")
        self.config = test.path(f"collector-{self.port}.yaml")
        lines = ""
        if tls:
            lines = f"tls: {{cert_file: {tls.cert}, key_file: {tls.key}"
            lines += f", client_ca_file: {tls.ca}}}" if tls.mutual else "}"
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(COLLECTOR.format(protocol=protocol, port=self.port,
                                     tls=lines, lines=self.lines))
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{'localhost' if tls else '127.0.0.1'}:" \
                   f"{self.port}"
        self.process = None
        self.start()

    def start(self):
        self.process = self.test.start(
            [program("otelcol", "collector"), "--config", self.config])
        self.process.wait_output("Everything is ready", stream="stderr",
                                 timeout=30)

    def stop(self):
        self.process.kill()

    def arrived(self):
        if not os.path.exists(self.lines):
            return Arrived([])
        with open(self.lines, encoding="utf-8") as f:
            return Arrived([json.loads(line) for line in f])

    def printed(self):
        """What its debug exporter printed."""
        return self.process.stderr()


# Of the messages that requests hold: fields that are lists.
REPEATED = {"resource_metrics", "scope_metrics", "metrics", "data_points",
            "attributes", "bucket_counts", "explicit_bounds", "exemplars"}


def as_json(message):
    """What protoc has decoded, as OTLP's JSON names and nests it."""
    out = {}
    for name, values in message.items():
        values = [as_json(v) if isinstance(v, dict) else v for v in values]
        key = re.sub("_([a-z])", lambda m: m.group(1).upper(), name)
        out[key] = values if name in REPEATED else values[0]
    return out


class Payloads:
    """Takes every request of metrics as it is, for protoc to decode by the
    official .proto files."""

    def __init__(self, test):
        if not os.path.isdir(compare.PROTO):
            raise Skip("opentelemetry-proto is not there: "
                       "scripts/receivers/fetch.sh proto")
        self.bodies = []
        outer = self

        class Taker(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.bodies.append((self.path, self.headers["Content-Type"],
                                     self.rfile.read(length)))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.at_close(server.shutdown)
        test.at_close(server.server_close)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def arrived(self):
        for path, kind, _ in self.bodies:
            if (path, kind) != ("/v1/metrics", "application/x-protobuf"):
                raise Failure(f"a request to {path} is of type {kind}")
        return Arrived([as_json(compare.decode(compare.PROTO, compare.METRICS,
                                               body))
                        for _, _, body in self.bodies])


class Authority:
    """A CA of the test's own, a certificate for localhost, one for clients."""

    def __init__(self, test, mutual=False):
        self.mutual = mutual
        self.ca, ca_key = test.path("ca.pem"), test.path("ca.key")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                 "/CN=test authority", "-keyout", ca_key, "-out", self.ca)
        self.cert, self.key = self.issue(test, "server", ca_key,
                                         "subjectAltName=DNS:localhost")
        self.client_cert, self.client_key = self.issue(
            test, "client", ca_key, "extendedKeyUsage=clientAuth")

    @staticmethod
    def run(*args):
        done = subprocess.run(["openssl", *args], capture_output=True,
                              text=True, check=False)
        if done.returncode:
            raise Failure(f"openssl {args[0]}: {done.stderr[-300:]}")

    def issue(self, test, name, ca_key, extension):
        cert, key = test.path(f"{name}.pem"), test.path(f"{name}.key")
        request, ext = test.path(f"{name}.csr"), test.path(f"{name}.ext")
        with open(ext, "w", encoding="utf-8") as f:
            f.write(extension + "\n")
        self.run("req", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-subj",
                 f"/CN={name}", "-keyout", key, "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey",
                 ca_key, "-CAcreateserial", "-days", "2", "-extfile", ext,
                 "-out", cert)
        return cert, key


def ask(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)


class Victoria:
    """VictoriaMetrics: takes OTLP, answers PromQL."""

    def __init__(self, test):
        self.port = free_port()
        self.process = test.start(
            [program("victoria-metrics", "victoria"),
             f"-httpListenAddr=127.0.0.1:{self.port}",
             f"-storageDataPath={test.path('victoria')}",
             "-opentelemetry.usePrometheusNaming",
             "-search.latencyOffset=0s", "-memory.allowedBytes=256MB"],
            name="victoria-metrics")
        self.root = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.root}/opentelemetry/v1/metrics"
        wait_until("VictoriaMetrics answers", self.is_up, 30, 0.1)

    def is_up(self):
        try:
            with urllib.request.urlopen(f"{self.root}/health", timeout=2):
                return True
        except OSError:
            return False

    def flush(self):
        """Make what has arrived visible to queries."""
        with urllib.request.urlopen(f"{self.root}/internal/force_flush",
                                    timeout=10):
            pass

    def query(self, text):
        """[(labels, value)] of an instant query."""
        answer = ask(f"{self.root}/api/v1/query?" +
                     urllib.parse.urlencode({"query": text}))
        return [(r["metric"], float(r["value"][1]))
                for r in answer["data"]["result"]]


def scrape(test, target, native=False):
    """Prometheus, which scrapes a target every second until the test ends."""
    why = prometheus.missing()
    if why:
        raise Skip(why)
    started = prometheus.Prometheus([target], native=native)
    test.at_close(started.__enter__().__exit__)
    return started
