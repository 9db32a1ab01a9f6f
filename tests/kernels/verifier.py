# SPDX-License-Identifier: GPL-2.0-only
"""What the verifier of each kernel made of each program, against the figures
that were accepted: verifier.txt, a line each of
  KERNEL ENGINE PROGRAM INSTRUCTIONS TOTAL_STATES PEAK_STATES
Instructions are those that the verifier has gone through, over all paths; it
gives up at a million. Functions that programs share are verified once, and in
the figure of none of them or of the first.
"""

import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "verifier.txt")
GROWTH = 4 / 3  # more than this is for somebody to look at
SMALL = 200  # instructions; below that a third is nothing


def accepted():
    """{(kernel, engine): {program: (instructions, total, peak)}}"""
    found = {}
    if os.path.exists(PATH):
        with open(PATH, encoding="ascii") as f:
            for line in f:
                if line.strip() and not line.startswith("#"):
                    kernel, engine, program, *figures = line.split()
                    found.setdefault((kernel, engine), {})[program] = tuple(
                        map(int, figures))
    return found


def accept(seen):
    """Write what was seen; of kernels and engines that were not run, what was
    accepted before stays."""
    figures = {**accepted(), **seen}
    with open(PATH, "w", encoding="ascii") as f:
        f.write("# kernel engine program instructions total_states "
                "peak_states; make accept-verifier\n")
        for (kernel, engine), programs in sorted(figures.items()):
            for program, numbers in sorted(programs.items()):
                f.write(" ".join(map(str, (kernel, engine, program,
                                           *numbers))) + "\n")


def faults(kernel, engine, programs):
    """What must be looked at, in words."""
    before = accepted().get((kernel, engine), {})
    for program, (instructions, *_) in sorted(programs.items()):
        if program not in before:
            yield (f"{program}: {instructions} instructions, and none are "
                   "accepted yet")
        elif (instructions > before[program][0] * GROWTH
              and instructions > SMALL):
            yield (f"{program}: {instructions} instructions, "
                   f"{before[program][0]} are accepted")


def summary(programs):
    """One line: the sum, and the largest."""
    name, figures = max(programs.items(), key=lambda p: p[1][0])
    total = sum(p[0] for p in programs.values())
    return (f"{len(programs)} programs, {total:,} instructions verified; most: "
            f"{name} {figures[0]:,} (peak {figures[2]:,} states)")
