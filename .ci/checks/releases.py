"""Releases: versions and who calls them, what goes back, what is kept started; and who signs and bounds."""

import re

from . import Change, functions, holds, of, target, walk, want
from .run import ALIAS
from .edge import stated

# What answers requests in every stack.
DEV = "AuthDev"


def of_api(stack):
    """The functions that answer the API's requests in every stack, by their names."""
    asked = {id.removesuffix("Function") for _, id in stated(stack)} - {DEV}
    return {name: function for name, function in functions(stack).items() if name in asked}


@holds(
    "a change of anything of a function is a version of its own, which its alias points to",
    Change(("Globals", "Function", "AutoPublishAliasAllProperties"), None, before="defaults"),
    of(f"MeFunction{ALIAS}", "FunctionVersion", to="$LATEST"),
)
def versions(stack):
    for name in functions(stack):
        version = target(stack.properties(f"{name}Function{ALIAS}").get("FunctionVersion"))
        made = stack.of("AWS::Lambda::Version").get(version, {})
        yield from want(f"alias of {name}", target(made.get("FunctionName")), f"{name}Function")
    yield from want("whatever changes", stack.source["Globals"]["Function"].get("AutoPublishAliasAllProperties"), True)


# What a version keeps of a function that a parameter can set. A build for another processor is other code.
VERSIONED = {"Description", "Environment", "Handler", "LoggingConfig", "MemorySize", "Timeout", "Tracing"}


def parameters_in(source, value):
    """The parameters that a value of the template depends on, by conditions as well."""
    found = set()
    for one in walk(value):
        if not isinstance(one, dict) or len(one) != 1:
            continue
        ((function, to),) = one.items()
        if function == "Ref":
            found |= {to} & set(source["Parameters"])
        elif function == "Fn::Sub":
            found |= set(re.findall(r"\$\{(\w+)\}", to)) & set(source["Parameters"])
        elif function in ("Fn::If", "Condition"):
            condition = to[0] if function == "Fn::If" else to
            found |= parameters_in(source, source["Conditions"][condition])
        elif function == "Fn::GetAtt" and to == ["Setup", "Settings"]:
            found |= parameters_in(source, source["Resources"]["Setup"]["Properties"]["Settings"])
    return found


@holds(
    "a parameter's new value is a new version of each function that has it, and of no other (SAM itself makes none for it)",
    Change(("Resources", "MeFunction", "Properties", "VersionDescription"), None, before="defaults"),
    Change(("Resources", "OutboxFunction", "Properties", "VersionDescription"), {"Fn::Sub": "${Setup.Settings} ${MemorySize}"}, before="defaults"),
    Change(("Resources", "MeFunction", "Properties", "VersionDescription"), {"Fn::Sub": "${Setup.Settings} ${MemorySize} ${MailFrom}"}, before="defaults"),
    Change(("Resources", "Setup", "Properties", "Settings", "LogLevel"), None, before="defaults"),
    Change(("Resources", "Setup", "Properties", "Settings", "LogRetentionDays"), {"Ref": "LogRetentionDays"}, before="defaults"),
)
def settings(stack):
    source, common = stack.source, stack.source["Globals"]["Function"]
    for id, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function" and id != "SetupFunction":
            own = resource["Properties"]
            kept = [common.get("Environment", {}), own.get("Environment", {}), *({**common, **own}.get(name, {}) for name in VERSIONED)]
            kept.append(common.get("LoggingConfig", {}))
            shown = str(own.get("VersionDescription", {}).get("Fn::Sub", ""))
            digest = [{"Fn::GetAtt": ["Setup", "Settings"]}] if "${Setup.Settings}" in shown else []
            yield from want(id, sorted(parameters_in(source, [{"Fn::Sub": shown}, *digest])), sorted(parameters_in(source, kept)))


@holds(
    "no function but set-up changes before set-up has run",
    Change(("Resources", "UsersFunction", "DependsOn"), None),
    Change(("Resources", "AuthFunction", "DependsOn"), "Table"),
)
def after_setup(stack):
    for name in functions(stack):
        waits = stack.resources[f"{name}Function"].get("DependsOn")
        yield from want(name, waits, None if name == "Setup" else "Setup")


