"""What watches the stack: logs, alarms, the dashboard; and what the parameters refuse."""

import json
import re
import tomllib
from pathlib import Path

from . import FUNCTION, Change, functions, holds, of, target, walk, want
from .edge import HEAVY
from .run import HASHING

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())

# The metrics that the functions write into their logs, as things happen; those that a job writes each time that it runs;
# and what a filter makes of API Gateway's log.
HAPPENS = {
    "Logins", "FailedLogins", "Lockouts", "UnknownLockouts", "Rehashes", "StoreRetries", "ColdStarts", "MailFailures", "DeadMails",
    "MailsOverLimit", "MailsMissedByStream", "RateLimited", "ServerErrors",
}
JOBS = {"OldestMailSeconds", "SigningKeyAgeDays"}
OWN = HAPPENS | JOBS | {"ThrottledRequests"}


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


ALARMS = {
    "ConcurrencyNearLimit", "DeadLettersWaiting", "FunctionThrottles", "HashThrottles", "LockoutBurst", "RequestsThrottled",
    "ServerErrors", "SigningKeyOld", "SlowAnswers", "TableErrors", "TableThrottles",
}
MAIL_ALARMS = {"MailBounces", "MailComplaints", "MailFailed", "MailFailing", "MailLate", "MailNotStreamed"}

# What a missing metric is to them: a job that does not run; a rate of SES's that stays as it is. To the others, nothing.
MISSING = {"HealthCheckFailed": "breaching", "MailLate": "breaching", "SigningKeyOld": "breaching", "MailBounces": "ignore", "MailComplaints": "ignore"}


def alarms_of(stack):
    """The alarms that a stack of these parameters has."""
    asks = stack.parameters["HealthCheck"] == "true" and not stack.parameters["OriginSecretArn"]
    having = [({"HealthCheckFailed"}, asks), ({"AuthorizerErrors"}, stack.parameters["Authorizer"] == "true")]
    chosen = [names for names, are in having if are]
    return sorted(ALARMS.union(*chosen, MAIL_ALARMS if stack.parameters["MailFrom"] else ()))


@holds(
    "alarms go to the topic where there is one, when they begin and when they end; they are silent where nothing happens, and ring where a job does not run, once it had time to begin",
    of("MailFailed", "AlarmActions"),
    of("MailFailed", "OKActions", to=["arn:aws:sns:eu-central-1:123456789012:other"]),
    of("MailLate", "TreatMissingData"),
    of("MailLate", "TreatMissingData", to="notBreaching"),
    of("SigningKeyOld", "TreatMissingData", to="missing"),
    of("LockoutBurst", "TreatMissingData", to="breaching"),
    of("HealthCheckFailed", "WarmUpConfiguration"),
    of("MailLate", "ActionsEnabled", to=False),
    Change(("Resources", "ServerErrors"), None, also=("references",)),
    Change(("Resources", "MailLate", "Condition"), None, before="defaults", also=("cost",)),
    Change(("Conditions", "SendsMail"), {"Fn::Equals": ["a", "b"]}, also=("mail", "dashboard")),
)
def alarms(stack):
    topic = stack.parameters["AlarmTopicArn"]
    paging = {id: alarm for id, alarm in stack.of("AWS::CloudWatch::Alarm").items() if not id.startswith("Release")}
    yield from want("alarms", sorted(paging), alarms_of(stack))
    for id, alarm in paging.items():
        for actions in ("AlarmActions", "OKActions"):
            yield from want(f"{actions} of {id}", alarm.get(actions), [topic] if topic else None)
        yield from want(f"{id} without data", alarm.get("TreatMissingData"), MISSING.get(id, "notBreaching"))
        yield from want(f"{id} acts", alarm.get("ActionsEnabled", True), True)
        waits = "WarmUpConfiguration" in alarm
        yield from want(f"{id} waits for its first data", waits, alarm.get("TreatMissingData") == "breaching")


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
    of("AuthorizerErrors", "Dimensions", 0, "Value", to={"Ref": "MeFunction"}),
    of("TableErrors", "Metrics", 8),
    of("TableErrors", "Metrics", 3, "MetricStat", "Metric", "Dimensions", 1),
    of("ServerErrors", "Dimensions"),
    of("LockoutBurst", "Threshold", to=1),
    of("LockoutBurst", "MetricName", to="UnknownLockouts"),
    of("ConcurrencyNearLimit", "Threshold", to=800),
    of("ConcurrencyNearLimit", "Dimensions", to=[{"Name": "FunctionName", "Value": {"Ref": "MeFunction"}}]),
    of("MailBounces", "MetricName", to="BounceRate"),
    of("MailLate", "MetricName", to="MailsOverLimit"),
    of("RequestsThrottled", "MetricName", to="429"),
    of("ThrottledRequests", "MetricTransformations", 0, "MetricNamespace", to="Usher"),
    of("ThrottledRequests", "FilterPattern", to='{ $.status = 429 }'),
    of("ThrottledRequests", "LogGroupName", to={"Ref": "AuthLog"}),
)
def watched(stack):
    seen = {id: list(measured(alarm)) for id, alarm in stack.of("AWS::CloudWatch::Alarm").items()}
    throttled = {id: sorted(target(d["FunctionName"]) for _, _, d in seen[id]) for id in ("HashThrottles", "FunctionThrottles")}
    functions_of_stack = set(stack.of(FUNCTION)) - {"AuthDevFunction"}
    hashing = {f"{name}Function" for name in HASHING}
    yield from want("throttled hashing functions", throttled["HashThrottles"], sorted(hashing))
    yield from want("other throttled functions", throttled["FunctionThrottles"], sorted(functions_of_stack - hashing))
    failing = [target(dimensions["FunctionName"]) for _, _, dimensions in seen.get("AuthorizerErrors", ())]
    yield from want("failing functions", failing, ["AuthorizerFunction"] if stack.parameters["Authorizer"] == "true" else [])
    table = sorted((name, dimensions.get("GlobalSecondaryIndexName", "")) for _, name, dimensions in seen["TableThrottles"])
    both = ("ReadThrottleEvents", "WriteThrottleEvents")
    yield from want("throttled tables", table, [(name, index) for name in both for index in ("", "GSI1", "GSI2")])
    failing = sorted(dimensions.get("Operation", "") for _, _, dimensions in seen["TableErrors"])
    yield from want("failing operations", failing, sorted(operations(stack)))
    for id, parameter in (("LockoutBurst", "LockoutAlarm"), ("ConcurrencyNearLimit", "ConcurrencyAlarm")):
        yield from want(id, stack.properties(id)["Threshold"], stack.parameters[parameter])
    yield from want("LockoutBurst", [name for _, name, _ in seen["LockoutBurst"]], ["Lockouts"])
    yield from throttled_faults(stack)
    for id, metrics in seen.items():
        for namespace, name, dimensions in metrics:
            if (namespace, name) in OF_THE_ACCOUNT:
                yield from want(f"{name} is of the account", dimensions, {})
            elif namespace.startswith("AWS/"):
                if not any(target(value) in stack.resources for value in dimensions.values()):
                    yield f"{id} watches {name} of everybody"
            elif namespace != "Usher/usher" or name not in OWN or dimensions:
                yield f"{id} watches {namespace} {name} {dimensions}, which nobody writes"
            elif (name in JOBS) != (MISSING.get(id) == "breaching"):
                yield f"{id} watches {name}, and what is missing is {MISSING.get(id)}"


