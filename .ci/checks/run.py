"""The functions: how they run, what they may do, and who may call them."""

import re

from . import Change, functions, holds, of, target, walk, want
from .edge import stated

ALIAS = "Aliaslive"
HASHING = {"Auth", "Users", "Roles", "Account", "Admin", "Registration", "Setup"}
FLOODED = {"Auth", "Account", "Admin", "Registration"}


@holds(
    "every function is traced as the parameter sets it, and may write its traces",
    Change(("Globals", "Function", "Tracing"), "PassThrough", before="defaults", also=("settings",)),
    of("UsersFunction", "TracingConfig"),
)
def tracing(stack):
    for name, function in functions(stack).items():
        yield from want(f"{name}", function.get("TracingConfig"), {"Mode": stack.parameters["Tracing"]})
        managed = stack.properties(f"{name}FunctionRole").get("ManagedPolicyArns", [])
        yield from want(f"traces of {name}", [arn for arn in managed if "Xray" in arn], ["arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"])


@holds(
    "every function is built for the processor and has the memory that the parameters set",
    of("UsersFunction", "Architectures", to=["arm64"]),
    of("UsersFunction", "MemorySize", to=512),
    Change(("Globals", "Function", "Architectures"), None, before="defaults"),
)
def processor(stack):
    for name, function in functions(stack).items():
        actual = (function.get("Architectures"), function.get("Runtime"), function.get("Handler"), function.get("MemorySize"))
        memory = stack.parameters["HashMemorySize" if name in HASHING else "MemorySize"]
        yield from want(name, actual, ([stack.parameters["Architecture"]], "provided.al2023", "bootstrap", memory))


@holds(
    "whom strangers can make hash has copies of its own where HashConcurrency sets it, and nobody else",
    of("AccountFunction", "ReservedConcurrentExecutions"),
    of("UsersFunction", "ReservedConcurrentExecutions", to=5),
    Change(("Conditions", "HasHashConcurrency"), {"Fn::Equals": ["a", "a"]}),
)
def concurrency(stack):
    for name, function in functions(stack).items():
        reserved = (stack.parameters["HashConcurrency"] or None) if name in FLOODED else None
        yield from want(name, function.get("ReservedConcurrentExecutions"), reserved)


@holds(
    "a function ends before its caller stops waiting: API Gateway does after 30 seconds",
    Change(("Globals", "Function", "Timeout"), None, before="defaults"),
    of("AuthFunction", "Timeout", to=60),
)
def timeouts(stack):
    asked = {id.removesuffix("Function") for _, id in stated(stack)}
    for name, function in functions(stack).items():
        longest = 29 if name in asked else 60
        if not 5 <= function.get("Timeout", 3) <= longest:
            yield f"{name} has {function.get('Timeout')} s"