@holds(
    "CodeDeploy shifts every function but set-up where Deployment asks for it, and goes back by both alarms",
    Change(("Mappings", "CodeDeploy", "Canary10Percent5Minutes", "Enabled"), False, before="prod"),
    Change(("Mappings", "CodeDeploy", "AllAtOnce", "Enabled"), True, before="defaults"),
    of("MeFunctionDeploymentGroup", "AlarmConfiguration", "Alarms", to=[{"Name": {"Ref": "ReleaseErrors"}}]),
    of("MeFunctionDeploymentGroup", "AutoRollbackConfiguration", "Enabled", to=False),
    of("MeFunctionDeploymentGroup", "DeploymentConfigName", to="CodeDeployDefault.LambdaAllAtOnce"),
    Change(("Resources", f"MeFunction{ALIAS}", "UpdatePolicy"), None),
    of("SetupFunction", "DeploymentPreference", "Enabled", to=True, before="prod"),
)
def shifting(stack):
    kind = stack.parameters["Deployment"]
    shifted = [] if kind == "AllAtOnce" else [f"{name}Function" for name in functions(stack) if name != "Setup"]
    groups = stack.of("AWS::CodeDeploy::DeploymentGroup")
    yield from want("groups", sorted(groups), sorted(f"{id}DeploymentGroup" for id in shifted))
    yield from want("applications", len(stack.of("AWS::CodeDeploy::Application")), 1 if shifted else 0)
    for id in shifted:
        update = stack.resources[f"{id}{ALIAS}"].get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {})
        yield from want(f"update of {id}", target(update.get("DeploymentGroupName")), f"{id}DeploymentGroup")
    for id, group in groups.items():
        yield from want(f"type of {id}", group["DeploymentConfigName"], f"CodeDeployDefault.Lambda{kind}")
        alarms = group.get("AlarmConfiguration", {})
        watched = [target(one.get("Name")) for one in alarms.get("Alarms", [])] if alarms.get("Enabled") else []
        yield from want(f"alarms of {id}", watched, ["ReleaseErrors", "ReleaseCrashes"])
        back = group["AutoRollbackConfiguration"]
        yield from want(f"{id} goes back", back["Enabled"] and "DEPLOYMENT_STOP_ON_ALARM" in back["Events"], True)
        yield from want(f"role of {id}", target(group.get("ServiceRoleArn")), "DeploymentRole")


@holds(
    "the alarms that a release goes back by see every function of the API, and are no resource that is made after the aliases",
    of("ReleaseCrashes", "Metrics", 3),
    of("ReleaseCrashes", "Metrics", 1, "MetricStat", "Metric", "MetricName", to="Throttles"),
    of("ReleaseErrors", "Dimensions", to=[{"Name": "ApiId", "Value": {"Ref": "Api"}}], also=("watched",)),
    Change(("Resources", "ReleaseErrors", "Condition"), None),
)
def release_alarms(stack):
    on = stack.parameters["Deployment"] != "AllAtOnce"
    made = sorted(id for id in stack.of("AWS::CloudWatch::Alarm") if id.startswith("Release"))
    yield from want("alarms", made, ["ReleaseCrashes", "ReleaseErrors"] if on else [])
    if on:
        inner = [one["MetricStat"]["Metric"] for one in stack.properties("ReleaseCrashes")["Metrics"] if "MetricStat" in one]
        seen = sorted((one["MetricName"], target(one["Dimensions"][0]["Value"])) for one in inner)
        yield from want("ReleaseCrashes", seen, sorted(("Errors", f"{name}Function") for name in of_api(stack)))
        yield from want("ReleaseErrors", stack.properties("ReleaseErrors").get("Dimensions"), None)


@holds(
    "copies of the API's functions are kept started where ProvisionedConcurrency sets it, and of no other",
    of(f"AuthFunction{ALIAS}", "ProvisionedConcurrencyConfig"),
    of("SetupFunction", "ProvisionedConcurrencyConfig", to={"ProvisionedConcurrentExecutions": 1}, before="defaults"),
)
def provisioned(stack):
    copies = stack.parameters["ProvisionedConcurrency"]
    for name in functions(stack):
        kept = stack.properties(f"{name}Function{ALIAS}").get("ProvisionedConcurrencyConfig")
        expected = {"ProvisionedConcurrentExecutions": copies} if copies and name in of_api(stack) else None
        yield from want(name, kept, expected)


@holds(
    "every role has the permissions boundary, and every function's code is signed, where the parameters ask for it",
    of("MeFunctionRole", "PermissionsBoundary"),
    of("DeploymentRole", "PermissionsBoundary"),
    of("MeFunction", "CodeSigningConfigArn"),
    Change(("Globals", "Function", "PermissionsBoundary"), "arn:aws:iam::123456789012:policy/other", before="defaults"),
)
def bounded(stack):
    for id, role in stack.of("AWS::IAM::Role").items():
        yield from want(id, role.get("PermissionsBoundary"), stack.parameters["PermissionsBoundary"] or None)
    for name, function in functions(stack).items():
        yield from want(name, function.get("CodeSigningConfigArn"), stack.parameters["CodeSigningConfigArn"] or None)


@holds(
    "what CodeDeploy acts as is a role of its own, which CodeDeploy alone can take, with AWS's policy for Lambda",
    of("DeploymentRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", to={"AWS": "*"}),
    of("DeploymentRole", "ManagedPolicyArns", to=["arn:aws:iam::aws:policy/AdministratorAccess"]),
)
def deployment_role(stack):
    if stack.parameters["Deployment"] != "AllAtOnce":
        role = stack.properties("DeploymentRole")
        taken = [(s["Effect"], s["Action"], s["Principal"]) for s in role["AssumeRolePolicyDocument"]["Statement"]]
        yield from want("taken", taken, [("Allow", ["sts:AssumeRole"], {"Service": ["codedeploy.amazonaws.com"]})])
        yield from want("policies", role["ManagedPolicyArns"], ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"])
