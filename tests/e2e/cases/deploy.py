# SPDX-License-Identifier: GPL-2.0-only
"""What is in deploy/: the privileges of the systemd unit and of the DaemonSet
suffice, nothing of the unit's can be taken away, systemd understands it; the
image has the libraries; the agent's Collector passes on what it gets; the
dashboard has something to show."""

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import urllib.request

import dashboard
import engine
import unit_file
from cases.loads import commands
from cases.misuse import refused
from cases.registry import case, case_for
from cases.rights import BITS, mask
from exported import DB_SERVER, Sum
from harness import (REQTRACE, ROOT, Failure, Skip, alive, free_port, need,
                     pause, wait_until)
from receivers import Collector, program, scrape
from services import Nginx, PeerServer, Redis, ab
from tracer import Report, Tracer

NOBODY = 65534
NAME = "told-by-its-environment"
HIGHEST_EXPOSURE = 3.0  # of 10; what needs no rights at all has about 1


AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
             "--clear-groups")


class Others:
    """Services of another user than whoever traces: redis for its books, and,
    as redis overwrites its environment, one that was told its name there."""

    def __init__(self, test):
        need("setpriv")
        os.chmod(test.tmp, 0o777)  # redis's directory, and the report's
        self.redis = Redis(test, prefix=AS_NOBODY)
        self.named = PeerServer(test, prefix=AS_NOBODY, env=dict(
            os.environ, OTEL_SERVICE_NAME=NAME))


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def trace(test, others, prefix):
    """What the tracer has, and the report of a short load."""
    redis = others.redis
    redis.reset_stats()
    redis.quiet()
    tracer = Tracer.of(test, redis.pid, others.named.pid, prefix=prefix)
    held = status(tracer.pid)
    redis.benchmark("-t", "get", "-n", "5000", "-c", "5")
    redis.quiet()
    return held, tracer.stop()


def process_of(report, service):
    [found] = [p for p in report.data["processes"] if p["pid"] == service.pid]
    return found


@case()
def unit_suffices(test):
    """A redis of another user is traced whole with the account, the
    capabilities and the system calls of the unit."""
    others = Others(test)
    held, report = trace(
        test, others, unit_file.prefix() + unit_file.filtered(test))
    test.equal("user", str(unit_file.DYNAMIC_USER), held["Uid"].split()[0],
               "systemd")
    test.equal("bounding set", mask(*unit_file.capabilities()),
               int(held["CapBnd"], 16), "unit")
    test.equal("no new privileges", "1", held["NoNewPrivs"], "unit")
    test.equal("seccomp", "2", held["Seccomp"], "filter")
    saw_all(test, others, report)


def saw_all(test, others, report):
    """Counts, executable and the name that only the environment has."""
    redis = others.redis
    seen = commands(report.complete(), pid=redis.pid, role="server",
                    port=redis.port)
    test.equal("GET", redis.calls()["GET"], seen["GET"], "redis")
    test.equal("exe", os.readlink(f"/proc/{redis.pid}/exe"),
               process_of(report, redis)["exe"], "kernel")
    test.equal("service", NAME, process_of(report, others.named)["service"],
               "environment")


@case_for(sorted(BITS))
def unit_needs(test, name):
    """What the unit grants is needed: without it reqtrace refuses, or does not
    see what the unit's comment says. What it does not grant is not."""
    rest = [c for c in unit_file.capabilities() if c != name]
    if rest == unit_file.capabilities():
        test.fact(f"the unit does not grant {name}")
        return
    if name in ("bpf", "perfmon"):
        refused(test, f"without {name}", 1, ["--all", "-d", "1"],
                (f"needs CAP_{name.upper()}",), prefix=unit_file.prefix(rest))
        return
    others = Others(test)
    process = process_of(trace(test, others, unit_file.prefix(rest))[1],
                         others.named)
    if name == "sys_ptrace":
        test.equal("exe without it", None, process["exe"] or None, "nothing")
    elif name == "dac_read_search":
        test.check(f"it could read the environment without {name}",
                   process["service"] != NAME)
        test.fact(f"without it the service is {process['service']}")
    else:
        test.check(f"nothing shows that the unit must grant {name}", False)


