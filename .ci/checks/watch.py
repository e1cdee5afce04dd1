"""What watches the stack: logs, alarms, the dashboard; and what the parameters refuse."""

import json
import re
from pathlib import Path

from . import FUNCTION, Change, functions, holds, of, target, want
from .run import HASHING

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text()

# The metrics that the functions write into their logs.
OWN = {"Logins", "FailedLogins", "Lockouts", "Rehashes", "StoreRetries", "ColdStarts", "DeadMails", "MailsOverLimit", "ServerErrors"}


@holds(
    "every function logs JSON into a group of its own, and every group forgets when the parameter sets it",
    of("AuthLog", "RetentionInDays"),
    of("ApiLog", "RetentionInDays", to=3653),
    of("MeFunction", "LoggingConfig"),
    of("MeFunction", "LoggingConfig", "LogGroup", to={"Ref": "AuthLog"}),
    of("MeFunction", "LoggingConfig", "LogFormat", to="Text"),
    of("MeFunction", "LoggingConfig", "ApplicationLogLevel"),
    of("MeFunction", "LoggingConfig", "SystemLogLevel", to="INFO"),
    of("ApiLog", "LogGroupName", to="/usher/usher/api"),
    Change(("Mappings", "LogLevels", "warn", "Application"), "WARN", before="prod"),
    Change(("Mappings", "LogLevels", "debug", "Application"), "INFO", before="dev"),
)
def logs(stack):
    groups = stack.of("AWS::Logs::LogGroup")
    for id, group in groups.items():
        yield from want(id, group.get("RetentionInDays"), stack.parameters["LogRetentionDays"])
    # A delivery to another group needs an entry in a resource policy of the account, which soon is full.
    yield from want("access log", stack.properties("ApiLog").get("LogGroupName"), "/aws/vendedlogs/usher/usher/api")
    used = ["ApiLog"]
    for name, function in functions(stack).items():
        config = function.get("LoggingConfig", {})
        actual = [config.get(of) for of in ("LogFormat", "ApplicationLogLevel", "SystemLogLevel")]
        # Metrics are lines without a level, which Lambda takes for INFO.
        chosen = stack.parameters["LogLevel"].upper()
        yield from want(f"lines of {name}", actual, ["JSON", chosen if chosen in ("DEBUG", "TRACE") else "INFO", "WARN"])
        used.append(target(config.get("LogGroup")))
    yield from want("groups", sorted(used, key=str), sorted(groups))


@holds(
    "what was given up is kept for two weeks, encrypted",
    of("DeadLetters", "SqsManagedSseEnabled"),
    of("DeadLetters", "MessageRetentionPeriod", to=60),
)
def dead_letters(stack):
    for id, queue in stack.of("AWS::SQS::Queue").items():
        yield from want(id, queue, {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 1209600})


ALARMS = [
    "DeadLettersWaiting", "FunctionErrors", "FunctionThrottles", "HashThrottles", "LockoutBurst", "MailFailed", "MailLate",
    "ServerErrors", "SlowAnswers", "TableThrottles",
]


@holds(
    "alarms go to the topic where there is one, when they begin and when they end, and are silent where nothing happens",
    of("MailFailed", "AlarmActions"),
    of("MailFailed", "OKActions", to=["arn:aws:sns:eu-central-1:123456789012:other"]),
    of("MailLate", "TreatMissingData"),
    of("MailLate", "ActionsEnabled", to=False),
    Change(("Resources", "ServerErrors"), None, also=("references",)),
)
def alarms(stack):
    topic = stack.parameters["AlarmTopicArn"]
    paging = {id: alarm for id, alarm in stack.of("AWS::CloudWatch::Alarm").items() if not id.startswith("Release")}
    yield from want("alarms", sorted(paging), ALARMS)
    for id, alarm in paging.items():
        for actions in ("AlarmActions", "OKActions"):
            yield from want(f"{actions} of {id}", alarm.get(actions), [topic] if topic else None)
        yield from want(f"{id} without data", alarm.get("TreatMissingData"), "notBreaching")
        yield from want(f"{id} acts", alarm.get("ActionsEnabled", True), True)


@holds(
    "each alarm names what is wrong and the heading of docs/operations.md that states what to do",
    of("MailLate", "AlarmDescription", to="Usher usher: mails are late"),
    of("SlowAnswers", "AlarmDescription", to="Usher usher: answers are slow. Runbook: ServerErrors in docs/operations.md"),
)
def runbooks(stack):
    for id, alarm in stack.of("AWS::CloudWatch::Alarm").items():
        if not re.fullmatch(rf"Usher usher: .+\. Runbook: {id} in docs/operations\.md", alarm["AlarmDescription"]):
            yield f"{id}: {alarm['AlarmDescription']}"
        if not re.search(rf"^#+ {id}\b", OPERATIONS, re.MULTILINE):
            yield f"docs/operations.md has no heading {id}"


