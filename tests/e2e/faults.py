# SPDX-License-Identifier: GPL-2.0-only
"""A collector that fails as it is told to (tests/peers/otlp_faults.js).

Fed with modes, yields what it took, and what it only said that it took.
"""

import json
import os
import subprocess
import urllib.request

from harness import NODE_PEERS, Skip, need
from receivers import CACHE, Arrived


class Faults:
    """Endpoints by name: http, grpc, rawGrpc, tcp."""

    def __init__(self, test):
        need("node")
        protos = os.path.join(CACHE, "proto")
        if not os.path.isdir(protos):
            raise Skip("the .proto files are not there: "
                       "scripts/receivers/fetch.sh proto")
        if not os.path.isdir(os.path.join(NODE_PEERS, "node_modules",
                                          "@grpc")):
            raise Skip("npm's @grpc/grpc-js is not installed: make deps")
        self.lines = test.path(f"taken-{len(test.processes)}")
        # It ends with its standard input, or when the case does.
        self.process = test.start(
            ["node", os.path.join(NODE_PEERS, "otlp_faults.js"), protos, "",
             self.lines], name="faults", stdin=subprocess.PIPE)
        self.ports = json.loads(self.process.wait_output("}\n", 20))

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def _control(self, path):
        with urllib.request.urlopen(f"{self.url('control')}/{path}",
                                    timeout=20) as answer:
            return json.load(answer)

    def mode(self, name):
        self._control(f"mode/{name}")

    def totals(self):
        return self._control("totals")

    def _lines(self):
        if not os.path.exists(self.lines):
            return []
        with open(self.lines, encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def arrived(self):
        """What was taken."""
        return Arrived(x["request"] for x in self._lines() if x["taken"])

    def pretended(self):
        """What it said it took, and did not."""
        return Arrived(x["request"] for x in self._lines() if not x["taken"])

    def during(self, fault):
        """What was taken in this mode."""
        return Arrived(x["request"] for x in self._lines()
                       if x["taken"] and x["fault"] == fault)