@case(traces=False)
def unit_is_understood(test):
    """systemd finds no fault in the unit, and rates its exposure."""
    need("systemd-analyze")
    unit = test.path("reqtrace.service")
    with open(unit_file.UNIT, encoding="utf-8") as f:
        text = f.read()
    test.check("ExecStart is not /usr/local/bin/reqtrace",
               text.count("ExecStart=/usr/local/bin/reqtrace ") == 1)
    with open(unit, "w", encoding="utf-8") as f:
        f.write(text.replace("/usr/local/bin/reqtrace", REQTRACE)
                .replace("man:reqtrace(8)", "file:/dev/null"))
    verify = test.run(["systemd-analyze", "verify", "--man=no", unit], ok=None)
    said = verify.stderr().strip()
    # What it says of other units of the machine is not about this one.
    said = "\n".join(line for line in said.splitlines() if "reqtrace" in line)
    test.equal("systemd-analyze verify", "", said, "no fault")
    rated = test.run(["systemd-analyze", "security", "--offline=true",
                      "--no-pager", unit], ok=None).stdout()
    found = re.search(r"exposure level for \S+: ([0-9.]+)", rated)
    if not found:
        raise Skip("systemd-analyze rates no files here (systemd before 250)")
    test.check(f"exposure {found[1]} is above {HIGHEST_EXPOSURE}",
               float(found[1]) <= HIGHEST_EXPOSURE)
    test.fact(f"exposure {found[1]} of 10")


def systemd_directories(root):
    """What systemd as the first process would have made; the unit in the place
    of a user's."""
    units, hidden = f"{root}/systemd/user", "/run/systemd/inaccessible"
    for path in ("/run/systemd/system", units, hidden):
        os.makedirs(path, exist_ok=True)
    os.chmod(root, 0o700)
    for name, make in (("dir", os.mkdir), ("fifo", os.mkfifo),
                       ("reg", lambda p: open(p, "x").close()),
                       ("chr", lambda p: os.mknod(p, stat.S_IFCHR)),
                       ("blk", lambda p: os.mknod(p, stat.S_IFBLK))):
        make(f"{hidden}/{name}")
        os.chmod(f"{hidden}/{name}", 0)
    return units


# systemd moves all processes into groups of its own, and it asks for more of
# the machine than a case may change where others work.
@case(timeout=120, guests=True, host=False)
def unit_run_by_systemd(test):
    """systemd runs the unit, with its account and all that it hides and
    limits: a redis of another user is traced whole."""
    if "busybox" not in os.readlink("/proc/1/exe"):
        raise Skip("only in a machine of its own")
    need("/lib/systemd/systemd")
    with open("/proc/kallsyms", encoding="ascii") as f:
        if not any(line.split()[2] == "bpf_task_from_pid" for line in f):
            raise Skip("before Linux 6.2, libbpf looks for a function in the "
                       "types of modules, which takes CAP_SYS_ADMIN")
    redis = Others(test).redis
    root = tempfile.mkdtemp(prefix="unit-", dir="/run")
    out, err = f"{root}/out", f"{root}/err"
    test.at_close(lambda: shutil.rmtree("/run/systemd"))
    units = systemd_directories(root)
    binary = f"{root}.reqtrace"  # /tmp is not the unit's /tmp
    shutil.copy(REQTRACE, binary)
    options = " ".join([*engine.OPTION, "--all", "--port", str(redis.port),
                        "--json", "-"])
    with open(unit_file.UNIT, encoding="utf-8") as f:
        text = re.sub("(?m)^(Wants|After|Restart)=.*\n", "", f.read())
    text = re.sub("(?m)^Environment=.*$",
                  f'Environment="REQTRACE_OPTIONS={options}"\n'
                  f"StandardOutput=file:{out}\nStandardError=file:{err}",
                  text.replace("/usr/local/bin/reqtrace", binary))
    with open(f"{units}/reqtrace.service", "w", encoding="utf-8") as f:
        f.write(text)
    test.start(["/lib/systemd/systemd", "--user", "--unit=reqtrace.service"],
               env=dict(os.environ, XDG_RUNTIME_DIR=root,
                        SYSTEMD_LOG_TARGET="console"))
    wait_until("the unit traces", lambda: os.path.exists(err) and
               "attached" in open(err, encoding="utf-8").read(), 30)
    with open("/sys/fs/cgroup/app.slice/reqtrace.service/cgroup.procs",
              encoding="ascii") as f:
        [pid] = map(int, f)
    held = status(pid)
    test.check(f"it runs as {held['Uid']}",
               61184 <= int(held["Uid"].split()[0]) <= 65519)
    test.equal("capabilities", mask(*unit_file.capabilities()),
               int(held["CapEff"], 16), "unit")
    redis.reset_stats()
    redis.benchmark("-t", "get", "-n", "500", "-c", "5")
    redis.quiet()
    os.kill(pid, signal.SIGTERM)
    wait_until("the unit has ended", lambda: not alive(pid), 20)
    report = Report.load(out)
    seen = commands(report, pid=redis.pid, role="server", port=redis.port)
    test.equal("GET", redis.calls()["GET"], seen["GET"], "redis")


