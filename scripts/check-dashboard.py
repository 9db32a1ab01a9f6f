#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks deploy/grafana and deploy/prometheus against docs/metrics.md: every
metric and label that a query has is one that reqtrace exports, panels have
ids of their own and do not overlap, and Prometheus can parse every query
(promtool; without it, that is not checked, and said so). Prints one line a
problem; exits with 1 if any.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

DOC = "docs/metrics.md"
# Those that Prometheus has of its own accord (docs/prometheus.md, "Labels").
OWN_LABELS = {"job", "instance", "le", "otel_metric_overflow"}
UNITS = {"s": "_seconds", "By": "_bytes"}
# Grafana puts these in.
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h"}
FUNCTIONS = {"sum", "max", "min", "avg", "by", "without", "on", "ignoring",
             "group_left", "group_right", "rate", "increase", "or", "and",
             "unless", "histogram_quantile", "histogram_count",
             "histogram_sum", "label_values"}
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)"
                      r"\s*\(([^)]*)\)")


def exported():
    """(names of metrics, names of labels) as Prometheus gets them."""
    with open(DOC, encoding="utf-8") as f:
        text = f.read()
    metrics = {"target_info"}
    for name, unit, kind in re.findall(
            r"^\| `([\w.]+)` \| `([^`]+)` \| ([\w-]+) \|", text, re.M):
        name = name.replace(".", "_") + UNITS.get(unit, "")
        if kind == "counter":
            metrics.add(name + "_total")
        elif kind == "histogram":
            metrics |= {name, *(f"{name}_{end}" for end in
                                ("bucket", "count", "sum"))}
        else:
            metrics.add(name)
    labels = {word.replace(".", "_")
              for word in re.findall(r"`([a-z]+(?:[._][a-z0-9_]+)+)`", text)}
    return metrics, labels | OWN_LABELS


def plain(query):
    """Without what Grafana puts in."""
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def words(query):
    """(metrics, labels) that it names."""
    text = re.sub(r'"[^"]*"', '""', query)
    labels = set()

    def matchers(match):
        labels.update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", match[1]))
        return ""

    def grouping(match):
        labels.update(re.findall(r"\w+", match[1]))
        return ""

    values = re.match(r"label_values\((.*),\s*(\w+)\)$", text)
    if values:
        text = values[1]
        labels.add(values[2])
    text = re.sub(r"\{([^}]*)\}", matchers, text)
    text = re.sub(r"\[[^\]]*\]", "", text)
    text = GROUPING.sub(grouping, text)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", text)) - FUNCTIONS, labels


def check_query(where, query, known):
    metrics, labels = words(query)
    if not metrics:
        yield f"{where}: no metric in {query}"
    for name in sorted(metrics - known[0]):
        yield f"{where}: {name} is not in {DOC}"
    for name in sorted(labels - known[1]):
        yield f"{where}: label {name} is not in {DOC}"


def legends(where, target, labels):
    """A legend names labels that its query has left."""
    query = target["expr"]
    for name in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
        kept = set(re.findall(r"\w+", " ".join(
            re.findall(r"by \(([^)]*)\)", query))))
        if name not in labels or name not in kept:
            yield f"{where}: the legend's {name} is in no group of the query"


def overlaps(panels):
    taken = {}
    for panel in panels:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                if (x, y) in taken or x >= 24:
                    yield f"panel {panel['title']!r} has no place of its own"
                    return
                taken[x, y] = panel


def check_dashboard(path, known, queries):
    with open(path, encoding="utf-8") as f:
        board = json.load(f)
    for key in ("title", "uid", "schemaVersion", "panels", "templating"):
        if key not in board:
            yield f"{path}: no {key}"
    ids = [p["id"] for p in board["panels"]]
    if len(ids) != len(set(ids)):
        yield f"{path}: two panels have one id"
    for problem in overlaps(board["panels"]):
        yield f"{path}: {problem}"
    names = {v["name"] for v in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board)))
    for name in sorted(used - names - {"__rate_interval", "__all"}):
        yield f"{path}: there is no variable {name}"
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield from check_query(f"{path}: variable {variable['name']}",
                                   variable["query"]["query"], known)
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            where = f"{path}: {panel['title']}"
            queries.append(plain(target["expr"]))
            yield from check_query(where, queries[-1], known)
            yield from legends(where, target, known[1])


def check_rules(path, known):
    with open(path, encoding="utf-8") as f:
        groups = yaml.safe_load(f)["groups"]
    names = set()
    for group in groups:
        for rule in group["rules"]:
            yield from check_query(f"{path}: {rule['record']}", rule["expr"],
                                   known)
            if rule["record"] in names:
                yield f"{path}: {rule['record']} is there twice"
            names.add(rule["record"])
    if not names:
        yield f"{path}: no rule"


def parses(files, queries):
    """What promtool says of rules, and of all queries as if they were some."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write("groups:\n- name: queries\n  rules:\n")
        for i, query in enumerate(queries):
            f.write(f"  - record: q{i}\n    expr: {json.dumps(query)}\n")
        f.flush()
        for path in [f.name, *files]:
            ran = subprocess.run(["promtool", "check", "rules", path],
                                 capture_output=True, text=True, check=False)
            if ran.returncode:
                yield (ran.stdout + ran.stderr).strip()


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    known = exported()
    problems, queries = [], []
    if len(known[0]) < 50:
        problems.append(f"{DOC}: {len(known[0])} metrics found")
    boards = glob.glob("deploy/grafana/*.json")
    rules = glob.glob("deploy/prometheus/*.yaml")
    if not boards or not rules:
        problems.append("deploy/: no dashboard, or no rules")
    for path in boards:
        problems += check_dashboard(path, known, queries)
    for path in rules:
        problems += check_rules(path, known)
    if shutil.which("promtool"):
        problems += parses(rules, queries)
    else:
        print("check-dashboard: promtool is not installed: queries are not "
              "parsed")
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