# AWS writes these for a whole account and region alone.
OF_THE_ACCOUNT = {
    ("AWS/Lambda", "ClaimedAccountConcurrency"), ("AWS/SES", "Reputation.BounceRate"), ("AWS/SES", "Reputation.ComplaintRate"),
}


def operations(stack):
    """What the functions ask of DynamoDB: what their policies allow, and transactions, which need no permission of their own."""
    allowed = {one for role in stack.of("AWS::IAM::Role").values() for one in walk(role) if isinstance(one, str)}
    asked = {one.removeprefix("dynamodb:") for one in allowed if re.fullmatch(r"dynamodb:(\w+Items?|Query)", one)}
    return asked - {"ConditionCheckItem"} | {"TransactWriteItems"}


def throttled_faults(stack):
    """The filter reads API Gateway's log, and leaves out the routes with a throttle of their own."""
    made = stack.properties("ThrottledRequests")
    yield from want("filtered group", target(made["LogGroupName"]), "ApiLog")
    own = [f'$.route != "{route}"' for route in HEAVY]
    yield from want("pattern", made["FilterPattern"], "{ %s }" % " && ".join(['$.status = "429"', *own]))
    to = [(one["MetricNamespace"], one["MetricName"], one["MetricValue"]) for one in made["MetricTransformations"]]
    yield from want("metric", to, [("Usher/usher", "ThrottledRequests", "1")])


# An alarm on an expression takes ten metrics: the eleventh fails the deployment. So the gate takes nine, and fails before
# that where somebody adds a function, an index or an operation.
TEN = [
    {"Id": "all", "Expression": "SUM(METRICS())", "ReturnData": True},
    *(
        {
            "Id": f"m{one}", "ReturnData": False,
            "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent",
                "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}}]}},
        }
        for one in range(10)
    ),
]


