#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks the YAML of deploy/ as far as that goes without a cluster: every key
of deploy/kubernetes is one that Kubernetes has at that place, selectors,
references and ports fit together, options and capabilities are those of the
program and of the systemd unit; every component that a pipeline of
deploy/collector names is configured, and none in vain. Prints one line a
problem; exits with 1 if any.
"""
import glob
import os
import re
import sys

import yaml

# What is used of Kubernetes 1.30's API, with the types of the values: dicts
# are objects, lists have one kind of item, ANY is a map of strings.
ANY = object()
METADATA = {"name": str, "namespace": str, "labels": ANY, "annotations": ANY}
PROBE = {"httpGet": {"path": str, "port": (str, int)}, "periodSeconds": int,
         "timeoutSeconds": int, "failureThreshold": int,
         "initialDelaySeconds": int}
CONTAINER = {
    "name": str, "image": str, "imagePullPolicy": str, "args": [str],
    "command": [str],
    "envFrom": [{"configMapRef": {"name": str}}],
    "env": [{"name": str, "value": str,
             "valueFrom": {"fieldRef": {"fieldPath": str}}}],
    "ports": [{"name": str, "containerPort": int, "hostPort": int,
               "protocol": str}],
    "securityContext": {
        "privileged": bool, "allowPrivilegeEscalation": bool,
        "readOnlyRootFilesystem": bool, "runAsUser": int, "runAsGroup": int,
        "runAsNonRoot": bool,
        "capabilities": {"add": [str], "drop": [str]},
        "seccompProfile": {"type": str}, "appArmorProfile": {"type": str},
        "seLinuxOptions": {"type": str}},
    "startupProbe": PROBE, "livenessProbe": PROBE, "readinessProbe": PROBE,
    "resources": {"requests": ANY, "limits": ANY},
}
POD = {
    "hostPID": bool, "hostNetwork": bool,
    "automountServiceAccountToken": bool, "enableServiceLinks": bool,
    "nodeSelector": ANY, "priorityClassName": str,
    "tolerations": [{"operator": str, "key": str, "effect": str}],
    "terminationGracePeriodSeconds": int, "containers": [CONTAINER],
}
KINDS = {
    ("v1", "Namespace"): {"metadata": METADATA},
    ("v1", "ConfigMap"): {"metadata": METADATA, "data": ANY},
    ("apps/v1", "DaemonSet"): {"metadata": METADATA, "spec": {
        "selector": {"matchLabels": ANY},
        "updateStrategy": {"type": str, "rollingUpdate": {
            "maxUnavailable": (str, int)}},
        "template": {"metadata": METADATA, "spec": POD}}},
}
FIELDS = {"status.hostIP", "spec.nodeName", "metadata.name", "status.podIP"}
QUANTITY = re.compile(r"\d+(m|Ki|Mi|Gi)?$")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def shape(where, value, wanted):
    """Problems of a value that is to look like wanted."""
    if wanted is ANY:
        if not isinstance(value, dict) or not all(
                isinstance(v, str) for v in value.values()):
            yield f"{where}: a map of strings is wanted, not {value!r}"
    elif isinstance(wanted, dict):
        if not isinstance(value, dict):
            yield f"{where}: an object is wanted, not {value!r}"
            return
        for key, item in value.items():
            if key not in wanted:
                yield f"{where}: there is no {key}"
            else:
                yield from shape(f"{where}.{key}", item, wanted[key])
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            yield f"{where}: a list is wanted, not {value!r}"
            return
        for i, item in enumerate(value):
            yield from shape(f"{where}[{i}]", item, wanted[0])
    elif not isinstance(value, wanted) or (
            isinstance(value, bool) and wanted is not bool):
        yield f"{where}: {value!r} is of the wrong type"


def options():
    """Names of the program's long options."""
    names = set()
    for path in ("src/options.c", "src/options_export.c"):
        names |= set(re.findall(r'^\t\{"([\w-]+)", ', read(path), re.M))
    return names


def check_options(where, given):
    for word in given:
        name = word.removeprefix("--").partition("=")[0]
        if not word.startswith("--") or name not in options():
            yield f"{where}: reqtrace has no option {word}"


def unit_capabilities():
    found = re.search(r"^AmbientCapabilities=(.*)$",
                      read("deploy/reqtrace.service"), re.M)
    return sorted(c.removeprefix("CAP_") for c in found[1].split())


