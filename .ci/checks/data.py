"""The table, the secrets, and what the stack outputs about itself."""

import json
import re

from . import SECRET, Change, functions, holds, of, want


@holds("the table is encrypted with KMS", of("Table", "SSESpecification", "SSEEnabled", to=False), of("Table", "SSESpecification"))
def encryption(stack):
    yield from want("SSESpecification", stack.properties("Table").get("SSESpecification"), {"SSEEnabled": True, "SSEType": "KMS"})


@holds("the table can be brought back as of any second", of("Table", "PointInTimeRecoverySpecification"))
def recovery(stack):
    on = stack.properties("Table").get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
    yield from want("PointInTimeRecoveryEnabled", on, True)


@holds("nobody deletes the table in passing", of("Table", "DeletionProtectionEnabled", to=False))
def deletion_protection(stack):
    yield from want("DeletionProtectionEnabled", stack.properties("Table").get("DeletionProtectionEnabled"), True)


@holds(
    "the directory, and the key without which it is worth little, outlive the stack and a replacement",
    Change(("Resources", "Table", "DeletionPolicy"), "Delete"),
    Change(("Resources", "Table", "UpdateReplacePolicy"), None),
    Change(("Resources", "MasterKey", "DeletionPolicy"), None),
    Change(("Resources", "MasterKey", "UpdateReplacePolicy"), "Delete"),
)
def retention(stack):
    for id in ("Table", "MasterKey"):
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            yield from want(f"{policy} of {id}", stack.resources[id].get(policy), "Retain")


@holds(
    "the table grows and shrinks by itself, forgets what has expired, and has a stream",
    of("Table", "BillingMode"),
    of("Table", "TimeToLiveSpecification", "Enabled", to=False),
    of("Table", "StreamSpecification", "StreamViewType", to="KEYS_ONLY"),
)
def table(stack):
    table = stack.properties("Table")
    yield from want("BillingMode", table.get("BillingMode"), "PAY_PER_REQUEST")
    yield from want("TTL", table.get("TimeToLiveSpecification"), {"AttributeName": "ttl", "Enabled": True})
    yield from want("StreamSpecification", table.get("StreamSpecification"), {"StreamViewType": "NEW_AND_OLD_IMAGES"})


def looks_secret(text):
    return isinstance(text, str) and re.search(r"[A-Za-z0-9_-]{24,}|AKIA[A-Z0-9]{16}|\{\{resolve:", text)


@holds(
    "no secret stands in the template: they are generated, named by reference, and no parameter takes one",
    of("MasterKey", "SecretString", to="correct horse"),
    of("FirstApiKey", "GenerateSecretString", "PasswordLength", to=16),
    of("MeFunction", "Environment", "Variables", "USHER_AUDIENCE", to="k3yk3yk3yk3yk3yk3yk3yk3yk3yk3y"),
    of("MeFunction", "Environment", "Variables", "USHER_AUDIENCE", to="{{resolve:secretsmanager:usher}}"),
    Change(("Parameters", "MailConfigurationSet", "Default"), "usk_0123456789abcdef0123456789abcdef"),
    Change(("Parameters", "FirstPassword"), {"Type": "String", "Default": ""}),
)
def secrets(stack):
    for id, secret in stack.of(SECRET).items():
        if "SecretString" in secret or secret.get("GenerateSecretString", {}).get("PasswordLength", 0) < 32:
            yield f"{id} is not generated, or is short"
    for name, function in functions(stack).items():
        for variable, value in function["Environment"]["Variables"].items():
            if looks_secret(value):
                yield f"{variable} of {name} looks like a secret"
    for name, parameter in stack.values.declared.items():
        if looks_secret(parameter.get("Default")):
            yield f"the default of {name} looks like a secret"
        if parameter["Type"] == "String" and re.search(r"(Secret|Key|Token|Password)$", name):
            yield f"{name} is a parameter that takes a secret"


@holds(
    "what the stack outputs about itself is names and addresses",
    Change(("Outputs", "MasterKeySecret", "Value"), "{{resolve:secretsmanager:usher:SecretString}}"),
    Change(("Outputs", "TableName", "Value"), {"Fn::GetAtt": ["SetupFunction", "Arn"]}),
)
def outputs(stack):
    for name, output in stack.outputs.items():
        value = output["Value"]
        given = value.get("Fn::GetAtt") if isinstance(value, dict) else None
        named = given is None or given[1] in ("StreamArn", "RegionalDomainName") or given == ["AuthorizerFunction", "Arn"]
        if looks_secret(value) or not named:
            yield f"{name} is {json.dumps(value)}"


@holds(
    "the table and both indexes have the throughput that the parameters set",
    of("Table", "WarmThroughput"),
    of("Table", "GlobalSecondaryIndexes", 0, "OnDemandThroughput"),
    of("Table", "GlobalSecondaryIndexes", 1, "WarmThroughput", to={"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}),
    of("Table", "OnDemandThroughput", "MaxWriteRequestUnits", to=1),
)
def throughput(stack):
    table = stack.properties("Table")
    warm = {unit: stack.parameters[f"Warm{kind}Throughput"] for kind, unit in (("Read", "ReadUnitsPerSecond"), ("Write", "WriteUnitsPerSecond"))}
    most = {unit: stack.parameters[f"Max{kind}Throughput"] for kind, unit in (("Read", "MaxReadRequestUnits"), ("Write", "MaxWriteRequestUnits"))}
    most = {unit: value for unit, value in most.items() if value}
    for name, one in [("table", table), *((index["IndexName"], index) for index in table["GlobalSecondaryIndexes"])]:
        yield from want(f"warm throughput of {name}", one.get("WarmThroughput"), warm if all(warm.values()) else None)
        yield from want(f"most throughput of {name}", one.get("OnDemandThroughput"), most or None)


@holds(
    "no key of the table or of an index, which hold addresses and names, is shown in plain text outside it",
    of("Table", "ContributorInsightsSpecification", to={"Enabled": True, "Mode": "THROTTLED_KEYS"}),
    of("Table", "GlobalSecondaryIndexes", 0, "ContributorInsightsSpecification", to={"Enabled": True}),
)
def insights(stack):
    table = stack.properties("Table")
    for name, one in [("table", table), *((index["IndexName"], index) for index in table["GlobalSecondaryIndexes"])]:
        yield from want(f"insights of {name}", one.get("ContributorInsightsSpecification"), None)


@holds(
    "mail is sent from the address of MailFrom alone",
    of("OutboxFunctionRole", "Policies", 0, "PolicyDocument", "Statement", 4, "Condition"),
)
def sender(stack):
    policy = stack.properties("OutboxFunctionRole")["Policies"][0]["PolicyDocument"]
    (send,) = [one for one in policy["Statement"] if one["Sid"] == "Send"]
    address = stack.parameters["MailFrom"].split("<")[-1].rstrip(">")
    yield from want("Send", send.get("Condition"), {"StringEquals": {"ses:FromAddress": address}})
