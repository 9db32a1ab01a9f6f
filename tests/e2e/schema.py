# SPDX-License-Identifier: GPL-2.0-only
"""The part of JSON Schema that docs/report.schema.json uses.

A keyword that is not known here is an error, so that nothing in the schema is
taken for checked when it is not.
"""

import re

from harness import Failure

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: (isinstance(v, (int, float))
                         and not isinstance(v, bool)),
}
ANNOTATIONS = {"$schema", "$id", "$defs", "$comment", "definitions", "title",
               "description", "default", "examples"}


def _resolve(root, ref):
    if not ref.startswith("#/"):
        raise Failure(f"schema: cannot follow {ref}")
    node = root
    for key in ref[2:].split("/"):
        node = node[key]
    return node


class _Checker:
    def __init__(self, root):
        self.root = root

    def check(self, schema, value, at):
        if schema is True:
            return
        if schema is False:
            raise Failure(f"report: {at} must not be there")
        for keyword, wanted in schema.items():
            if keyword in ANNOTATIONS:
                continue
            method = getattr(self, "_" + keyword.replace("$", ""), None)
            if not method:
                raise Failure(f"schema: keyword {keyword} is not known")
            method(wanted, value, at, schema)

    @staticmethod
    def fail(at, why):
        raise Failure(f"report does not match its schema: {at} {why}")

    def valid(self, schema, value, at):
        try:
            self.check(schema, value, at)
        except Failure:
            return False
        return True

    def _ref(self, wanted, value, at, _):
        self.check(_resolve(self.root, wanted), value, at)

    def _type(self, wanted, value, at, _):
        names = [wanted] if isinstance(wanted, str) else wanted
        if not any(TYPES[n](value) for n in names):
            self.fail(at, f"is {value!r}, not {' or '.join(names)}")

    def _const(self, wanted, value, at, _):
        if value != wanted:
            self.fail(at, f"is {value!r}, not {wanted!r}")

    def _enum(self, wanted, value, at, _):
        if value not in wanted:
            self.fail(at, f"is {value!r}, none of {wanted}")

    def _minimum(self, wanted, value, at, _):
        if TYPES["number"](value) and value < wanted:
            self.fail(at, f"is {value}, below {wanted}")

    def _maximum(self, wanted, value, at, _):
        if TYPES["number"](value) and value > wanted:
            self.fail(at, f"is {value}, above {wanted}")

    def _pattern(self, wanted, value, at, _):
        if isinstance(value, str) and not re.search(wanted, value):
            self.fail(at, f"is {value!r}, not like {wanted}")

    def _minLength(self, wanted, value, at, _):
        if isinstance(value, str) and len(value) < wanted:
            self.fail(at, "is too short")

    def _maxLength(self, wanted, value, at, _):
        if isinstance(value, str) and len(value) > wanted:
            self.fail(at, "is too long")

    def _required(self, wanted, value, at, _):
        if isinstance(value, dict):
            for key in wanted:
                if key not in value:
                    self.fail(at, f"lacks {key}")

    def _properties(self, wanted, value, at, _):
        if isinstance(value, dict):
            for key, schema in wanted.items():
                if key in value:
                    self.check(schema, value[key], f"{at}.{key}")

    def _patternProperties(self, wanted, value, at, _):
        if isinstance(value, dict):
            for pattern, schema in wanted.items():
                for key in value:
                    if re.search(pattern, key):
                        self.check(schema, value[key], f"{at}.{key}")

    def _additionalProperties(self, wanted, value, at, schema):
        if not isinstance(value, dict):
            return
        known = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for key in value:
            if key not in known and not any(re.search(p, key)
                                            for p in patterns):
                self.check(wanted, value[key], f"{at}.{key}")

    def _propertyNames(self, wanted, value, at, _):
        if isinstance(value, dict):
            for key in value:
                self.check(wanted, key, f"{at}: key {key}")

    def _items(self, wanted, value, at, _):
        if isinstance(value, list):
            for i, item in enumerate(value):
                self.check(wanted, item, f"{at}[{i}]")

    def _minItems(self, wanted, value, at, _):
        if isinstance(value, list) and len(value) < wanted:
            self.fail(at, "has too few elements")

    def _allOf(self, wanted, value, at, _):
        for schema in wanted:
            self.check(schema, value, at)

    def _anyOf(self, wanted, value, at, _):
        if not any(self.valid(s, value, at) for s in wanted):
            self.fail(at, "matches none of anyOf")

    def _oneOf(self, wanted, value, at, _):
        if sum(self.valid(s, value, at) for s in wanted) != 1:
            self.fail(at, "does not match one of oneOf")


def check(schema, value):
    """Raise Failure if value does not match schema."""
    _Checker(schema).check(schema, value, "report")