def check_container(where, pod, c, maps):
    context = c["securityContext"]
    if sorted(context["capabilities"]["add"]) != unit_capabilities():
        yield f"{where}: its capabilities are not those of reqtrace.service"
    if context["capabilities"]["drop"] != ["ALL"] or context["privileged"]:
        yield f"{where}: it has more than these capabilities"
    if not pod.get("hostPID"):
        yield f"{where}: without hostPID reqtrace refuses to start"
    yield from check_options(where, c["args"])
    ports = {p["name"]: p["containerPort"] for p in c["ports"]}
    listens = [a for a in c["args"] if a.startswith("--listen")]
    if [f"--listen=0.0.0.0:{ports['metrics']}"] != listens:
        yield f"{where}: {listens} is not the port {ports}"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if c[probe]["httpGet"] != {"path": "/healthz", "port": "metrics"}:
            yield f"{where}: {probe} does not ask /healthz at port metrics"
    for source in c["envFrom"]:
        if source["configMapRef"]["name"] not in maps:
            yield f"{where}: there is no ConfigMap {source}"
    yield from check_variables(where, c["env"])
    for kind in c["resources"].values():
        for name, amount in kind.items():
            if not QUANTITY.match(amount):
                yield f"{where}: {amount!r} is no amount of {name}"


def check_variables(where, env):
    """Each has one source; $(NAME) is one that comes before."""
    before = set()
    for variable in env:
        if ("value" in variable) == ("valueFrom" in variable):
            yield f"{where}: {variable['name']} has no source, or two"
        field = variable.get("valueFrom", {}).get("fieldRef", {}).get(
            "fieldPath")
        if field and field not in FIELDS:
            yield f"{where}: there is no field {field}"
        for name in re.findall(r"\$\((\w+)\)", variable.get("value", "")):
            if name not in before:
                yield f"{where}: {variable['name']} uses {name} before it is"
        before.add(variable["name"])


def check_kubernetes(path):
    objects = [o for o in yaml.safe_load_all(read(path)) if o]
    maps = {o["metadata"]["name"] for o in objects
            if o["kind"] == "ConfigMap"}
    known = (read("src/export/config.c") + read("src/export/settings.c")
             + read("src/export/endpoint.c"))
    for one in objects:
        kind = (one.pop("apiVersion"), one.pop("kind"))
        where = f"{path}: {kind[1]}"
        if kind not in KINDS:
            yield f"{where}: {kind} is not known here"
            continue
        problems = list(shape(where, one, KINDS[kind]))
        yield from problems
        if problems:
            continue
        for name in one.get("data", {}):
            end = name.removeprefix("OTEL_EXPORTER_OTLP_")
            if name not in known and f'"{end}"' not in known:
                yield f"{where}: reqtrace knows no variable {name}"
        if kind[1] != "DaemonSet":
            continue
        spec = one["spec"]
        labels = spec["template"]["metadata"]["labels"].items()
        if not spec["selector"]["matchLabels"].items() <= labels:
            yield f"{where}: the selector does not select its own pods"
        pod = spec["template"]["spec"]
        for c in pod["containers"]:
            yield from check_container(f"{where} {c['name']}", pod, c, maps)


def check_collector(path):
    config = yaml.safe_load(read(path))
    if set(config) != {"receivers", "processors", "exporters", "service"}:
        yield f"{path}: sections {sorted(config)}"
    used = {"receivers": set(), "processors": set(), "exporters": set()}
    for name, pipeline in config["service"]["pipelines"].items():
        if name.partition("/")[0] not in ("metrics", "traces"):
            yield f"{path}: pipeline {name} has no signal"
        for section, components in pipeline.items():
            used[section].update(components)
        order = pipeline["processors"]
        if order[0] != "memory_limiter":
            yield f"{path}: memory_limiter does not come first in {name}"
    for section, names in used.items():
        for name in sorted(names ^ set(config[section])):
            yield (f"{path}: {section} {name} is "
                   + ("not configured" if name in names else "in no pipeline"))


def check_default():
    path = "deploy/default"
    found = re.search(r"^REQTRACE_OPTIONS=(.*)$", read(path), re.M)
    yield from check_options(path, found[1].split())
    unit = "deploy/reqtrace.service"
    found = re.search(r'^Environment="REQTRACE_OPTIONS=(.*)"$', read(unit),
                      re.M)
    yield from check_options(unit, found[1].split())


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    problems = list(check_default())
    kubernetes = glob.glob("deploy/kubernetes/*.yaml")
    collectors = glob.glob("deploy/collector/*.yaml")
    if not kubernetes or not collectors:
        problems.append("deploy/: files are missing")
    for path in kubernetes:
        problems += check_kubernetes(path)
    for path in collectors:
        problems += check_collector(path)
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
