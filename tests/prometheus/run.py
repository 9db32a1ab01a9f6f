#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What Prometheus gets, read by others than us: run.py METRICS_SERVER

A strict parser of both text formats, promtool, protoc with the official
schema, and a Prometheus that scrapes the server, classic and native. All is
compared with the histograms as they are inside. Ends with "prometheus: N
passed, N failed, N skipped"; with CI=true what is skipped counts as failed.
"""
import json
import math
import os
import shutil
import subprocess
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "receivers"))

import check_exposition  # noqa: E402
import prometheus  # noqa: E402

SERVER = None
PROTO_DIR = "/usr/share/gocode/src/github.com/prometheus/client_model"
PROTO = "io/prometheus/client/metrics.proto"
NAMES = {
    "http.server.request.duration": "http_server_request_duration_seconds",
    "reqtrace.server.request.cpu.duration":
        "reqtrace_server_request_cpu_duration_seconds",
}


class Skip(Exception):
    pass


def dump(what):
    return subprocess.run([SERVER, what], check=True, capture_output=True,
                          timeout=60).stdout


def expected():
    """The histograms that are to be shown, by (name, instance, overflow)."""
    return {(NAMES[h["metric"]], h["resource"], h["overflow"]): h
            for h in json.loads(dump("expected")) if not h["ended"]}


def key_of(name, labels):
    return name, labels["instance"], "otel_metric_overflow" in labels


def up_to(histogram, bound):
    """Values of no more than bound seconds, a boundary of its buckets."""
    count, scale = histogram["zero"], 2 ** histogram["scale"]
    for i, n in enumerate(histogram["buckets"]):
        index = histogram["offset"] + i
        if bound == math.inf or (index + 1) / scale <= math.log2(bound):
            count += n
    return count


def text_format(kind):
    found = check_exposition.Exposition(dump(kind).decode(), kind)
    want, compared = expected(), 0
    for name in NAMES.values():
        for labels, point in found.families[name]["points"].items():
            histogram = want.pop(key_of(name, dict(labels)))
            assert point["count"] == histogram["count"], (labels, point)
            assert math.isclose(point["sum"], histogram["sum"] / 1e9,
                                rel_tol=1e-12), (labels, point)
            for le, count, _ in point["le"]:
                assert count == up_to(histogram, float(le)), (labels, le)
                compared += 1
    assert not want, want
    return f"{compared} buckets equal"


def classic_text():
    return text_format("text")


def openmetrics_text():
    return text_format("openmetrics")


def parser_refuses():
    """The strict parser is worth something: each fault is found."""
    good = dump("openmetrics").decode()
    bucket = 'http_server_request_duration_seconds_bucket{job="db"'
    faults = [
        ("# EOF\n", ""),
        ("# EOF\n", "\n# EOF\n"),
        (' 7\n', ' 7 \n'),
        ("cpu_time_seconds_total{", "cpu_time_seconds{"),
        ('le="+Inf"', 'le="90.0"'),
        ('le="1.0"', 'le="1"'),
        ('le="1.0"', 'le="1.00"'),
        ("_count{", "_sum{"),
        (' # {trace_id="', ' # {trace_id="' + 100 * "0"),
        ("# UNIT reqtrace_exporter_cpu_time_seconds seconds",
         "# UNIT reqtrace_exporter_cpu_time_seconds bytes"),
        (bucket, bucket + ',job="x"'),
        (bucket, bucket + ',x="\\d"'),
        ("# TYPE http_server_active_requests gauge\n", ""),
        ("# HELP reqtrace_exporter", "# HELP target x\n"
         "# HELP reqtrace_exporter"),
        ("_count{job=\"db\",instance=\"db-1\"} ",
         "_count{job=\"db\",instance=\"db-1\"} 9"),
    ]
    for old, new in faults:
        bad = good.replace(old, new, 1)
        assert bad != good, old
        try:
            check_exposition.Exposition(bad, "openmetrics")
        except check_exposition.Malformed:
            continue
        raise AssertionError(f"not found: {old!r} -> {new!r}")
    return f"{len(faults)} faults found"


def promtool():
    if not shutil.which("promtool"):
        raise Skip("promtool is not installed")
    ran = subprocess.run(["promtool", "check", "metrics"], input=dump("text"),
                         capture_output=True, timeout=60)
    output = (ran.stdout + ran.stderr).decode()
    # Status 3 is for style; what the names are is not ours to choose.
    assert ran.returncode in (0, 3), output
    return output.strip().replace("\n", "; ") or "no remark"


def delimited(data):
    at = 0
    while at < len(data):
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        assert at + length <= len(data), "cut off"
        yield data[at:at + length]
        at += length


def parse_decoded(lines):
    """protoc's text: field -> list of values, messages as the same again."""
    message = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith("{"):
            message.setdefault(line[:-2], []).append(parse_decoded(lines))
        else:
            field, value = line.split(": ", 1)
            assert not field.isdigit(), f"not in the schema: {line}"
            message.setdefault(field, []).append(value.strip('"'))
    return message


def decode(data):
    text = subprocess.run(
        ["protoc", f"-I{PROTO_DIR}", "-I/usr/include",
         "--decode=io.prometheus.client.MetricFamily", PROTO],
        input=data, check=True, capture_output=True, timeout=60).stdout
    return parse_decoded(iter(text.decode().splitlines()))


def native_buckets(h):
    """OpenTelemetry's index -> count, of what is not 0."""
    counts, index, deltas, count = {}, 0, iter(h.get("positive_delta", [])), 0
    for span in h.get("positive_span", []):
        index += int(span["offset"][0])
        for _ in range(int(span["length"][0])):
            count += int(next(deltas))
            if count:
                counts[index - 1] = count
            index += 1
    assert next(deltas, None) is None, "more deltas than spans have"
    return counts


