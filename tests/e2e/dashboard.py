# SPDX-License-Identifier: GPL-2.0-only
"""deploy/grafana/reqtrace.json as queries, and metrics to ask: made up of what
docs/metrics.md lists, each with every label, growing from scrape to scrape."""

import http.server
import importlib.util
import json
import math
import os
import threading

from harness import ROOT

BOARD = os.path.join(ROOT, "deploy", "grafana", "reqtrace.json")
VARIABLES = {"$__rate_interval": "10s", "$job": ".*", "$instance": ".*",
             "$reqtrace": ".*"}
BOUNDS = ("0.001", "0.01", "0.1", "+Inf")


def queries():
    """[(row, panel, query)], what Grafana puts in being put in."""
    with open(BOARD, encoding="utf-8") as f:
        panels = json.load(f)["panels"]
    row = ""
    for panel in panels:
        if panel["type"] == "row":
            row = panel["title"]
        for target in panel.get("targets", []):
            query = target["expr"]
            for name, value in VARIABLES.items():
                query = query.replace(name, value)
            yield row, panel["title"], query


def documented():
    """What scripts/check-dashboard.py knows of docs/metrics.md."""
    spec = importlib.util.spec_from_file_location(
        "check_dashboard", os.path.join(ROOT, "scripts",
                                        "check-dashboard.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    here = os.getcwd()
    os.chdir(ROOT)
    try:
        return module.exported()
    finally:
        os.chdir(here)


class MadeUp:
    """Serves all metrics of two services on two hosts."""

    def __init__(self, test):
        metrics, labels = documented()
        self.metrics = sorted(metrics)
        self.labels = sorted(labels - {"job", "instance", "le"})
        self.round = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = owner.text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.target = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        test.at_close(self.server.shutdown)

    def value(self, label):
        # A panel asks for the part that is the request's own.
        return "own" if label == "reqtrace_cpu_owner" else label

    def text(self):
        self.round += 1
        lines = []
        for job in ("shop", "reqtrace"):
            for instance in (f"{job}-1", f"{job}-2"):
                labels = ",".join([f'job="{job}"', f'instance="{instance}"',
                                   *(f'{name}="{self.value(name)}"'
                                     for name in self.labels)])
                lines += [line for name in self.metrics
                          for line in self.samples(name, labels)]
        return "\n".join(lines) + "\n"

    def samples(self, name, labels):
        if name.endswith("_bucket"):
            return [f'{name}{{{labels},le="{le}"}} {self.round * (i + 1)}'
                    for i, le in enumerate(BOUNDS)]
        is_histogram = f"{name}_bucket" in self.metrics
        return [] if is_histogram else [f"{name}{{{labels}}} {self.round}"]


def without_data(prometheus, asked=None):
    """Those of queries() that have no answer but "not a number"."""
    return [f"{row}: {panel}: {query}"
            for row, panel, query in asked or queries()
            if all(math.isnan(value)
                   for _, value in prometheus.query(query))]