def measured(alarm):
    """The metrics of an alarm: namespace, name, dimensions by name."""
    inner = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    for one in inner or [alarm]:
        yield one["Namespace"], one["MetricName"], {d["Name"]: d["Value"] for d in one.get("Dimensions", [])}


@holds(
    "alarms watch this stack: all functions for throttling, the table and both indexes, metrics that are written",
    of("FunctionThrottles", "Metrics", 1),
    of("HashThrottles", "Metrics", 2),
    of("HashThrottles", "Metrics", 1, "MetricStat", "Metric", "Dimensions", 0, "Value", to={"Ref": "MeFunction"}),
    of("TableThrottles", "Metrics", 6),
    of("MailFailed", "MetricName", to="DeadLetters"),
    of("MailFailed", "Namespace", to="Usher"),
    of("FunctionErrors", "Metrics", 1),
    of("ServerErrors", "Dimensions"),
    of("LockoutBurst", "Threshold", to=1),
)
def watched(stack):
    seen = {id: list(measured(alarm)) for id, alarm in stack.of("AWS::CloudWatch::Alarm").items()}
    throttled = {id: sorted(target(d["FunctionName"]) for _, _, d in seen[id]) for id in ("HashThrottles", "FunctionThrottles")}
    functions_of_stack = set(stack.of(FUNCTION)) - {"AuthDevFunction"}
    hashing = {f"{name}Function" for name in HASHING}
    yield from want("throttled hashing functions", throttled["HashThrottles"], sorted(hashing))
    yield from want("other throttled functions", throttled["FunctionThrottles"], sorted(functions_of_stack - hashing))
    failing = sorted(target(dimensions["FunctionName"]) for _, _, dimensions in seen["FunctionErrors"])
    yield from want("failing functions", failing, ["OutboxFunction", "SetupFunction"])
    table = sorted((name, dimensions.get("GlobalSecondaryIndexName", "")) for _, name, dimensions in seen["TableThrottles"])
    both = ("ReadThrottleEvents", "WriteThrottleEvents")
    yield from want("throttled tables", table, [(name, index) for name in both for index in ("", "GSI1", "GSI2")])
    yield from want("LockoutBurst", stack.properties("LockoutBurst")["Threshold"], stack.parameters["LockoutAlarm"])
    for id, metrics in seen.items():
        for namespace, name, dimensions in metrics:
            if namespace.startswith("AWS/"):
                if not any(target(value) in stack.resources for value in dimensions.values()):
                    yield f"{id} watches {name} of everybody"
            elif namespace != "Usher/usher" or name not in OWN or dimensions:
                yield f"{id} watches {namespace} {name} {dimensions}, which nobody writes"


# An alarm on an expression takes ten metrics: the eleventh fails the deployment.
ELEVEN = [
    {"Id": "all", "Expression": "SUM(METRICS())", "ReturnData": True},
    *(
        {
            "Id": f"m{one}", "ReturnData": False,
            "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent",
                "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}}]}},
        }
        for one in range(11)
    ),
]


@holds(
    "an alarm on an expression is over ten metrics at the most, which is what CloudWatch takes",
    of("MailFailed", "Metrics", to=ELEVEN),
)
def alarm_sizes(stack):
    for id, alarm in stack.of("AWS::CloudWatch::Alarm").items():
        metrics = sum("MetricStat" in one for one in alarm.get("Metrics", []))
        if metrics > 10:
            yield f"{id} is over {metrics} metrics"


def cells(properties):
    for x in range(properties["x"], properties["x"] + properties["width"]):
        for y in range(properties["y"], properties["y"] + properties["height"]):
            yield x, y


def unfolded(rows):
    """The metrics of a widget, its dots filled in: "." is the same as above, "..." all that stood above."""
    above = []
    for row in rows:
        names = [one for one in row if not isinstance(one, dict)]
        if names[0] == "...":
            names = above[: len(above) - len(names) + 1] + names[1:]
        above = [above[place] if name == "." else name for place, name in enumerate(names)]
        yield above


BODY = ("Dashboard", "DashboardBody")


