#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Requests of the OpenTelemetry protocol against the official .proto files.

    compare.py [--update] ENCODE

ENCODE (tests/otlp/encode.c) writes requests as protobuf and as JSON. Of each,
protoc decodes the former by the .proto files that scripts/receivers/fetch.sh
finds; what it reads must be the same as tests/otlp/NAME.txt and the same as the
JSON says, whose types are those of the OTLP/JSON mapping. Ends with
"otlp: N passed, N failed, N skipped".
"""
import difflib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROTO = os.path.join(os.environ.get("REQTRACE_RECEIVER_CACHE") or
                     os.path.join(ROOT, "build", "receivers"), "proto")

METRICS = ("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest",
           "opentelemetry/proto/collector/metrics/v1/metrics_service.proto")
TRACES = ("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
          "opentelemetry/proto/collector/trace/v1/trace_service.proto")

CASES = {
    "metrics": (METRICS, ["metrics"]),
    "metrics-explicit": (METRICS, ["metrics", "explicit"]),
    "metrics-delta": (METRICS, ["metrics", "delta"]),
    "metrics-delta-explicit": (METRICS, ["metrics", "delta", "explicit"]),
    "traces": (TRACES, ["traces"]),
}

ENUMS = {
    "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
    "SPAN_KIND_SERVER": 2,
    "SPAN_KIND_CLIENT": 3,
    "STATUS_CODE_ERROR": 2,
}
IDS = {"trace_id": 32, "span_id": 16, "parent_span_id": 16}
WIDE = {"start_time_unix_nano", "end_time_unix_nano", "time_unix_nano", "count",
        "zero_count", "bucket_counts", "as_int", "int_value"}
REAL = {"sum", "min", "max", "as_double", "double_value", "explicit_bounds"}
# A zero of these is not the same as none.
PRESENT = {"sum", "min", "max", "as_int", "as_double", "string_value",
           "bool_value", "int_value", "double_value"}

ESCAPE = re.compile(rb'\\([0-7]{3}|x[0-9a-fA-F]{2}|.)')
NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def unescape(text):
    def one(found):
        code = found.group(1)
        if len(code) == 3:
            return bytes([int(code[1:], 16) if code[:1] == b"x"
                          else int(code, 8)])
        return NAMED.get(code, code)
    return ESCAPE.sub(one, text.encode())


def text_scalar(name, text):
    if text.startswith('"'):
        raw = unescape(text[1:-1])
        return raw.hex() if name in IDS else raw.decode()
    if text in ("true", "false"):
        return text == "true"
    if name in REAL:
        return float(text)
    return ENUMS[text] if text in ENUMS else int(text)


def from_text(lines):
    """A message of protoc's text: {field: [value, ...]}, up to its "}"."""
    message = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith(" {"):
            message.setdefault(line[:-2], []).append(from_text(lines))
        else:
            name, value = line.split(": ", 1)
            message.setdefault(name, []).append(text_scalar(name, value))
    return message


def expect(truth, name, value):
    if not truth:
        raise ValueError(f"JSON: {name} is {value!r}")


def json_scalar(name, value):
    if name in WIDE:
        expect(isinstance(value, str), name, value)
        return int(value)
    if name in IDS:
        expect(re.fullmatch(f"[0-9a-f]{{{IDS[name]}}}", value), name, value)
        return value
    if name in REAL:
        expect(type(value) in (int, float), name, value)
        return float(value)
    expect(type(value) in (int, bool, str), name, value)
    return value


def from_json(value):
    message = {}
    for key, child in value.items():
        name = re.sub("[A-Z]", lambda c: "_" + c.group().lower(), key)
        expect("_" not in key, key, child)
        several = child if isinstance(child, list) else [child]
        out = [from_json(c) if isinstance(c, dict) else json_scalar(name, c)
               for c in several]
        # protoc does not tell a zero from a field that is not there.
        is_default = (not isinstance(child, list) and name not in PRESENT and
                      out[0] in (0, ""))
        if out and not is_default:
            message[name] = out
    return message


def render(message, indent=0):
    """Lines that are short also for many buckets, and without the version."""
    pad = "  " * indent
    for name, values in message.items():
        if isinstance(values[0], dict):
            for value in values:
                yield f"{pad}{name} {{"
                yield from render(value, indent + 1)
                yield f"{pad}}}"
        elif name == "version":
            yield f"{pad}{name}: ..."
        else:
            yield f"{pad}{name}: {runs(values)}"


def runs(values):
    out = []
    for value in values:
        if out and out[-1][0] == value:
            out[-1][1] += 1
        else:
            out.append([value, 1])
    return " ".join(repr(v) if n == 1 else f"{v!r}*{n}" for v, n in out)


def encode(program, arguments):
    return subprocess.run([program, *arguments], check=True, timeout=60,
                          stdout=subprocess.PIPE).stdout


def decode(include, schema, data):
    message, file = schema
    text = subprocess.run(
        ["protoc", f"--proto_path={include}", f"--decode={message}", file],
        input=data, check=True, timeout=60, stdout=subprocess.PIPE).stdout
    return from_text(iter(text.decode().splitlines()))


def difference(a, b, a_name, b_name):
    return "\n".join(difflib.unified_diff(list(a), list(b), a_name, b_name,
                                          lineterm="", n=2))


def check(program, include, name, update):
    """What is wrong with a case; "" if nothing is."""
    schema, arguments = CASES[name]
    binary = decode(include, schema, encode(program, arguments + ["protobuf"]))
    reading = from_json(json.loads(encode(program, arguments + ["json"])))
    if not binary:
        return "the request is empty"
    if binary != reading:
        return "JSON and protobuf differ\n" + difference(
            sorted(render(binary)), sorted(render(reading)), "protobuf", "JSON")
    golden = os.path.join(HERE, name + ".txt")
    lines = list(render(binary))
    if update:
        with open(golden, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
    with open(golden, encoding="utf-8") as text:
        return difference(text.read().splitlines(), lines, golden, "now")


def main():
    update = sys.argv[1] == "--update"
    program = os.path.abspath(sys.argv[-1])
    found = subprocess.run([os.path.join(ROOT, "scripts/receivers/fetch.sh"),
                            "proto"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, timeout=300, check=False)
    passed = failed = 0
    if found.returncode:
        for name in CASES:
            print(f"otlp: {name}: SKIP: {found.stderr.strip()}")
        print(f"otlp: 0 passed, 0 failed, {len(CASES)} skipped")
        return 0
    for name in CASES:
        try:
            why = check(program, PROTO, name, update)
        except (OSError, ValueError, KeyError,
                subprocess.SubprocessError) as err:
            why = f"{type(err).__name__}: {err}"
        if why:
            print(f"otlp: {name}: failed: {why}")
            failed += 1
        else:
            print(f"otlp: {name}: passed")
            passed += 1
    print(f"otlp: {passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