@case()
def container_suffices(test):
    """The account and the capabilities of the DaemonSet do as well."""
    [daemon_set] = [o for o in documents("kubernetes/daemonset.yaml")
                    if o["kind"] == "DaemonSet"]
    [container] = daemon_set["spec"]["template"]["spec"]["containers"]
    context = container["securityContext"]
    names = [c.lower() for c in context["capabilities"]["add"]]
    others = Others(test)
    held, report = trace(test, others, unit_file.prefix(
        names, uid=context["runAsUser"]))
    test.equal("user", "0", held["Uid"].split()[0], "manifest")
    test.equal("permitted", 0, int(held["CapPrm"], 16) & ~mask(*names),
               "nothing else")
    saw_all(test, others, report)


def documents(name):
    try:
        import yaml
    except ImportError:
        raise Skip("python3-yaml is not installed") from None
    with open(os.path.join(ROOT, "deploy", name), encoding="utf-8") as f:
        return [d for d in yaml.safe_load_all(f) if d]


@case(traces=False)
def image_has_the_libraries(test):
    """The Dockerfile installs the packages of the libraries that the program
    names, and no others but certificates."""
    need("objdump", "dpkg-query")
    with open(os.path.join(ROOT, "deploy", "Dockerfile"),
              encoding="utf-8") as f:
        last = f.read().rsplit("\nFROM ", 1)[1]
    words = re.search(r"install -y --no-install-recommends \\\n(.*?)\n &&",
                      last, re.S)[1]
    listed = set(words.replace("\\", " ").split())
    names = re.findall(r"NEEDED +(\S+)", test.run(
        ["objdump", "-p", REQTRACE]).stdout())
    loaded = dict(re.findall(r"(\S+) => (\S+)", test.run(
        ["ldd", REQTRACE]).stdout()))
    packages = {owner(loaded[name]) for name in names} - {"libc6"}
    test.equal("packages", sorted(packages | {"ca-certificates"}),
               sorted(listed), "ldd")


def owner(path):
    """The package of a library, under whichever of its names it is known:
    /lib is a link to /usr/lib."""
    real = os.path.realpath(path)
    for candidate in (path, real, real.removeprefix("/usr")):
        asked = subprocess.run(["dpkg-query", "-S", candidate], check=False,
                               capture_output=True, text=True)
        if asked.returncode == 0:
            return asked.stdout.split(":")[0]
    raise Skip(f"{path} is not from a package")


# Two hosts' histograms of one service, as reqtrace makes them: at another
# scale where the durations were spread wider.
HOSTS = {"one": {"scale": 4, "offset": -120, "counts": [3, 0, 5, 9]},
         "two": {"scale": 3, "offset": -61, "counts": [2, 4, 0, 7, 1]}}


def request_of(host):
    h = HOSTS[host]
    point = {"timeUnixNano": "1700000060000000000",
             "startTimeUnixNano": "1700000000000000000",
             "count": str(sum(h["counts"])), "sum": 1.5, "scale": h["scale"],
             "zeroCount": "0", "positive": {
                 "offset": h["offset"],
                 "bucketCounts": [str(n) for n in h["counts"]]},
             "attributes": [{"key": "http.route",
                             "value": {"stringValue": "/"}}]}
    return {"resourceMetrics": [{
        "resource": {"attributes": [
            {"key": k, "value": {"stringValue": v}} for k, v in (
                ("service.name", "shop"), ("host.name", host))]},
        "scopeMetrics": [{"scope": {"name": "reqtrace"}, "metrics": [{
            "name": "http.server.request.duration", "unit": "s",
            "exponentialHistogram": {"aggregationTemporality": 2,
                                     "dataPoints": [point]}}]}]}]}


def agent(test, gateway):
    """A Collector with deploy/collector/agent.yaml, as far as the Collector of
    the tests has its components: it has no memory_limiter, and does not put
    in what is in the environment."""
    import yaml
    [config] = documents("collector/agent.yaml")
    port = free_port()
    protocols = config["receivers"]["otlp"]["protocols"]
    protocols["http"]["endpoint"] = f"127.0.0.1:{port}"
    protocols["grpc"]["endpoint"] = f"127.0.0.1:{free_port()}"
    if config["exporters"]["otlp"]["endpoint"] != "${env:REQTRACE_GATEWAY}":
        raise Failure("the agent does not send to REQTRACE_GATEWAY")
    config["exporters"]["otlp"]["endpoint"] = gateway
    config["processors"].pop("memory_limiter")
    for pipeline in config["service"]["pipelines"].values():
        pipeline["processors"].remove("memory_limiter")
    config["service"]["telemetry"] = {"metrics": {"level": "none"}}
    path = test.path("agent.yaml")
    with open(path, "w", encoding="utf-8") as f:
        yaml.safe_dump(config, f)
    started = test.start([program("otelcol", "collector"), "--config", path],
                         name="agent")
    started.wait_output("Everything is ready", stream="stderr", timeout=30)
    return f"http://127.0.0.1:{port}"