MANAGED = {"service-role/AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}


@holds(
    "of AWS's own policies, which are for any resource, a role has those for logs and traces, and the outbox that for streams",
    of("MeFunctionRole", "ManagedPolicyArns", to=["arn:aws:iam::aws:policy/AdministratorAccess"], also=("tracing",)),
    of("MeFunction", "Policies", to=["AmazonDynamoDBFullAccess"], before="defaults"),
)
def managed_policies(stack):
    for name in functions(stack):
        id, role = f"{name}FunctionRole", stack.properties(f"{name}FunctionRole")
        expected = MANAGED | ({"service-role/AWSLambdaDynamoDBExecutionRole"} if id == "OutboxFunctionRole" else set())
        yield from want(id, sorted(arn.split(":policy/")[-1] for arn in role.get("ManagedPolicyArns", [])), sorted(expected))


@holds(
    "each function has a role of its own, which Lambda alone can take, and no other role is there but those of the health check and of CodeDeploy",
    of("AuthFunctionRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", to={"AWS": "*"}),
    of("MeFunction", "Role", to={"Fn::GetAtt": ["SetupFunctionRole", "Arn"]}),
    Change(("Resources", "OtherRole"), {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}, also=("bounded",)),
)
def roles(stack):
    for name, function in functions(stack).items():
        yield from want(f"role of {name}", target(function["Role"]), f"{name}FunctionRole")
    for id, role in stack.of("AWS::IAM::Role").items():
        if id in ("DeploymentRole", "HealthCheckRole"):
            continue
        taken = [(s["Effect"], s["Action"], s["Principal"]) for s in role["AssumeRolePolicyDocument"]["Statement"]]
        yield from want(id, taken, [("Allow", ["sts:AssumeRole"], {"Service": ["lambda.amazonaws.com"]})])
        if id.removesuffix("FunctionRole") not in functions(stack):
            yield f"{id} is no function's"


def called(reference):
    """The function that is called, by its alias: all but set-up are, which nothing shifts to a new version."""
    name = target(reference)
    function = name.removesuffix(ALIAS)
    return function if (function == "SetupFunction") == (function == name) else f"the wrong one of {function}"


PROFILE = "MeFunctionShowProfilePermission"


@holds(
    "a function is called by its own routes of this API, or by a schedule of this stack, the authorizer by this account's APIs, and by nothing else",
    of(PROFILE, "SourceArn"),
    of(PROFILE, "SourceArn", to="arn:aws:execute-api:eu-central-1:123456789012:*/*/GET/api/me/profile"),
    of(PROFILE, "Principal", to="*"),
    of(PROFILE, "FunctionName", to={"Ref": "SetupFunction"}),
    of(PROFILE, "FunctionName", to={"Ref": "MeFunction"}),
    of("RotationPermission", "SourceArn", to="arn:aws:events:eu-central-1:123456789012:rule/any"),
    of("AuthorizerPermission", "SourceArn"),
    of("AuthorizerPermission", "SourceArn", to="arn:aws:execute-api:eu-central-1:*:*/authorizers/*"),
    of("AuthorizerPermission", "FunctionName", to={"Ref": "MeFunction"}),
)
def permissions(stack):
    rules = {id: {called(one["Arn"]) for one in rule["Targets"]} for id, rule in stack.of("AWS::Events::Rule").items()}
    arn = "arn:aws:execute-api:eu-central-1:123456789012:${Api}/*/"
    calls = {}
    for (method, path), id in stated(stack):
        method, path = ("*" if method == "any" else method.upper()), re.sub(r"\{[^}]+\}", "*", path)
        calls.setdefault(id, set()).add(arn + ("*" if path == "/$default" else method + path))
    for id, permission in stack.of("AWS::Lambda::Permission").items():
        function, source = called(permission["FunctionName"]), permission.get("SourceArn")
        match permission["Principal"]:
            case "apigateway.amazonaws.com" if function == "AuthorizerFunction":
                allowed = source == "arn:aws:execute-api:eu-central-1:123456789012:*/authorizers/*"
            case "apigateway.amazonaws.com":
                allowed = isinstance(source, dict) and source.get("Fn::Sub") in calls.get(function, ())
            case "events.amazonaws.com":
                allowed = function in rules.get(target(source), ())
            case _:
                allowed = False
        if not allowed or permission["Action"] != "lambda:InvokeFunction":
            yield f"{id}: {permission}"


KINDS = {
    "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup",
    "AWS::DynamoDB::Table", "AWS::Events::ApiDestination", "AWS::Events::Connection", "AWS::Events::Rule", "AWS::IAM::Role",
    "AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function", "AWS::Lambda::Permission",
    "AWS::Lambda::Version", "AWS::Logs::LogGroup", "AWS::Logs::MetricFilter", "AWS::Route53::RecordSet", "AWS::SQS::Queue", "AWS::SecretsManager::Secret",
    "Custom::UsherSetup",
}


@holds(
    "nothing is made that was not thought of: no function's own address, no bucket, no policy that lets strangers in",
    Change(("Resources", "Open"), {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE"}}),
    Change(("Resources", "Open"), {"Type": "AWS::SQS::QueuePolicy"}),
    of("AuthFunction", "FunctionUrlConfig", to={"AuthType": "NONE"}, before="defaults", also=("permissions",)),
    of("Table", "ResourcePolicy", to={"PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*"}]}}),
)
def kinds(stack):
    for id, resource in stack.resources.items():
        if resource["Type"] not in KINDS:
            yield f"{id} is a {resource['Type']}"
        if "ResourcePolicy" in resource.get("Properties", {}):
            yield f"{id} has a policy of its own"


@holds(
    "the authorizer is where Authorizer is true and nowhere else, and is given its parameters, which are output",
    Change(("Resources", "AuthorizerFunction", "Condition"), None, before="defaults", also=("logs", "references", "watched")),
    Change(("Conditions", "HasAuthorizer"), {"Fn::Equals": ["a", "a"]}, also=("alarms", "dashboard", "watched")),
    of("AuthorizerFunction", "Environment", "Variables", "USHER_AUTHORIZER_CACHE_SECONDS", to=300),
    of("AuthorizerFunction", "Environment", "Variables", "USHER_AUTHORIZER_SIMPLE_RESPONSES"),
    Change(("Outputs", "AuthorizerCacheSeconds"), None),
)
def authorizer(stack):
    on = stack.parameters["Authorizer"] == "true"
    yield from want("resources", any(id.startswith("Authorizer") for id in stack.resources), on)
    if on:
        given = stack.properties("AuthorizerFunction")["Environment"]["Variables"]
        seconds = stack.parameters["AuthorizerCacheSeconds"]
        yield from want("cache", given.get("USHER_AUTHORIZER_CACHE_SECONDS"), seconds)
        simple = stack.parameters["AuthorizerSimpleResponses"]
        yield from want("responses", given.get("USHER_AUTHORIZER_SIMPLE_RESPONSES"), simple)
        yield from want("output", stack.outputs.get("AuthorizerCacheSeconds", {}).get("Value"), seconds)
        yield from want("ARN", stack.outputs["AuthorizerArn"]["Value"], {"Ref": f"AuthorizerFunction{ALIAS}"})


