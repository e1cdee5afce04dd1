"""What `template.yaml` becomes in CloudFormation, looked at without AWS.

SAM's own translator makes CloudFormation of it, once for each set of parameters below; conditions are decided as
CloudFormation decides them; then every check of checks/ looks at what is left. Each check carries the
changes that must turn it red, it and no other: they are made, one at a time, and a check that stays green fails.

Usage: transform.py              all of it
       transform.py SET          the stack of one set, as JSON
       transform.py --body SET   the OpenAPI body of its API
       transform.py --sets       the names of the sets
"""

import copy
import json
import logging
import os
import re
import sys
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from checks import CHECKS, cost, data, edge, health, releases, run, watch  # noqa: F401  Each adds its own to CHECKS.

TEMPLATE = Path(__file__).parent.parent / "template.yaml"

CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/2e1d0c3b-4a59-6877-8695-a4b3c2d1e0f9"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
SIGNING = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0f6c334abcdea4d8b"
ORIGIN_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:edge-a1B2c3"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"

# The stacks that are looked at. What is not named has the template's default.
SETS = {
    "defaults": {},
    "prod": {
        "Stage": "prod", "Architecture": "x86_64", "HashMemorySize": "3008", "HashConcurrency": "20",
        "AdminEmail": "ada@id.example.org", "MinPasswordLength": "12", "HistoryDays": "730", "Tenants": "host:id.example.org", "TenantSize": "large",
        "MailFrom": "Usher <no-reply@example.org>", "MailConfigurationSet": "bounces",
        "DomainName": "id.example.org", "CertificateArn": CERTIFICATE, "HostedZoneId": "Z0123456789ABCDEFGHIJ",
        "CorsOrigins": "https://app.example.org,https://admin.example.org", "ThrottleRate": "50", "ThrottleBurst": "100",
        "LogRetentionDays": "365", "AlarmTopicArn": TOPIC, "LockoutAlarm": "25", "ConcurrencyAlarm": "2400",
        "Authorizer": "true", "AuthorizerSimpleResponses": "false", "AuthorizerCacheSeconds": "60",
        "Deployment": "Canary10Percent5Minutes", "ProvisionedConcurrency": "5", "PermissionsBoundary": BOUNDARY,
        "CodeSigningConfigArn": SIGNING, "Tracing": "PassThrough", "LogLevel": "warn",
        "WarmReadThroughput": "20000", "WarmWriteThroughput": "8000", "MaxReadThroughput": "30000", "MaxWriteThroughput": "10000",
    },
    "dev": {"DevEndpoints": "true", "JwtAlgorithm": "RS256", "LogLevel": "debug", "Authorizer": "true", "HealthCheck": "false"},
    # A domain whose DNS is elsewhere, an issuer of another name, tenants named by somebody else's gateway.
    # Behind the stack of edge.yaml.
    "elsewhere": {
        "Stage": "staging", "DomainName": "users.example.net", "CertificateArn": CERTIFICATE,
        "Issuer": "https://login.example.net", "Tenants": "header", "OriginSecretArn": ORIGIN_SECRET, "Authorizer": "true",
    },
}

PSEUDO = {
    "AWS::StackName": "usher", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()  # AWS::NoValue


class Values:
    """What parameters and conditions are worth in one set."""

    def __init__(self, template, given):
        self.declared = template["Parameters"]
        self.conditions, self.mappings = template.get("Conditions", {}), template.get("Mappings", {})
        self.pseudo = PSEUDO | {name: value for name, value in given.items() if name in PSEUDO}
        self.parameters = {name: self.typed(name, given.get(name, one.get("Default"))) for name, one in self.declared.items()}
        unknown = set(given) - set(self.declared) - set(PSEUDO)
        assert not unknown, f"no such parameters: {unknown}"

    def typed(self, name, value):
        kind = self.declared[name]["Type"]
        if kind == "Number":
            return int(value)
        return str(value).split(",") if kind == "CommaDelimitedList" else str(value)

    def holds(self, what):
        """A condition: by its name, or as it is written."""
        if isinstance(what, str):
            return self.holds(self.conditions[what])
        ((function, of),) = what.items()
        if function == "Condition":
            return self.holds(of)
        if function == "Fn::Equals":
            one, other = (self.resolve(side) for side in of)
            return str(one) == str(other)
        every = [self.holds(one) for one in of]
        return {"Fn::Not": lambda: not every[0], "Fn::And": lambda: all(every), "Fn::Or": lambda: any(every)}[function]()

    def resolve(self, value):
        """A value with everything decided that is decided before anything is made. References to resources stay."""
        if isinstance(value, list):
            return [one for one in map(self.resolve, value) if one is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, of),) = value.items()
            if function == "Ref":
                return NOTHING if of == "AWS::NoValue" else self.parameters.get(of, self.pseudo.get(of, value))
            if function == "Fn::If":
                return self.resolve(of[1] if self.holds(of[0]) else of[2])
            if function == "Fn::FindInMap":
                name, first, second = self.resolve(of)
                return self.mappings[name][first][second]
            if function == "Fn::Select":
                index, every = self.resolve(of)
                return every[int(index)] if isinstance(every, list) else {function: [index, every]}
            if function == "Fn::Split":
                at, text = self.resolve(of)
                return text.split(at) if isinstance(text, str) else {function: [at, text]}
            if function == "Fn::Join":
                return of[0].join(map(str, self.resolve(of[1])))
            if function == "Fn::Sub":
                return self.substitute(*(of if isinstance(of, list) else [of, {}]))
        every = {name: self.resolve(one) for name, one in value.items()}
        return {name: one for name, one in every.items() if one is not NOTHING}

    def substitute(self, text, own):
        def worth(found):
            name = found[1]
            value = self.resolve(own[name]) if name in own else self.parameters.get(name, self.pseudo.get(name, found[0]))
            if isinstance(value, dict):
                return "${%s}" % value["Ref"] if "Ref" in value else value["Fn::Sub"]
            return str(value)

        text = re.sub(r"\$\{([^}!]+)\}", worth, text)
        return {"Fn::Sub": text} if "${" in text else text


