#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Requests to a collector that fails in every way it can.

Starts tests/peers/otlp_faults.js, sends to it with otlp_send (the client as
reqtrace uses it; the variable OTLP_SEND says where it is) and compares what
comes of it with what should, and what the collector counted with what was
sent. Prints a line a case, and at the end
"export: N passed, N failed, N skipped".
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
PEERS = os.path.join(ROOT, "tests", "peers")
PROTOS = os.path.join(os.environ.get("REQTRACE_RECEIVER_CACHE") or
                      os.path.join(ROOT, "build", "receivers"), "proto")
# What an answer of 5 GB may add to the memory in use.
MORE_KB = 8 << 10

CERTIFICATES = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=test-ca -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj /CN=127.0.0.1 -keyout server.key -out server.csr
printf 'subjectAltName=IP:127.0.0.1\n' > server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
    -days 2 -extfile server.ext -out server.pem
"""


class Skip(Exception):
    """The test cannot be run here."""


def field(number, content):
    """A protobuf field: a length and bytes, or a number."""
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + \
            varint(n >> 7)
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def protobuf(points):
    """A metrics request: one counter, with a point of value 2 a series."""
    data = b"".join(
        field(1, field(7, field(1, b"series") + field(2, field(3, i))) +
              varint_key(6, 1) + (2).to_bytes(8, "little"))
        for i in range(points))
    metric = field(1, b"test.requests") + \
        field(7, data + field(2, 2) + field(3, 1))
    return field(1, field(2, field(2, metric)))


def varint_key(number, wire):
    return bytes([number << 3 | wire])


def as_json(points):
    data = [{"asInt": "2", "attributes": [
        {"key": "series", "value": {"intValue": str(i)}}]}
        for i in range(points)]
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "test.requests", "sum": {
            "dataPoints": data, "aggregationTemporality": 2,
            "isMonotonic": True}}]}]}]}).encode()


class Server:
    """The collector of otlp_faults.js."""

    def __init__(self, work):
        if not os.path.isdir(PROTOS):
            fetched = subprocess.run(
                [os.path.join(ROOT, "scripts", "receivers", "fetch.sh"),
                 "proto"], capture_output=True, text=True, check=False)
            if fetched.returncode:
                raise Skip(fetched.stderr.strip())
        if not shutil.which("node"):
            raise Skip("node is not installed")
        if not os.path.isdir(os.path.join(PEERS, "node_modules", "@grpc")):
            raise Skip("npm's @grpc/grpc-js is not installed: make deps")
        self.process = subprocess.Popen(
            ["node", os.path.join(PEERS, "otlp_faults.js"),
             PROTOS, work],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.ports = json.loads(line) if line else {}

    def control(self, path):
        url = f"http://127.0.0.1:{self.ports['control']}/{path}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


class Test:
    """What the cases share, and their count."""

    def __init__(self, work, server):
        self.work, self.server = work, server
        self.passed = self.failed = 0

    def send(self, port, protocol="http/protobuf", mode="ok", points=3,
             times=1, stop_ms=None, scheme="http", body=None, **env):
        """Lines of otlp_send, and what the collector counted since."""
        before = self.server.control(f"mode/{mode}")
        path = os.path.join(self.work, "body")
        if body is None:
            body = (as_json if protocol == "http/json" else protobuf)(points)
        with open(path, "wb") as out:
            out.write(body)
        variables = {
            "PATH": os.environ["PATH"],
            "OTEL_EXPORTER_OTLP_ENDPOINT":
                f"{scheme}://127.0.0.1:{self.server.ports[port]}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "5000",
            **{f"OTEL_EXPORTER_OTLP_{k}": v for k, v in env.items()}}
        words = [os.environ["OTLP_SEND"], path, str(times)]
        if stop_ms is not None:
            words.append(str(stop_ms))
        done = subprocess.run(words, env=variables, capture_output=True,
                              text=True, timeout=120, check=False)
        if done.returncode:
            raise AssertionError(f"otlp_send: {done.stderr}")
        after = self.server.control("totals")
        delta = {k: after[k] - before[k]
                 for k in ("requests", "taken", "points", "undecoded",
                           "bytes", "connections")}
        delta["headers"] = after["headers"]
        return [json.loads(line) for line in done.stdout.splitlines()], delta

    def case(self, name, check):
        try:
            check()
        except (AssertionError, KeyError, OSError,
                subprocess.TimeoutExpired) as err:
            self.failed += 1
            print(f"FAIL {name}: {err}")
        else:
            self.passed += 1
            print(f"ok {name}")
        sys.stdout.flush()

    def expect(self, port, protocol, mode, outcome, says="", retry=(0, 0),
               rejected=0, taken=0, **more):
        """One request has this outcome, and a reply that says so."""
        def check():
            lines, delta = self.send(port, protocol, mode, **more)
            got = lines[0]
            assert got["outcome"] == outcome, got
            assert says in got["error"] if says else not got["error"], got
            assert "secret" not in got["error"], got
            assert retry[0] <= got["retry_after"] <= retry[1], got
            assert got["rejected"] == rejected, got
            assert delta["taken"] == taken, delta
            assert delta["undecoded"] == 0, delta
        self.case(f"{protocol} {mode}: {outcome}", check)


def http_cases(t):
    for protocol in ("http/protobuf", "http/json"):
        t.expect("http", protocol, "ok", "taken", taken=1)
        t.expect("http", protocol, "partial", "taken", taken=1, rejected=3,
                 says="rejected 3 of them: three are too old")
        t.expect("http", protocol, "empty-partial", "taken", taken=1)
        t.expect("http", protocol, "warning", "taken", taken=1,
                 says="warns: use the other port")
    p = "http/protobuf"
    t.expect("http", p, "429", "retry", says="status 429")
    t.expect("http", p, "502", "retry", says="status 502")
    t.expect("http", p, "503-seconds", "retry", says="503", retry=(7, 7))
    t.expect("http", p, "503-date", "retry", says="503", retry=(5, 9))
    t.expect("http", p, "504", "retry", says="status 504")
    t.expect("http", p, "400", "refused", says="400: a field is missing")
    t.expect("http", p, "too-large", "too large", says="413", points=1000)
    t.expect("http", p, "too-large", "taken", points=3, taken=1)
    t.expect("http", p, "hang", "retry", says="timed out", TIMEOUT="300")
    t.expect("http", p, "disconnect", "retry", says="127.0.0.1")
    t.expect("http", p, "garbage", "retry", says="127.0.0.1")
    t.expect("http", p, "garbage-body", "taken", says="not understood")
    t.expect("http", p, "redirect", "refused",
             says="redirect to http://127.0.0.1:1/x, which is not followed")
    t.expect("tcp", p, "garbage", "retry", says="127.0.0.1")
    t.expect("tcp", p, "silence", "retry", says="time", scheme="https",
             TIMEOUT="300")


def grpc_cases(t):
    g = "grpc"
    t.expect("grpc", g, "ok", "taken", taken=1)
    t.expect("grpc", g, "partial", "taken", taken=1, rejected=3,
             says="rejected 3 of them: three are too old")
    t.expect("grpc", g, "empty-partial", "taken", taken=1)
    t.expect("grpc", g, "warning", "taken", taken=1, says="use the other")
    t.expect("grpc", g, "unavailable", "retry",
             says="UNAVAILABLE: down for repair")
    t.expect("grpc", g, "trailers-only", "retry", says="never more")
    t.expect("grpc", g, "aborted", "retry", says="ABORTED")
    t.expect("grpc", g, "invalid", "refused", says="INVALID_ARGUMENT: a field")
    t.expect("grpc", g, "exhausted", "refused", says="RESOURCE_EXHAUSTED")
    t.expect("grpc", g, "exhausted-size", "too large", says="larger than max")
    t.expect("grpc", g, "exhausted-retry", "retry", retry=(11, 11),
             says="RESOURCE_EXHAUSTED: quota")
    # Its own limit: 4 MiB.
    t.expect("grpc", g, "ok", "too large", points=200000, says="larger than")
    t.expect("grpc", g, "hang", "retry", says="127.0.0.1", TIMEOUT="300")
    t.expect("rawGrpc", g, "disconnect", "retry", says="127.0.0.1")
    t.expect("rawGrpc", g, "reset", "retry", says="127.0.0.1")
    t.expect("rawGrpc", g, "garbage", "refused", says="without a gRPC status")
    t.expect("rawGrpc", g, "garbage-message", "taken", says="not understood")
    t.expect("rawGrpc", g, "redirect", "refused", says="redirect to")
    t.expect("rawGrpc", g, "503", "retry", says="status 503")
    t.expect("rawGrpc", g, "413", "too large", says="status 413")
    t.expect("tcp", g, "garbage", "retry", says="127.0.0.1")
    t.expect("tcp", g, "silence", "retry", says="time", scheme="https",
             TIMEOUT="300")


def endless_cases(t):
    """An answer of 5 GB ends the transfer, and takes no memory."""
    def check(port, protocol, mode, outcome):
        usual = t.send(port if port != "rawGrpc" else "grpc", protocol,
                       points=3)[0][0]
        began = time.monotonic()
        got = t.send(port, protocol, mode, times=3, TIMEOUT="30000")[0]
        for line in got:
            assert line["outcome"] == outcome, line
        assert time.monotonic() - began < 20, "it was read to the end"
        more = got[-1]["rss_kb"] - usual["rss_kb"]
        assert more < MORE_KB, f"{more} kB more memory"
    for port, protocol, mode, outcome in (
            ("http", "http/protobuf", "5gb", "taken"),
            ("http", "http/json", "5gb-503", "retry"),
            ("http", "http/protobuf", "5gb-header", "retry"),
            ("rawGrpc", "grpc", "5gb", "refused")):
        t.case(f"{protocol} {mode}: {outcome}, in little memory",
               lambda a=(port, protocol, mode, outcome): check(*a))


def other_cases(t):
    def one_after_another(port, protocol, **env):
        lines, delta = t.send(port, protocol, times=5, **env)
        assert [x["outcome"] for x in lines] == ["taken"] * 5, lines
        assert delta["taken"] == 5 and delta["points"] == 15, delta
        # gRPC is not counted, and not kept by every libcurl.
        assert delta["connections"] == (0 if protocol == "grpc" else 1), delta

    def compressed(port, protocol):
        lines, delta = t.send(port, protocol, points=500, COMPRESSION="gzip")
        assert lines[0]["outcome"] == "taken", lines
        assert delta["points"] == 500, delta
        assert lines[0]["sent_bytes"] < len(protobuf(500)) / 2, lines

    def headers(port, protocol):
        _, delta = t.send(port, protocol,
                          HEADERS="X-Token=a%20b%2Cc,x-empty=")
        assert delta["taken"] == 1, delta
        assert delta["headers"]["x-token"] == "a b,c", delta
        assert delta["headers"]["x-empty"] == "", delta
        assert delta["headers"]["user-agent"].startswith("reqtrace/"), delta

    def stopped(port, protocol, scheme):
        lines, _ = t.send(port, protocol, mode="hang", times=2, stop_ms=200,
                          scheme=scheme, TIMEOUT="0")
        assert [x["outcome"] for x in lines] == ["stopped"] * 2, lines
        assert 0.1 < lines[0]["seconds"] < 3, lines

    def refused_connection():
        t.server.ports["nobody"] = 1
        lines, _ = t.send("nobody")
        assert lines[0]["outcome"] == "retry", lines
        assert "connect" in lines[0]["error"], lines

    for port, protocol in (("http", "http/protobuf"), ("http", "http/json"),
                           ("grpc", "grpc")):
        for check in (one_after_another, compressed, headers):
            t.case(f"{protocol} {check.__name__}",
                   lambda a=(port, protocol), c=check: c(*a))
    for port, protocol in (("https", "http/protobuf"), ("grpcs", "grpc")):
        t.case(f"{protocol} one_after_another with TLS",
               lambda a=(port, protocol): one_after_another(
                   *a, scheme="https",
                   CERTIFICATE=os.path.join(t.work, "ca.pem")))
    t.case("http stopped", lambda: stopped("http", "http/protobuf", "http"))
    t.case("grpc stopped", lambda: stopped("grpc", "grpc", "http"))
    t.case("stopped in a handshake",
           lambda: stopped("tcp", "http/protobuf", "https"))
    t.case("refused_connection", refused_connection)


def tls_cases(t):
    ca = os.path.join(t.work, "ca.pem")
    other = os.path.join(t.work, "server.pem")
    for port, protocol in (("https", "http/protobuf"), ("grpcs", "grpc")):
        t.expect(port, protocol, "ok", "taken", taken=1, scheme="https",
                 CERTIFICATE=ca)
        t.expect(port, protocol, "ok", "retry",
                 says="--otlp-ca names the certificates",
                 scheme="https")
        t.expect(port, protocol, "ok", "retry", says="127.0.0.1",
                 scheme="http", TIMEOUT="2000")
    t.expect("https", "http/protobuf", "ok", "taken", taken=1, scheme="https",
             CERTIFICATE=ca, CLIENT_CERTIFICATE=other,
             CLIENT_KEY=os.path.join(t.work, "server.key"))

    def missing_file():
        try:
            t.send("https", scheme="https", CERTIFICATE="/no/such/file")
        except AssertionError as err:
            assert "cannot read the CA certificates /no/such/file" in \
                str(err), err
        else:
            raise AssertionError("a missing file was not noticed")
    t.case("missing_file", missing_file)


def totals_agree(t):
    """Every point that was taken is in the collector once."""
    def check():
        got = t.server.control("totals")["metrics"]["test.requests"]
        assert got == {"series": 500, "count": 1000, "sum": 1000}, got
    t.case("totals agree", check)


def make_certificates(work):
    subprocess.run(["bash", "-ec", CERTIFICATES], cwd=work, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    with tempfile.TemporaryDirectory() as work:
        make_certificates(work)
        try:
            server = Server(work)
        except Skip as why:
            # In CI there is everything.
            verdict = "FAIL" if os.environ.get("CI") == "true" else "SKIP"
            print(f"{verdict} all: {why}")
            print("export: 0 passed, 1 failed, 0 skipped"
                  if verdict == "FAIL" else
                  "export: 0 passed, 0 failed, 1 skipped")
            return verdict == "FAIL"
        t = Test(work, server)
        try:
            for cases in (http_cases, grpc_cases, endless_cases, other_cases,
                          tls_cases, totals_agree):
                cases(t)
        finally:
            server.stop()
    print(f"export: {t.passed} passed, {t.failed} failed, 0 skipped")
    return t.failed > 0


if __name__ == "__main__":
    sys.exit(main())
