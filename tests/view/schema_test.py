#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""docs/report.schema.json against the JSON reports in tests/data/view, which
test_json.c holds to be, byte for byte, what the program writes.

A schema that lets everything through would pass that too, so reports with one
thing wrong must fail; and docs/json.md must name every key. Likewise for what
the end-to-end tests hold every report to (Report in tests/e2e/tracer.py): that
it adds up.
"""

import copy
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import schema  # noqa: E402  pylint: disable=wrong-import-position
import tracer  # noqa: E402  pylint: disable=wrong-import-position
from harness import Failure  # noqa: E402  pylint: disable=wrong-import-position

REPORTS = os.path.join(ROOT, "tests", "data", "view")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def change(report, path, value):
    """A copy of report with the thing at path replaced, or removed (...)."""
    wrong = copy.deepcopy(report)
    at = wrong
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return wrong


def wrong_reports(report):
    for key in report:
        yield f"without {key}", change(report, [key], ...)
    yield "another schema", change(report, ["schema"], "reqtrace.report/2")
    yield "an unknown key", change(report, ["extra"], 1)
    first = report["series"][0]
    for key in first:
        yield f"series without {key}", change(report, ["series", 0, key], ...)
    for key in first["duration"]:
        yield (f"histogram without {key}",
               change(report, ["series", 0, "duration", key], ...))
    for path, value in (
            (["series", 0, "role"], "servant"),
            (["series", 0, "starts_at"], "never"),
            (["series", 0, "port"], 65536),
            (["series", 0, "operations"], -1),
            (["series", 0, "operations"], 1.5),
            (["series", 0, "duration", "p50"], "12 ms"),
            (["series", 0, "duration", "buckets"], [1, -1]),
            (["series", 0, "parts", "receive_queue"], 0),
            (["series", 0, "errors_by", "status"], None),
            (["series", 0, "parts", "handoff"], ...),
            (["series", 0, "breakdown"], 0),
            (["series", 0, "calls"], None),
            (["series", 0, "tcp", "rtt"], 0.01),
            (["series", 0, "tcp", "retransmits"], None),
            (["series", 0, "diagnosis"], ["slow"]),
            (["connections", 0, "accept_queue"], 0),
            (["connections", 0, "backlog"], 128),
            (["coverage", "unattributed_share"], 1.5),
            (["coverage", "verify"], True),
            (["coverage", "lost"], "none"),
            (["cost", "bpf_seconds"], "unknown"),
            (["processes", 0, "exited"], 0)):
        yield f"{path} = {value!r}", change(report, path, value)


def wrong_parts(report):
    """Things wrong where time went, each as one change."""
    for key in report["threads"][0]:
        yield f"threads without {key}", ["threads", 0, key], ...
    for key in report["slowest"][0]:
        yield f"slowest without {key}", ["slowest", 0, key], ...
    series = report["series"][0]
    for key in series["breakdown"]:
        yield f"no {key}", ["series", 0, "breakdown", key], ...
    for key in series["calls"][0]:
        yield f"calls without {key}", ["series", 0, "calls", 0, key], ...
    for path, value in (
            (["series", 0, "breakdown", "slowest", "share"], 2),
            (["series", 0, "breakdown", "p50", "parts", "cpu"], None),
            (["series", 0, "calls", 0, "own"], 0),
            (["slowest", 0, "parts"], {"coffee": 1}),
            (["threads", 0, "seconds", "cpu"], -1),
            (["connections", 0, "backlog", "limit"], None),
            (["coverage", "verify", "violations"], None)):
        yield f"{path} = {value!r}", path, value


def wrong_sums(report):
    """Changes that leave the form alone, but do not add up."""
    series = report["series"][0]
    for path, value in (
            (["series", 0, "parts", "cpu", "sum"],
             series["parts"]["cpu"]["sum"] * 1.001),
            (["series", 0, "parts", "disk"], series["parts"]["cpu"]),
            (["series", 0, "parts", "handoff", "count"], 1),
            (["series", 0, "breakdown", "mean", "duration"], 1),
            (["series", 0, "breakdown", "p50", "parts", "cpu"],
             series["breakdown"]["p50"]["parts"]["cpu"] + 1e-9),
            (["series", 0, "breakdown", "p50", "count"],
             series["operations"] + 1),
            (["series", 0, "breakdown", "slowest"],
             dict(series["breakdown"]["mean"], share=0.01,
                  duration=0, parts={p: 0 for p in series["parts"]})),
            (["slowest", 0, "parts", "cpu"], 0),
            (["slowest"], report["slowest"][::-1]),
            (["coverage", "in_flight"], 1),
            (["coverage", "verify", "violations"], 1)):
        yield f"{path} = {str(value)[:60]}", change(report, path, value)


def refused(check, report):
    try:
        check(report)
        return False
    except Failure:
        return True


def keys_of(node):
    for key, value in node.get("properties", {}).items():
        yield key
        yield from keys_of(value)
    if "items" in node:
        yield from keys_of(node["items"])
    for value in node.get("$defs", {}).values():
        yield from keys_of(value)


def main():
    rules = json.loads(read("docs", "report.schema.json"))
    documented = set(re.findall(r"`([a-z0-9_]+)`", read("docs", "json.md")))
    failures = []
    reports = {}

    for name in sorted(os.listdir(REPORTS)):
        if not name.endswith(".json"):
            continue
        reports[name] = json.loads(read("tests", "data", "view", name))
        try:
            schema.check(rules, reports[name])
        except Failure as e:
            failures.append(f"{name}: {e}")
    if len(reports) < 6:
        failures.append(f"only {len(reports)} reports in tests/data/view")
    parts = reports["parts.json"]
    wrongs = [*wrong_reports(reports["web.json"]),
              *((what, change(parts, path, value))
                for what, path, value in wrong_parts(parts))]
    for what, wrong in wrongs:
        if not refused(lambda r: schema.check(rules, r), wrong):
            failures.append(f"the schema accepts a report with {what}")
    try:
        tracer.Report(parts)
    except Failure as e:
        failures.append(f"parts.json: {e}")
    sums = list(wrong_sums(parts))
    for what, wrong in sums:
        if refused(lambda r: schema.check(rules, r), wrong):
            failures.append(f"wrong in its form, not in its sums: {what}")
        elif not refused(tracer.Report, wrong):
            failures.append(f"the end-to-end tests accept {what}")
    for key in sorted(set(keys_of(rules)) - documented):
        failures.append(f"docs/json.md does not name {key}")
    for failure in failures:
        print(f"FAIL {failure}")
    if not failures:
        print(f"ok   schema: {len(reports)} reports match, {len(wrongs)} wrong ones "
              f"refused; so are {len(sums)} that do not add up")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
