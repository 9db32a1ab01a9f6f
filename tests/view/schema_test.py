#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""docs/report.schema.json against the JSON reports in tests/data/view, which
test_json.c holds to be, byte for byte, what the program writes.

A schema that lets everything through would pass that too, so reports with one
thing wrong must fail; and docs/json.md must name every key.
"""

import copy
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import schema  # noqa: E402  pylint: disable=wrong-import-position
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
    if len(reports) < 5:
        failures.append(f"only {len(reports)} reports in tests/data/view")
    tried = 0
    for what, wrong in wrong_reports(reports["web.json"]):
        tried += 1
        try:
            schema.check(rules, wrong)
            failures.append(f"the schema accepts a report with {what}")
        except Failure:
            pass
    for key in sorted(set(keys_of(rules)) - documented):
        failures.append(f"docs/json.md does not name {key}")
    for failure in failures:
        print(f"FAIL {failure}")
    if not failures:
        print(f"ok   schema: {len(reports)} reports match, {tried} wrong ones "
              "refused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
