"""The health check: who asks for /health, and what notices that it fails."""

from . import Change, holds, of, target, want
from .watch import measured


@holds(
    "/health is asked for each minute at the address of the stack, by a role that can do nothing else, and what fails is not tried again until it succeeds",
    of("HealthCheckRule", "Targets", 0, "RetryPolicy"),
    of("HealthCheckRule", "Targets", 0, "RoleArn"),
    of("HealthCheckRule", "ScheduleExpression", to="rate(1 hour)"),
    of("HealthCheckRule", "State", to="DISABLED"),
    of("HealthCheckDestination", "InvocationEndpoint", to="https://id.example.org/docs"),
    of("HealthCheckDestination", "HttpMethod", to="POST"),
    of("HealthCheckRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", to={"AWS": "*"}),
    of("HealthCheckRole", "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
    of("HealthCheckRole", "Policies", 0, "PolicyDocument", "Statement", 0, "Action", to="events:*"),
    of("HealthCheckRole", "Policies", 0, "PolicyDocument", "Statement", 0, "Resource", to="*"),
    of("HealthCheckRole", "ManagedPolicyArns", to=["arn:aws:iam::aws:policy/AdministratorAccess"]),
    of("HealthCheckFailed", "Metrics", 0, "Expression", to="FILL(called, 0) - FILL(failed, 0)"),
    of("HealthCheckFailed", "Metrics", 1, "MetricStat", "Metric", "Dimensions", 0, "Name", to="Rule"),
    Change(("Resources", "HealthCheckRole", "Condition"), None, before="dev", also=("references",)),
    Change(("Conditions", "ChecksHealth"), {"Fn::Equals": ["a", "b"]}, also=("alarms", "dashboard")),
    Change(("Conditions", "HasOriginSecret"), {"Fn::Equals": ["a", "b"]}, also=("alarms", "dashboard", "origin_secret")),
)
def health_check(stack):
    made = sorted(id for id in stack.resources if id.startswith("HealthCheck"))
    on = stack.parameters["HealthCheck"] == "true" and not stack.parameters["OriginSecretArn"]
    yield from want("resources", made, [f"HealthCheck{one}" for one in ("Connection", "Destination", "Failed", "Role", "Rule")] if on else [])
    if not {"HealthCheckRule", "HealthCheckRole", "HealthCheckFailed"} <= set(made):
        return
    rule, destination = stack.properties("HealthCheckRule"), stack.properties("HealthCheckDestination")
    yield from want("rule", (rule["ScheduleExpression"], rule.get("State", "ENABLED")), ("rate(1 minute)", "ENABLED"))
    (called,) = rule["Targets"]
    yield from want("calls", (target(called["Arn"]), target(called.get("RoleArn"))), ("HealthCheckDestination", "HealthCheckRole"))
    yield from want("tries", called.get("RetryPolicy", {}).get("MaximumRetryAttempts"), 0)
    asked = (destination["HttpMethod"], destination["InvocationEndpoint"])
    base = stack.outputs["ApiUrl"]["Value"]
    yield from want("asks", asked, ("GET", {"Fn::Sub": base["Fn::Sub"] + "/health"} if isinstance(base, dict) else base + "/health"))
    yield from role_faults(stack.properties("HealthCheckRole"))
    expression, *metrics = stack.properties("HealthCheckFailed")["Metrics"]
    yield from want("expression", expression["Expression"], "called - FILL(failed, 0)")
    watched = [(namespace, name, {key: target(value) for key, value in dimensions.items()}) for namespace, name, dimensions in measured({"Metrics": metrics})]
    of_rule = {"RuleName": "HealthCheckRule"}
    yield from want("watched", watched, [("AWS/Events", "Invocations", of_rule), ("AWS/Events", "FailedInvocations", of_rule)])


def role_faults(role):
    (taken,) = role["AssumeRolePolicyDocument"]["Statement"]
    condition = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    expected = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["events.amazonaws.com"]}, "Condition": condition}
    yield from want("role taken by", taken, expected)
    (policy,) = role["Policies"]
    allowed = {"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": {"Fn::GetAtt": ["HealthCheckDestination", "Arn"]}}
    yield from want("role", policy["PolicyDocument"]["Statement"], [allowed])
    yield from want("managed policies", role.get("ManagedPolicyArns"), None)