@holds(
    "the dashboard can be read: every alarm, every function that each stack has, metrics that are written, nothing on top of another",
    of(*BODY, to={"Fn::Sub": "{"}),
    of(*BODY, to={"Fn::Sub": '{"widgets": []}'}),
    of("Dashboard", "DashboardName", to={"Fn::Sub": "${AWS::StackName}"}),
)
def dashboard(stack):
    yield from want("name", stack.properties("Dashboard")["DashboardName"], "usher-eu-central-1")
    body = stack.properties("Dashboard")["DashboardBody"]
    text = body["Fn::Sub"] if isinstance(body, dict) else body
    try:
        widgets = json.loads(text)["widgets"]
    except ValueError as why:
        yield f"no JSON: {why}"
        return
    yield from dashboard_faults(stack, widgets)


def dashboard_faults(stack, widgets):
    taken, own, called = [], set(), set()
    for widget in widgets:
        taken += cells(widget)
        for metric in unfolded(widget["properties"].get("metrics", [])):
            if metric[0] == "AWS/Lambda":
                called.add(metric[-1].strip("${}"))
            elif not metric[0].startswith("AWS/"):
                own.add((metric[0], *metric[1:]))
        if len({tuple(metric) for metric in unfolded(widget["properties"].get("metrics", []))}) == 0 and widget["type"] == "metric":
            yield f"{widget['properties']['title']} shows nothing"
    yield from want("widgets overlap or leave the page", len(taken) - len({(x, y) for x, y in taken if x < 24}), 0)
    yield from want("functions", sorted(called), sorted(set(stack.of(FUNCTION)) - {"AuthDevFunction", "AuthorizerFunction"}))
    yield from want("metrics", sorted(own), sorted(("Usher/usher", name) for name in OWN))
    shown = {arn.removesuffix(".Arn}").strip("${") for widget in widgets for arn in widget["properties"].get("alarms", [])}
    yield from want("alarms", sorted(shown), ALARMS)


REFUSED = [
    {"Stage": "prod", "DevEndpoints": "true"},
    {"DomainName": "id.example.org"},
    {"DomainName": "*.example.org", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"},
    {"Tenants": "host:"}, {"Tenants": "host:localhost"}, {"Issuer": "http://example.org"}, {"Issuer": "https://example.org/"},
    {"AdminEmail": "owner"}, {"LogRetentionDays": "31"}, {"AlarmTopicArn": "alarms"}, {"ThrottleRate": "0"}, {"Architecture": "riscv64"},
    {"WarmReadThroughput": "20000"}, {"WarmWriteThroughput": "8000"}, {"Deployment": "Canary"}, {"PermissionsBoundary": "boundary"},
    {"MailFrom": "nobody"}, {"MinPasswordLength": "33"}, {"HostedZoneId": "/hostedzone/Z1"}, {"LockoutAlarm": "0"},
]


ALWAYS = {"Fn::Equals": ["", ""]}


def accepted(stack, given):
    """Whether CloudFormation takes these parameters: by their own limits, then by the rules."""
    values = type(stack.values)({"Parameters": stack.values.declared}, given)
    for name, value in values.parameters.items():
        limits = values.declared[name]
        if "AllowedValues" in limits and str(value) not in map(str, limits["AllowedValues"]):
            return False
        if "AllowedPattern" in limits and not re.fullmatch(limits["AllowedPattern"], value):
            return False
        if limits["Type"] == "Number" and not limits.get("MinValue", value) <= value <= limits.get("MaxValue", value):
            return False
    for rule in stack.source["Rules"].values():
        if values.holds(rule.get("RuleCondition", ALWAYS)) and not all(values.holds(one["Assert"]) for one in rule["Assertions"]):
            return False
    return True


@holds(
    "parameters that would make a stack that does not work, or lets strangers in, are refused before anything is made",
    Change(("Rules", "NoDevEndpointsInProd", "RuleCondition"), {"Fn::Equals": ["a", "b"]}, before="defaults"),
    Change(("Rules", "CertificateForDomain"), None, before="defaults"),
    Change(("Rules", "WarmThroughputOfBoth"), None, before="defaults"),
    Change(("Parameters", "Tenants", "AllowedPattern"), None),
    Change(("Parameters", "ThrottleRate", "MinValue"), None),
    Change(("Parameters", "DomainName", "AllowedPattern"), "a"),
)
def parameters(stack):
    chosen = {name: ",".join(v) if isinstance(v, list) else str(v) for name, v in stack.parameters.items()}
    yield from want("this stack's own", accepted(stack, chosen), True)
    for given in REFUSED:
        if accepted(stack, given):
            yield f"{given} is taken"
