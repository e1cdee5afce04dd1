"""What must hold of every stack that template.yaml makes. `.ci/transform.py` runs it.

A check yields its complaints. Beside it stands what turns it red: a change to what became of the template, or to the
template itself, `before` the transform; `None` is the absence of a thing.
"""

import json
import re
from dataclasses import dataclass

CHECKS = []


@dataclass
class Change:
    path: tuple
    value: object
    before: str = ""  # the set whose transform shows it
    also: tuple = ()

    def __str__(self):
        return f"{'/'.join(map(str, self.path))} = {json.dumps(self.value)}"


def of(*path, to=None, before="", also=()):
    """A change to a resource: its name, and the way down from its properties."""
    return Change(("Resources", path[0], "Properties", *path[1:]), to, before, also)


@dataclass
class Check:
    name: str
    what: str
    run: object
    breaks: tuple


def holds(what, *breaks):
    def keep(function):
        CHECKS.append(Check(function.__name__, what, function, breaks))
        return function

    return keep


def target(value):
    """The resource that a value refers to."""
    if not isinstance(value, dict):
        return None
    ((function, to),) = value.items()
    if function == "Fn::Sub":
        found = re.search(r"\$\{(\w+)", to)
        return found and found[1]
    return to if function == "Ref" else to[0] if function == "Fn::GetAtt" else None


def walk(value):
    """Everything in it, itself included."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for one in inner:
        yield from walk(one)


def want(complaint, actual, expected):
    if actual != expected:
        yield f"{complaint}: {json.dumps(actual)}, not {json.dumps(expected)}"


FUNCTION, SECRET = "AWS::Lambda::Function", "AWS::SecretsManager::Secret"


def functions(stack):
    """Each function with its short name."""
    return {id.removesuffix("Function"): one for id, one in stack.of(FUNCTION).items()}