DEV = {("post", "/api/auth/login-dev"), ("post", "/api/auth/dev-token")}


@holds(
    "logins without a password are where DevEndpoints is true and nowhere else: their function, its role, its routes",
    Change(("Resources", "AuthDevFunction", "Condition"), None, before="defaults", also=("integrations", "logs", "references")),
    Change(("Resources", "AuthDevFunctionRole", "Condition"), None, also=("roles",)),
    Change(("Conditions", "HasDevEndpoints"), {"Fn::Equals": ["a", "a"]}),
    of("Api", "Body", "paths", "/api/auth/dev-token", to={"post": {}}, also=("integrations",)),
)
def dev(stack):
    on = stack.parameters["DevEndpoints"] == "true"
    paths = stack.properties("Api")["Body"]["paths"]
    yield from want("routes", sorted(path for _, path in DEV if path in paths), sorted(path for _, path in DEV) if on else [])
    yield from want("resources", any(id.startswith("AuthDev") for id in stack.resources), on)


@holds(
    "whatever is referred to is there, under every condition",
    of("Setup", "AdminEmail", to={"Ref": "Nobody"}),
    of("Dashboard", "DashboardName", to={"Fn::Sub": "${Nobody}"}, also=("dashboard",)),
    Change(("Resources", "ApiLog"), None, also=("logs",)),
)
def references(stack):
    for id, resource in [*stack.resources.items(), *stack.outputs.items()]:
        for value in walk(resource):
            if isinstance(value, dict) and len(value) == 1 and {"Ref", "Fn::GetAtt", "Fn::Sub"} & set(value):
                names = re.findall(r"\$\{(\w+)", value["Fn::Sub"]) if "Fn::Sub" in value else [target(value)]
                for name in names:
                    if name not in stack.resources:
                        yield f"{id} refers to {name}"


@holds(
    "set-up runs when it is deployed, and rotation every month, both with the environment of today",
    of("Setup", "ServiceToken", to={"Ref": "SetupFunctionAliaslive"}),
    of("Setup", "Build"),
    of("Rotation", "State", to="DISABLED"),
    of("Rotation", "Targets", 0, "Arn", to={"Ref": "SetupFunctionAliaslive"}, also=("permissions",)),
    of("SetupFunction", "DeadLetterConfig"),
    Change(("Resources", "Setup", "DeletionPolicy"), "Delete"),
)
def setup(stack):
    function = {"Fn::GetAtt": ["SetupFunction", "Arn"]}
    yield from want("Setup calls", stack.properties("Setup")["ServiceToken"], function)
    yield from want("Build", target(stack.properties("Setup").get("Build")) in stack.of("AWS::Lambda::Version"), True)
    rule = stack.properties("Rotation")
    yield from want("Rotation calls", [one["Arn"] for one in rule["Targets"]], [function])
    yield from want("Rotation", (rule["ScheduleExpression"], rule.get("State", "ENABLED")), ("cron(0 4 * * ? *)", "ENABLED"))
    yield from want("dead letters", target(stack.properties("SetupFunction").get("DeadLetterConfig", {}).get("TargetArn", {"Ref": ""})), "DeadLetters")
    yield from want("DeletionPolicy", stack.resources["Setup"].get("DeletionPolicy"), "Retain")


@holds(
    "mail is sent from the stream and by the clock where there is a sender, and what fails is kept",
    of("OutboxFunctionAsked", "Enabled", to=True),
    of("OutboxFunction", "Events", "Due", "Properties", "State", to="ENABLED", before="defaults"),
    of("OutboxFunctionAsked", "DestinationConfig"),
    of("OutboxFunctionAsked", "FunctionResponseTypes"),
    of("OutboxFunctionAsked", "FilterCriteria"),
)
def mail(stack):
    stream, clock = stack.properties("OutboxFunctionAsked"), stack.properties("OutboxFunctionDue")
    sends = stack.parameters["MailFrom"] != ""
    yield from want("stream", stream["Enabled"], sends)
    yield from want("clock", clock["State"], "ENABLED" if sends else "DISABLED")
    kept = stream.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", {"Ref": ""})
    yield from want("what fails", target(kept), "DeadLetters")
    yield from want("of a batch", stream.get("FunctionResponseTypes"), ["ReportBatchItemFailures"])
    yield from want("filter", "MAIL#" in str(stream.get("FilterCriteria")), True)
