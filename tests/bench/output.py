# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's figures as people and programs read them: a table a
workload, printed when it is done, the budgets, and JSON.
"""

import json
import os
import platform
import sys
from dataclasses import asdict

import budgets
import kernel
import measure
from harness import ROOT
from measure import spread

SCHEMA = "reqtrace.bench/1"
MEASURES = ("cpu_ns", "rate", "p50", "p99")


def percent(ratio, digits=1):
    if ratio is None:
        return "-"
    value = (ratio - 1) * 100
    return f"{value:+.{digits if abs(value) < 100 else 0}f} %"


def duration(s):
    if s is None:
        return "-"
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if s * scale >= 1:
            return f"{s * scale:.3g} {unit}"
    return f"{s * 1e9:.0f} ns"


def size(n):
    return f"{n / (1 << 20):.1f} MB"


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def host():
    with open("/proc/cpuinfo") as f:
        models = {line.split(":", 1)[1].strip() for line in f
                  if line.startswith("model name")}
    return {"kernel": platform.release(), "arch": platform.machine(),
            "cpus": os.cpu_count(), "cpu": ", ".join(sorted(models))}


class Result:
    HEAD = ("state", "CPU", "(quartiles)", "best", "ns", "rate", "p50", "p99",
            "BPF ns", "runs", "own ns", "RSS", "ring B", "peak", "missed")
    LAYOUT = ("{:31} {:>8} {:>14} {:>8} {:>7} {:>8} {:>8} {:>8} {:>7} {:>5} "
              "{:>6} {:>8} {:>6} {:>6}  {}")

    def __init__(self, options):
        self.options = options
        self.data = {"schema": SCHEMA, "made": measure.now(), "host": host(),
                     "place": options.place, "quick": options.quick,
                     "workloads": {}, "skipped": {},
                     "errors": {}, "checks": {}, "budgets": []}
        h = self.data["host"]
        print(f"reqtrace bench: Linux {h['kernel']}, {h['arch']}, "
              f"{h['cpus']} CPUs ({h['cpu']}), server and load "
              f"{kernel.PLACES[options.place]}")
        if kernel.statistics_are_on():
            print("kernel.bpf_stats_enabled is on: every program that runs "
                  "costs more than it would", flush=True)

    def skip(self, name, why):
        self.data["skipped"][name] = why
        print(f"SKIP {name}: {why}", flush=True)

    def fail(self, name, why):
        self.data["errors"][name] = why
        print(f"ERROR {name}: {why}", flush=True)
        self._save()

    # Tables

    def add(self, workload, untraced, found):
        """found: (pairs, cost) by state."""
        entry = {"label": workload.label, "noun": workload.noun,
                 "requests": workload.requests,
                 "runs": len(untraced),
                 "runs_with_other_tracers": sum(r.foreign > 0
                                                for r in untraced),
                 "untraced": {m: spread([getattr(r, m) for r in untraced])
                              for m in MEASURES},
                 "states": {state.name: self._state(state, *of_state)
                            for state, of_state in found.items()}}
        self.data["workloads"][workload.name] = entry
        self._print(workload, entry)
        self._save()

    @staticmethod
    def _state(state, pairs, cost):
        runs = [p.run for p in pairs]
        missed = {}
        for run in runs:
            for name, value in run.missed.items():
                missed[name] = max(missed.get(name, 0), value)
        return {
            "label": state.label, "rounds": len(pairs),
            "ratios": {m: spread([p.ratio(m) for p in pairs])
                       for m in MEASURES},
            "added_ns": spread([p.added() for p in pairs]),
            # As many of the one as of the other.
            "cpu_best": min(r.cpu_ns for r in runs)
            / min(p.before.cpu_ns for p in pairs),
            "cpu_ratios": [p.ratio("cpu_ns") for p in pairs],
            "others": [r.others for r in runs],
            "own_ns": spread([r.own_ns for r in runs]),
            "rss_bytes": max((r.rss for r in runs if r.rss), default=None),
            "missed": missed, "cost": asdict(cost) if cost else None}

    def _print(self, workload, entry):
        untraced = {m: v[0] if v else None
                    for m, v in entry["untraced"].items()}
        others = spread([p for s in entry["states"].values()
                         for p in s["others"]])
        print(f"\n{workload.label}: {entry['requests']:,} {workload.noun}s a "
              f"run; untraced {untraced['cpu_ns'] / 1e3:.2f} µs of CPU a "
              f"{workload.noun}, {untraced['rate']:,.0f}/s, "
              f"p50 {duration(untraced['p50'])}, "
              f"p99 {duration(untraced['p99'])}; other programs took "
              f"{others[0]:.2f} CPUs meanwhile (quartiles {others[1]:.2f}.."
              f"{others[2]:.2f})")
        if entry["runs_with_other_tracers"]:
            print(f"programs of other tracers were loaded in "
                  f"{entry['runs_with_other_tracers']} of {entry['runs']} "
                  "untraced runs: they cost the server, too")
        print(self.LAYOUT.format(*self.HEAD))
        for state in entry["states"].values():
            print(self.LAYOUT.format(*self._row(state)), flush=True)

    @staticmethod
    def _row(state):
        ratios = state["ratios"]
        cpu = ratios["cpu_ns"]
        cost = state["cost"] or {}
        own = state["own_ns"]
        missed = ", ".join(f"{k} {v}" for k, v in state["missed"].items())
        return (state["label"], percent(cpu[0]),
                f"{(cpu[1] - 1) * 100:+.1f}..{(cpu[2] - 1) * 100:+.1f}",
                percent(state["cpu_best"]), number(state["added_ns"][0]),
                *(percent(ratios[m][0]) if ratios[m] else "-"
                  for m in MEASURES[1:]),
                number(cost.get("bpf_ns")), number(cost.get("bpf_runs"), 1),
                number(own[0]) if own else "-",
                size(state["rss_bytes"]) if state["rss_bytes"] else "-",
                number(cost.get("ring_bytes")),
                "-" if cost.get("ring_peak") is None
                else f"{cost['ring_peak'] * 100:.1f} %",
                missed or ("none" if cost.get("ring_bytes") is not None
                           else ""))

    # Checks

    CHECK_HEAD = ("", "BPF ns", "", "runs", "own ns", "", "RSS", "open",
                  "series", "attach", "missed")
    CHECK_LAYOUT = ("{:31} {:>8} {:>7} {:>6} {:>7} {:>7} {:>9} {:>7} {:>7} "
                    "{:>8}  {}")

    def check(self, name, rows):
        self.data["checks"][name] = rows
        if name == "idle":
            print("\nreqtrace -i 1 while its target is idle, of one core:")
            for label, r in rows.items():
                print(f"{label:31} {r['core_share'] * 100:.3f} % in "
                      f"{r['seconds']} s, {size(r['rss_bytes'])}")
        else:
            print(f"\nby {name}, with reqtrace; an exchange costs:")
            print(self.CHECK_LAYOUT.format(*self.CHECK_HEAD))
            base = next(iter(rows.values()))
            for label, r in rows.items():
                print(self.CHECK_LAYOUT.format(*self._check_row(
                    label, r, base)))
        sys.stdout.flush()
        self._save()

    @staticmethod
    def _check_row(label, r, base):
        def times(key):
            return f"× {r[key] / base[key]:.2f}" if r is not base else ""
        missed = ", ".join(f"{k} {v}" for k, v in r["missed"].items())
        return (label, number(r["bpf_ns"]), times("bpf_ns"),
                number(r["bpf_runs"], 1), number(r["own_ns"]),
                times("own_ns"), size(r["rss_bytes"]), number(r["open"]),
                number(r["series"]),
                f"{r['attach_seconds']:.2f} s", missed or "none")

    # The end

    def finish(self):
        self.data["budgets"] = budgets.judge(self.data)
        if self.data["budgets"]:
            print("\nbudgets, in points of the server's CPU above untraced:")
        for b in self.data["budgets"]:
            print(f"  {b['verdict']:6} {b['text']}")
        self._save()
        print(f"\nfigures: {os.path.relpath(self.options.json, ROOT)}")

    def _save(self):
        with open(self.options.json, "w", encoding="utf-8") as f:
            json.dump(self.data, f, indent=1)
            f.write("\n")