class Stack:
    """A stack as CloudFormation would make it of one set of parameters."""

    def __init__(self, name, source, made, given):
        values = Values(made, given)
        here = {
            id: resource for id, resource in made["Resources"].items()
            if "Condition" not in resource or values.holds(resource["Condition"])
        }
        self.name, self.source, self.values, self.parameters = name, source, values, values.parameters
        self.resources = {id: values.resolve(resource) for id, resource in here.items()}
        outputs = made.get("Outputs", {}).items()
        self.outputs = {id: values.resolve(one) for id, one in outputs if "Condition" not in one or values.holds(one["Condition"])}

    def of(self, kind):
        """The properties of all resources of this kind, by their names."""
        return {id: one.get("Properties", {}) for id, one in self.resources.items() if one["Type"] == kind}

    def properties(self, id):
        return self.resources.get(id, {}).get("Properties", {})


def transformed(source, given, code=None):
    """CloudFormation, as SAM makes it of the template. The translator wants code to be in S3 already: `code` is where
    each function's is, and without it that is not what is looked at."""
    template = copy.deepcopy(source)
    for id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code[id] if code else "s3://bucket/key"
    # No policy is named by its name alone, so none has to be looked up in AWS.
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name="eu-central-1"))
    # Like CloudFormation: every parameter has a value, and lists are lists.
    values = {name: str(v) if isinstance(v, int) else v for name, v in Values(source, given).parameters.items()}
    made = translator.translate(template, values, get_managed_policy_map=dict)
    return json.loads(json.dumps(made))  # its dictionaries are of a kind of their own, with an order of their own


def red(checks, source, made, sets):
    """What the checks report: the name of each that complains, with its complaints."""
    said = {}
    for name in made:
        stack = Stack(name, source, made[name], sets[name])
        for check in checks:
            for complaint in check.run(stack):
                said.setdefault(check.name, []).append(f"{name}: {complaint}")
    return said


def changed(whole, path, value):
    """The same with the value where the path leads, or without what is there where it is `None`."""
    first, *rest = path
    copied = copy.copy(whole)
    if rest:
        copied[first] = changed(whole[first], rest, value)
    elif value is None:
        del copied[first]
    else:
        copied[first] = value
    return copied


def broken(checks, source, made, sets, one):
    """What the checks report after one change, to the template or to what became of it."""
    if one.before:
        source = changed(source, one.path, one.value)
        return red(checks, source, {one.before: transformed(source, sets[one.before])}, sets)
    now = {}
    for name, template in made.items():
        try:
            now[name] = changed(template, one.path, one.value)
        except (KeyError, IndexError):  # not in this set
            now[name] = template
    assert now != made, f"there is no {one}"
    return red(checks, source, now, sets)


def report(title, checks, source, made, sets):
    """Runs the checks, and makes each change that must turn one red. The exit status."""
    said = red(checks, source, made, sets)
    for check in checks:
        print(f"{'RED  ' if check.name in said else 'holds'} {check.name}: {check.what}")
        for complaint in said.get(check.name, []):
            print(f"      {complaint}")
    failures, changes = len(said), 0
    if not said:
        for check in checks:
            for one in check.breaks:
                changes += 1
                now = set(broken(checks, source, made, sets, one))
                if now != {check.name, *one.also}:
                    failures += 1
                    print(f"RED   {one} should turn red {check.name} {list(one.also)}, and did {sorted(now)}")
    print(f"{title}: {len(checks)} checks over {len(sets)} stacks, {changes} changes each seen red, {failures} failures")
    return 1 if failures else 0


def main(arguments):
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it misses the place where it could send metrics
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    source = yaml_parse(TEMPLATE.read_text())
    if arguments == ["--sets"]:
        print(*SETS)
        return 0
    if arguments:
        name = arguments[-1]
        stack = Stack(name, source, transformed(source, SETS[name]), SETS[name])
        whole = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": stack.resources}
        print(json.dumps(stack.properties("Api")["Body"] if arguments[0] == "--body" else whole, indent=2))
        return 0
    made = {name: transformed(source, given) for name, given in SETS.items()}
    return report("transform", CHECKS, source, made, SETS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