def protobuf():
    if not shutil.which("protoc"):
        raise Skip("protoc is not installed")
    if not os.path.exists(os.path.join(PROTO_DIR, PROTO)):
        raise Skip("golang-github-prometheus-client-model-dev is not installed")
    families = [decode(f) for f in delimited(dump("protobuf"))]
    want, compared, exemplars = expected(), 0, 0
    types = {f["name"][0]: f["type"][0] for f in families}
    assert len(types) == len(families) == 5, types
    assert types["reqtrace_exporter_cpu_time_seconds_total"] == "COUNTER"
    assert types["target_info"] == types["http_server_active_requests"] == \
        "GAUGE", types
    for family in families:
        for metric in family["metric"]:
            if family["type"] != ["HISTOGRAM"]:
                continue
            labels = {pair["name"][0]: pair["value"][0]
                      for pair in metric["label"]}
            inner = want.pop(key_of(family["name"][0], labels))
            h = metric["histogram"][0]
            assert int(h["sample_count"][0]) == inner["count"]
            assert math.isclose(float(h["sample_sum"][0]), inner["sum"] / 1e9,
                                rel_tol=1e-12)
            assert int(h["schema"][0]) == inner["scale"]
            assert int(h["zero_count"][0]) == inner["zero"]
            assert float(h["zero_threshold"][0]) > 0
            buckets = {inner["offset"] + i: n
                       for i, n in enumerate(inner["buckets"]) if n}
            assert native_buckets(h) == buckets
            compared += len(buckets)
            for bucket in h["bucket"]:
                bound = float(bucket["upper_bound"][0])
                assert int(bucket["cumulative_count"][0]) == \
                    up_to(inner, bound), bucket
                exemplars += "exemplar" in bucket
    assert not want, want
    assert exemplars == 2, exemplars
    return f"{compared} native buckets equal, {exemplars} exemplars"


class Server:
    def __enter__(self):
        self.port = prometheus.free_port()
        self.process = subprocess.Popen(
            [SERVER, "listen", str(self.port)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.said = self.process.stdout.read().decode().strip()
            self.process.wait(20)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise


def selector(key):
    overflow = 'otel_metric_overflow="true"' if key[2] else \
        'otel_metric_overflow=""'
    return f'{{instance="{key[1]}",{overflow}}}'


def scraped(native):
    why = prometheus.missing()
    if why:
        raise Skip(why)
    worst = 1
    with Server() as server:
        target = [f"127.0.0.1:{server.port}"]
        with prometheus.Prometheus(target, native=native) as p:
            p.wait_scraped()
            for key, h in expected().items():
                worst = max(worst, same_answers(p, key, h, native))
            assert p.one("target_info{job='web/shop',a_b='1;2'}") == 1
            assert p.one("http_server_active_requests") == 7
            assert p.one("reqtrace_exporter_cpu_time_seconds_total") == 1.5
            assert p.query('{__name__=~".+",exported_job!=""}') != []
            exemplars = p.api(
                "query_exemplars", start="1699999000", end="1700001000",
                query=NAMES["http.server.request.duration"] +
                ("" if native else "_bucket"))
            ids = [e["labels"]["trace_id"] for s in exemplars
                   for e in s["exemplars"]]
            assert "ab" + "0" * 28 + "01" in ids, exemplars
            whole_histograms = p.query(
                f'{{__name__="{NAMES["http.server.request.duration"]}"}}')
            assert bool(whole_histograms) == native, whole_histograms
    assert server.process.returncode == 0, server.said
    return f"quantiles within a factor of {worst:.4f}; {server.said}"


def same_answers(p, key, h, native):
    """Count and sum are equal, quantiles within a bucket; the worst factor."""
    name, where = key[0], selector(key)
    if native:
        count = p.one(f"histogram_count({name}{where})")
        total = p.one(f"histogram_sum({name}{where})")
        series, width = name + where, 2 ** (2 ** -h["scale"])
    else:
        count = p.one(f"{name}_count{where}")
        total = p.one(f"{name}_sum{where}")
        # The ladder of parts has a factor of 4.
        series, width = f"{name}_bucket{where}", 4 if "cpu" in name else 2
    assert count == h["count"], (key, count)
    assert math.isclose(total, h["sum"] / 1e9, rel_tol=1e-12), (key, total)
    worst = 1
    # A quantile has no exact value among so few; nor at the far end.
    for q, inside in zip((0.5, 0.9, 0.99), h["quantiles"]):
        if h["count"] < 100 or inside > 64e9:
            continue
        got = p.one(f"histogram_quantile({q}, {series})") * 1e9
        factor = max(got / inside, inside / got)
        assert factor <= width * 1.000001, (key, q, got, inside)
        worst = max(worst, factor)
    return worst


def prometheus_classic():
    return scraped(False)


def prometheus_native():
    return scraped(True)


def cost():
    for line in dump("cost").decode().splitlines():
        print(line)
    return "printed"


TESTS = [classic_text, openmetrics_text, parser_refuses, promtool, protobuf,
         prometheus_classic, prometheus_native, cost]


def main():
    global SERVER
    SERVER = sys.argv[1]
    passed = failed = skipped = 0
    for test in TESTS:
        name = test.__name__.replace("_", "-")
        try:
            print(f"prometheus: {name}: {test()}", flush=True)
            passed += 1
        except Skip as e:
            print(f"prometheus: SKIP {name}: {e}", flush=True)
            if os.environ.get("CI") == "true":
                failed += 1
            else:
                skipped += 1
        except Exception:
            print(f"prometheus: FAIL {name}", flush=True)
            traceback.print_exc()
            failed += 1
    print(f"prometheus: {passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