@holds(
    "an alarm on an expression has room for one metric more: CloudWatch takes ten",
    of("TableErrors", "Metrics", to=TEN, also=("watched",)),
)
def alarm_sizes(stack):
    for id, alarm in stack.of("AWS::CloudWatch::Alarm").items():
        metrics = sum("MetricStat" in one for one in alarm.get("Metrics", []))
        if metrics > 9:
            yield f"{id} is over {metrics} metrics: part it into two"


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
            if metric[0] == "AWS/Lambda" and "FunctionName" in metric:
                called.add(metric[-1].strip("${}"))
            elif not metric[0].startswith("AWS/"):
                own.add((metric[0], *metric[1:]))
        if len({tuple(metric) for metric in unfolded(widget["properties"].get("metrics", []))}) == 0 and widget["type"] == "metric":
            yield f"{widget['properties']['title']} shows nothing"
    yield from want("widgets overlap or leave the page", len(taken) - len({(x, y) for x, y in taken if x < 24}), 0)
    yield from want("functions", sorted(called), sorted(set(stack.of(FUNCTION)) - {"AuthDevFunction", "AuthorizerFunction"}))
    yield from want("metrics", sorted(own), sorted(("Usher/usher", name) for name in OWN))
    shown = {arn.removesuffix(".Arn}").strip("${") for widget in widgets for arn in widget["properties"].get("alarms", [])}
    yield from want("alarms", sorted(shown), alarms_of(stack))


# What prod asks for, so that each that is refused below is for one reason.
PROD = {"Stage": "prod", "AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms"}
REFUSED = [
    {**PROD, "DevEndpoints": "true"}, {"Stage": "staging", "DevEndpoints": "true"},
    {**PROD, "AlarmTopicArn": ""},
    {**PROD, "AdminEmail": "owner@example.org"}, {**PROD, "AdminEmail": "owner@example.com"},
    {"DomainName": "id.example.org"},
    {"DomainName": "*.example.org", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"},
    {"Tenants": "host:"}, {"Tenants": "host:localhost"}, {"Issuer": "http://example.org"}, {"Issuer": "https://example.org/"},
    {"AdminEmail": "owner"}, {"LogRetentionDays": "31"}, {"AlarmTopicArn": "alarms"}, {"ThrottleRate": "0"}, {"Architecture": "riscv64"},
    {"WarmReadThroughput": "20000"}, {"WarmWriteThroughput": "8000"}, {"Deployment": "Canary"}, {"PermissionsBoundary": "boundary"},
    {"MailFrom": "nobody"}, {"MinPasswordLength": "33"}, {"HistoryDays": "89"}, {"HistoryDays": "3651"}, {"HostedZoneId": "/hostedzone/Z1"}, {"LockoutAlarm": "0"},
    {"TenantSize": "huge"}, {"ConcurrencyAlarm": "0"}, {"HealthCheck": "yes"},
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
    Change(("Rules", "DevEndpointsInDevAlone", "RuleCondition"), {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, before="defaults"),
    Change(("Rules", "DevEndpointsInDevAlone"), None, before="defaults"),
    Change(("Rules", "AlarmTopicInProd"), None, before="defaults"),
    Change(("Rules", "OwnAddressInProd"), None, before="defaults"),
    Change(("Rules", "OwnAddressInProd", "RuleCondition"), {"Fn::Equals": ["a", "a"]}, before="defaults"),
    Change(("Rules", "CertificateForDomain"), None, before="defaults"),
    Change(("Rules", "WarmThroughputOfBoth"), None, before="defaults"),
    Change(("Parameters", "Tenants", "AllowedPattern"), None),
    Change(("Parameters", "AlarmTopicArn", "AllowedPattern"), "^[A-Z-]*$|^arn:.*", before="defaults"),
    Change(("Parameters", "ThrottleRate", "MinValue"), None),
    Change(("Parameters", "DomainName", "AllowedPattern"), "a"),
)
def parameters(stack):
    chosen = {name: ",".join(v) if isinstance(v, list) else str(v) for name, v in stack.parameters.items()}
    yield from want("this stack's own", accepted(stack, chosen), True)
    for given in REFUSED:
        if accepted(stack, given):
            yield f"{given} is taken"
    taken = [PROD, {**PROD, "AdminEmail": "ada@example.net"}, {"AdminEmail": "owner@example.org"}, {"Stage": "dev", "DevEndpoints": "true"}]
    for given in taken:
        if not accepted(stack, given):
            yield f"{given} is refused"
    yield from samconfig_faults(stack)


def samconfig_faults(stack):
    """samconfig.toml as it is committed: each stage can be deployed, but for prod, where two things must be chosen."""
    chosen = {"AdminEmail": "ada@example.net", "AlarmTopicArn": PROD["AlarmTopicArn"]}
    for stage in ("default", "dev", "staging", "prod"):
        given = dict(one.split("=", 1) for one in SAMCONFIG[stage]["deploy"]["parameters"]["parameter_overrides"])
        missing = [name for name in chosen if stage == "prod" and accepted(stack, {**given, **chosen, name: given[name]})]
        yield from want(f"{stage} is taken without", missing, [])
        yield from want(f"{stage} is taken", accepted(stack, {**given, **(chosen if stage == "prod" else {})}), True)