@case(traces=False)
def agent_passes_on(test):
    """Histograms of two hosts go through the agent's Collector to another one
    unchanged, bucket by bucket, and apart."""
    behind = Collector(test, "grpc")
    url = agent(test, f"127.0.0.1:{behind.port}")
    for host in HOSTS:
        sent = urllib.request.Request(
            f"{url}/v1/metrics", json.dumps(request_of(host)).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(sent, timeout=10) as answer:
            test.equal(f"status for {host}", 200, answer.status, "agent")
    points = wait_until(
        "both have arrived", lambda: (lambda p: len(p) == 2 and p)(
            behind.arrived().of("http.server.request.duration")), 30)
    for point in points:
        h = HOSTS[point.resource["host.name"]]
        expected = {h["offset"] + i: n for i, n in enumerate(h["counts"]) if n}
        test.equal(f"buckets of {point.resource['host.name']}",
                   (expected, h["scale"]), point.buckets(), "sent")


@case(timeout=120)
def hosts_merge(test):
    """Two reqtraces, as if on two hosts, send by one agent: what has arrived
    of both, added up, is both reports added up, bucket by bucket."""
    behind = Collector(test, "grpc")
    url = agent(test, f"127.0.0.1:{behind.port}")
    told, got, made = Sum(), Sum(), 0
    runs = []
    for host in HOSTS:
        redis = Redis(test)
        redis.quiet()
        runs.append((redis, Tracer.of(
            test, redis.pid, args=("--otlp", url, "--otlp-interval", "1"),
            prefix=("env", f"OTEL_RESOURCE_ATTRIBUTES=host.name={host}"))))
    for number, (redis, _) in enumerate(runs):
        done = redis.benchmark("-t", "get", "-n", "5000", "-c",
                               str(1 + 40 * number))
        made += done["GET"]
        redis.quiet()
    for redis, tracer in runs:
        report = tracer.stop().complete()
        for series in report.series(pid=redis.pid, operation="GET"):
            told.add_report(series["duration"])
    test.equal("GETs", made, told.count)

    def arrived():
        return behind.arrived().latest(DB_SERVER, {"db.operation.name": "GET"})

    points = wait_until("all have arrived", lambda: (
        lambda p: sum(one.count for one in p) == made and p)(arrived()), 30,
        0.3)
    test.equal("hosts", sorted(HOSTS), sorted(
        {p.resource["host.name"] for p in points}), "sent")
    for point in points:
        got.add_point(point)
    told.compare(test, "both hosts", got)


@case(traces=False)
def dashboard_shows(test):
    """Every query of the dashboard has an answer in a Prometheus that scrapes
    all metrics of docs/metrics.md."""
    prometheus = scrape(test, dashboard.MadeUp(test).target)
    total = len(list(dashboard.queries()))
    missing = ["not asked yet"]
    for _ in range(20):
        pause(1)
        missing = dashboard.without_data(prometheus)
        if not missing:
            break
    test.check(f"of {total} queries these have no answer: "
               + "; ".join(missing), not missing)
    test.fact(f"{total} queries have answers")


# Of the first two rows, what only services in trouble would show.
TROUBLE = ("HTTP requests that failed", "Other protocols: exchanges",
           "Other protocols: p99", "In flight")


@case_for(("classic", "native"), timeout=120)
def dashboard_of_a_load(test, form):
    """The rows on requests and on where the time went show nginx and redis
    under load, in a Prometheus that scrapes reqtrace."""
    nginx, redis = Nginx(test), Redis(test, "--enable-debug-command", "yes")
    address = f"127.0.0.1:{free_port()}"
    tracer = Tracer.of(test, nginx.pid, redis.pid, args=("--listen", address))
    prometheus = scrape(test, address, native=form == "native")
    rows = ("Requests served: rate, errors, duration",
            "Where the time went")
    asked = [q for q in dashboard.queries()
             if q[0] in rows and q[1] not in TROUBLE]
    test.check("the dashboard has other rows than these", asked)
    missing = []
    for _ in range(20):
        ab(test, nginx.url(), "-n", "2000", "-c", "10")
        redis.benchmark("-t", "get", "-n", "2000", "-c", "10")
        redis.command("DEBUG", "SLEEP", "0.01")  # blocks as nothing else does
        with contextlib.suppress(Failure):
            redis.command("GET")  # it wants a key: an error to be shown
        pause(0.5)
        missing = dashboard.without_data(prometheus, asked)
        if not missing:
            break
    test.check(f"of {len(asked)} queries these have no answer: "
               + "; ".join(missing), not missing)
    test.fact(f"{len(asked)} queries have answers")
    tracer.stop()
