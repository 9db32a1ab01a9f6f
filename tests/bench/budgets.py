# SPDX-License-Identifier: GPL-2.0-only
"""What tracing may cost, held against the figures. A budget that is missed is
said, and fails nothing: whoever measures on a busy machine must judge.

Fed with the figures as they go to JSON, yields verdicts with their figures.
"""

import statistics

# The floor of whole tracing has the scheduler's hooks in it, too; but the
# budgets of both are in points above that of the sockets alone.
FLOOR = "floor"
TIMES_UNDER = 3
GROWS = 1.15  # times that are no growth, but noise
AT_REST = 0.5  # percent of a core


def verdict(met, text):
    return {"verdict": "met" if met else "MISSED", "text": text}


def points(data, workload, state):
    """CPU that it adds in percent, by round; None if it was not measured."""
    entry = data["workloads"].get(workload, {}).get("states", {}).get(state)
    if not entry:
        return None
    return [(ratio - 1) * 100 for ratio in entry["cpu_ratios"]]


def above_floor(data, workload, state, limit):
    over, floor = points(data, workload, state), points(data, workload, FLOOR)
    if not over or not floor:
        return
    added = statistics.median(a - b for a, b in zip(over, floor))
    yield verdict(added <= limit,
                  f"{workload}: {state} {statistics.median(over):+.1f} %, "
                  f"floor {statistics.median(floor):+.1f} %: {added:+.1f} "
                  f"points above it, at most {limit}")


def under_bpftrace(data, workload, state):
    over = points(data, workload, state)
    theirs = points(data, workload, "bpftrace")
    if not over or not theirs:
        return
    ours, theirs = statistics.median(over), statistics.median(theirs)
    times = theirs / ours if ours > 0 else float("inf")
    yield verdict(times >= TIMES_UNDER,
                  f"{workload}: {state} {ours:+.1f} %, bpftrace "
                  f"{theirs:+.1f} %: {times:.1f} times under it, at least "
                  f"{TIMES_UNDER}")


def at_most(data, workload, state, limit):
    over = points(data, workload, state)
    if over:
        median = statistics.median(over)
        yield verdict(median <= limit, f"{workload}: {state} {median:+.1f} "
                                       f"%, at most {limit}")


def bystander(data):
    yield from at_most(data, "bystander", "no-parts", 1)
    yield from at_most(data, "bystander", "whole", 1)


def growth(data):
    """Of what an exchange costs, in the programs and in reqtrace."""
    for name in ("connections", "processes", "series"):
        rows = list(data["checks"].get(name, {}).items())
        for label, row in rows[1:]:
            for key, where in (("bpf_ns", "programs"),
                               ("own_ns", "reqtrace's own time")):
                times = row[key] / rows[0][1][key]
                yield verdict(times <= GROWS,
                              f"{label}: {where} {times:.2f} times what an "
                              f"exchange costs with {rows[0][0]}, at most "
                              f"{GROWS}")


def at_rest(data):
    for label, row in data["checks"].get("idle", {}).items():
        share = row["core_share"] * 100
        yield verdict(share < AT_REST,
                      f"target idle, {label}: {share:.3f} % of a core, under "
                      f"{AT_REST}")


def judge(data):
    found = [
        *above_floor(data, "redis-get", "no-parts", 2),
        *above_floor(data, "redis-get", "whole", 5),
        *under_bpftrace(data, "redis-get", "no-parts"),
        *under_bpftrace(data, "redis-get", "whole"),
    ]
    for workload in ("nginx", "nginx-close"):
        found += at_most(data, workload, "no-parts", 2)
        found += at_most(data, workload, "whole", 4)
    return [*found, *bystander(data), *growth(data), *at_rest(data)]
