# SPDX-License-Identifier: GPL-2.0-only
"""A Prometheus of our own for the time of a test: temporary configuration and
storage, a free port, ended by its process id.

    with Prometheus([("127.0.0.1:9464")], native=True) as p:
        p.wait_scraped()
        p.query('sum(rate(http_server_request_duration_seconds_count[1m]))')
"""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request


def missing():
    """Why there can be none; None if it can."""
    if not shutil.which("prometheus"):
        return "prometheus is not installed"
    return None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Prometheus:
    def __init__(self, targets, native=False, interval="1s"):
        self.targets, self.native, self.interval = targets, native, interval
        self.process = self.dir = None

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="reqtrace-prometheus-")
        self.port = free_port()
        config = os.path.join(self.dir.name, "prometheus.yml")
        with open(config, "w") as f:
            # Our job and instance labels are those of the services.
            f.write(f"global: {{scrape_interval: {self.interval}}}\n"
                    "scrape_configs:\n"
                    "- job_name: reqtrace\n"
                    "  honor_labels: true\n"
                    "  static_configs:\n"
                    f"  - targets: {json.dumps(self.targets)}\n")
        arguments = ["prometheus", f"--config.file={config}",
                     f"--storage.tsdb.path={self.dir.name}/data",
                     f"--web.listen-address=127.0.0.1:{self.port}",
                     "--log.level=warn"]
        features = ["exemplar-storage"]
        if self.native:
            features.append("native-histograms")
        arguments.append("--enable-feature=" + ",".join(features))
        self.log_path = os.path.join(self.dir.name, "log")
        try:
            with open(self.log_path, "wb") as log:
                self.process = subprocess.Popen(
                    arguments, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log)
            self.wait(self.is_ready, "Prometheus is ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.dir.cleanup()

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def get(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}{path}"
        if parameters:
            url += "?" + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read()

    def api(self, path, **parameters):
        answer = json.loads(self.get("/api/v1/" + path, **parameters))
        assert answer["status"] == "success", answer
        return answer["data"]

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("Prometheus ended:\n" + self.log())
        try:
            return self.get("/-/ready") is not None
        except (urllib.error.URLError, OSError):
            return False

    def wait(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what}\n" +
                                     self.log())
            time.sleep(0.2)

    def wait_scraped(self):
        """All targets answered well; what is wrong with one is raised."""
        def scraped():
            active = self.api("targets", state="active")["activeTargets"]
            for target in active:
                if target["lastError"]:
                    raise AssertionError("scrape: " + target["lastError"])
            return active and all(t["health"] == "up" for t in active)
        self.wait(scraped, "a scrape")

    def query(self, expression):
        """[(labels, value)]: a value is a float, or what a histogram is."""
        return [(r["metric"], float(r["value"][1]) if "value" in r
                 else r["histogram"][1])
                for r in self.api("query", query=expression)["result"]]

    def one(self, expression):
        found = self.query(expression)
        assert len(found) == 1, f"{expression}: {found}"
        return found[0][1]
