#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Parses what /metrics gives as text, strictly, and checks its structure:

    check_exposition.py text|openmetrics <FILE

Metadata before samples, families in one piece, no series twice, escapes as
the format has them, buckets that rise to +Inf, which is _count; in OpenMetrics
suffixes by type, units, exemplars of at most 128 characters within their
bucket, and # EOF at the end. Raises Malformed with the line.
"""
import math
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?|Inf)\Z|NaN\Z")
SUFFIXES = {
    ("text", "counter"): [""], ("text", "gauge"): [""],
    ("text", "histogram"): ["_bucket", "_sum", "_count"],
    ("openmetrics", "counter"): ["_total"], ("openmetrics", "gauge"): [""],
    ("openmetrics", "info"): ["_info"],
    ("openmetrics", "histogram"): ["_bucket", "_sum", "_count"],
}


class Malformed(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Malformed(message)


def number(text):
    need(NUMBER.match(text), f"no number: {text!r}")
    return float(text)


def unescape(text, allowed):
    """The text without its escapes; nothing else may follow a backslash."""
    out, i = "", 0
    while i < len(text):
        if text[i] == "\\":
            need(text[i + 1:i + 2] and text[i + 1] in allowed,
                 f"bad escape in {text!r}")
            out += "\n" if text[i + 1] == "n" else text[i + 1]
            i += 2
        else:
            out += text[i]
            i += 1
    return out


def labels_at(line, at):
    """The labels that begin behind the '{' at at - 1, and where they end."""
    labels = {}
    while line[at:at + 1] != "}":
        match = LABEL.match(line, at)
        need(match, "no label name")
        name, at = match.group(), match.end()
        need(line.startswith('="', at), f"no value of {name}")
        start = at = at + 2
        while line[at:at + 1] != '"':
            need(at < len(line), f"{name} has no end")
            at += 2 if line[at] == "\\" else 1
        need(name not in labels, f"label {name} twice")
        labels[name] = unescape(line[start:at], '\\"n')
        at += 1
        if line[at:at + 1] == ",":
            at += 1
            need(line[at:at + 1] != "}", "a comma before }")
        else:
            need(line[at:at + 1] == "}", "no comma between labels")
    return labels, at + 1


def exemplar(text):
    """'{trace_id="..."} value [time]'"""
    need(text.startswith("{"), "exemplar without labels")
    labels, at = labels_at(text, 1)
    need(sum(len(k) + len(v) for k, v in labels.items()) <= 128,
         "exemplar of more than 128 characters")
    fields = text[at:].split(" ")
    need(len(fields) in (2, 3) and fields[0] == "", "exemplar's spacing")
    return labels, [number(f) for f in fields[1:]]


class Exposition:
    """families: name -> {type, help, unit, samples: [(name, labels, value,
    exemplar)]}."""

    def __init__(self, text, kind):
        self.kind, self.families, self.family = kind, {}, None
        self.seen = set()
        need(text.endswith("\n") or not text, "no newline at the end")
        lines = text.split("\n")[:-1]
        if kind == "openmetrics":
            need(lines and lines[-1] == "# EOF", "no # EOF at the end")
            lines.pop()
        for line in lines:
            try:
                self.comment(line) if line[:1] == "#" else self.sample(line)
            except Malformed as e:
                raise Malformed(f"{e}: {line}") from None
        for name, family in self.families.items():
            need("type" in family, f"{name} has no TYPE")
            need(family["samples"], f"{name} has no sample")
            if family["type"] == "histogram":
                self.histogram(name, family)

    def comment(self, line):
        word = line.split(" ", 3)
        need(len(word) == 4 and word[0] == "#" and
             word[1] in ("HELP", "TYPE", "UNIT"), "unknown comment")
        what, name, value = word[1].lower(), word[2], word[3]
        need(NAME.fullmatch(name), "no name of a family")
        if self.family != name:
            need(name not in self.families, "family in two pieces")
            self.family, self.families[name] = name, {"samples": []}
        family = self.families[name]
        need(not family["samples"], "metadata behind samples")
        need(what not in family, f"{what} twice")
        if what == "help":
            value = unescape(value,
                             '\\"n' if self.kind == "openmetrics" else "\\n")
        elif what == "type":
            need((self.kind, value) in SUFFIXES, "unknown type")
        else:
            need(self.kind == "openmetrics", "UNIT is OpenMetrics'")
            need(name.endswith("_" + value), "name does not end with its unit")
        family[what] = value

    def sample(self, line):
        match = NAME.match(line)
        need(match, "no name")
        name, at, labels = match.group(), match.end(), {}
        if line[at:at + 1] == "{":
            labels, at = labels_at(line, at + 1)
        rest, mark, tail = line[at:].partition(" # ")
        fields = rest.split(" ")
        need(len(fields) == 2 and not fields[0], "name, space, value expected")
        need(self.family is not None, "sample without a family")
        family = self.families[self.family]
        need("type" in family, "sample before its TYPE")
        suffixes = SUFFIXES[self.kind, family["type"]]
        need(name in [self.family + s for s in suffixes], "of no such family")
        series = (name, tuple(sorted(labels.items())))
        need(series not in self.seen, "series twice")
        self.seen.add(series)
        need(not mark or (self.kind == "openmetrics" and
                          name.endswith("_bucket")), "exemplar here")
        family["samples"].append((name, labels, number(fields[1]),
                                  exemplar(tail) if mark else None))

    def histogram(self, name, family):
        groups, ladders, order = {}, set(), []
        for sample, labels, value, mark in family["samples"]:
            key = tuple(sorted(i for i in labels.items() if i[0] != "le"))
            if key not in groups:
                groups[key] = {"le": [], "sum": None, "count": None}
                order.append(key)
            need(order[-1] == key, f"{name}: a point in two pieces: {key}")
            group = groups[key]
            if sample.endswith("_bucket"):
                need("le" in labels, f"{name}: bucket without le")
                group["le"].append((labels["le"], value, mark))
            else:
                need("le" not in labels, f"{name}: le on {sample}")
                group[sample[len(name) + 1:]] = value
        for key, group in groups.items():
            self.point(f"{name}{dict(key)}", group)
            ladders.add(tuple(le for le, _, _ in group["le"]))
        need(len(ladders) == 1, f"{name}: le differs between series")
        family["points"] = groups

    def point(self, name, group):
        below, before = -math.inf, 0
        for le, value, mark in group["le"]:
            bound = number(le)
            if self.kind == "openmetrics":
                need("." in le or "e" in le or "Inf" in le,
                     f"{name}: le={le} is no canonical float")
            need(le == "+Inf" or
                 repr(float(le)).replace(".0", "") == le.replace(".0", ""),
                 f"{name}: le={le} is not the shortest")
            need(bound > below, f"{name}: le does not rise at {le}")
            need(value >= before, f"{name}: falls at {le}")
            if mark:
                need(below < mark[1][0] <= bound,
                     f"{name}: exemplar outside of its bucket {le}")
            below, before = bound, value
        need(below == math.inf, f"{name}: no +Inf")
        need(group["count"] == before, f"{name}: _count is not +Inf")
        need(group["sum"] is not None, f"{name}: no _sum")


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("text", "openmetrics"):
        sys.exit(__doc__)
    try:
        text = sys.stdin.buffer.read().decode("utf-8")
        found = Exposition(text, sys.argv[1])
    except (Malformed, UnicodeDecodeError) as e:
        sys.exit(f"check_exposition: {e}")
    print(f"{len(found.families)} families,",
          sum(len(f["samples"]) for f in found.families.values()), "samples")


if __name__ == "__main__":
    main()
