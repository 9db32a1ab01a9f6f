#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whether reqtrace loads and counts on arm64, with one engine: arm64.py ENGINE

Prints what guest.py prints. The end-to-end cases need Debian's programs for
arm64; this is one service, one client, and a report that must be right.
"""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from guest import ATTACHED, print_verifier  # noqa: E402
from harness import Failure  # noqa: E402
from tracer import Report  # noqa: E402

COUNT = 200


def judge(said, path):
    """Facts, or Failure."""
    if not os.path.exists(path) or not os.path.getsize(path):
        raise Failure("no report: " + said.strip()[-600:])
    if "status 0" not in said.splitlines():
        raise Failure("reqtrace did not end well")
    report = Report.load(path).complete()
    series = report.one(role="server")
    if (series["exchanges"] != COUNT or series["errors"]
            or series["operation"] != "GET /items/{id}"):
        raise Failure(f"of {COUNT} GET /items/{{id}}: {report.brief()}")
    return f"exchanges: client {COUNT} = reqtrace {series['exchanges']}"


def main():
    engine = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "report.json")
        said = subprocess.run(
            [os.path.join(ROOT, "scripts", "kernels", "arm64.sh"), engine,
             str(COUNT), path], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace", check=False).stdout
        for line in said.splitlines():
            if line.startswith("kernel "):
                print(line)
        attached = ATTACHED.search(said)
        if attached:
            print(f"engine {attached.group(1)}")
        print_verifier(said)
        try:
            print("ok   counts:", judge(said, path))
        except Failure as e:
            print("FAIL counts:", str(e).replace("\n", " / "))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
