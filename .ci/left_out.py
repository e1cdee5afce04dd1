"""What the emulator of AWS cannot do, by name: each entry edits the transformed template, and states why.

An entry that finds nothing to edit fails: it has to go then.
"""

import re
from typing import Callable, NamedTuple


class LeftOut(NamedTuple):
    """What is left out, why, and the function that does so and answers how many places it edited."""

    what: str
    why: str
    edit: Callable


def of(template, kind):
    return {id: one for id, one in template["Resources"].items() if one["Type"] == kind}


def routes(template):
    """The routes of an API's OpenAPI body as resources of their own: what importing the body makes of it on AWS."""
    made = 0
    for id, api in of(template, "AWS::ApiGatewayV2::Api").items():
        body = api["Properties"].pop("Body", {})
        api["Properties"].pop("FailOnWarnings", None)
        api["Properties"] |= {"Name": body["info"]["title"], "ProtocolType": "HTTP"}
        if cors := body.get("x-amazon-apigateway-cors"):
            api["Properties"]["CorsConfiguration"] = capitalized(cors)
        for path, operations in body["paths"].items():
            operations, of_path = conditional(operations)
            for method, operation in operations.items():
                operation, own = conditional(operation)
                made += 1
                template["Resources"] |= route(id, made, key(path, method), operation["x-amazon-apigateway-integration"], own or of_path)
    return made


def conditional(value):
    """What is there where a condition holds, and the condition."""
    condition, there, _ = value.get("Fn::If", (None, value, None))
    return there, condition


def key(path, method):
    if path == "/$default":
        return "$default"
    return f"{'ANY' if method == 'x-amazon-apigateway-any-method' else method.upper()} {path}"


def route(api, number, key, integration, condition):
    only = {"Condition": condition} if condition else {}
    integrated = {
        "ApiId": {"Ref": api}, "IntegrationType": "AWS_PROXY", "IntegrationUri": integration["uri"],
        "PayloadFormatVersion": integration["payloadFormatVersion"],
    }
    target = {"Fn::Join": ["/", ["integrations", {"Ref": f"{api}Integration{number}"}]]}
    return {
        f"{api}Integration{number}": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integrated, **only},
        f"{api}Route{number}": {
            "Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": api}, "RouteKey": key, "Target": target}, **only,
        },
    }


def capitalized(cors):
    return {name[0].upper() + name[1:]: value for name, value in cors.items()}


def metric_math(template):
    """Alarms stay, so that whatever names them does: each watches the first of its metrics alone."""
    alarms = [one["Properties"] for one in of(template, "AWS::CloudWatch::Alarm").values() if "Metrics" in one["Properties"]]
    for alarm in alarms:
        metrics = alarm.pop("Metrics")
        stat = next(metric["MetricStat"] for metric in metrics if "MetricStat" in metric)
        alarm |= {**stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}
    return len(alarms)


def secrets_by_arn(template):
    """A reference to a secret is its ARN, which is its attribute `Id` as well."""
    secrets = of(template, "AWS::SecretsManager::Secret")
    edited = 0

    def mended(value):
        nonlocal edited
        if isinstance(value, dict):
            if list(value) == ["Ref"] and value["Ref"] in secrets:
                edited += 1
                return {"Fn::GetAtt": [value["Ref"], "Id"]}
            return {name: mended(one) for name, one in value.items()}
        return [mended(one) for one in value] if isinstance(value, list) else value

    template |= mended(template)
    return edited


def api_destinations(template):
    """The rule stays, so that what counts its calls does, and calls nothing."""
    rules = [one["Properties"] for one in of(template, "AWS::Events::Rule").values()]
    destinations = of(template, "AWS::Events::ApiDestination")
    taken = {*destinations, *of(template, "AWS::Events::Connection")}
    for rule in rules:
        called = [one for one in rule["Targets"] if one["Arn"].get("Fn::GetAtt", [None])[0] in destinations]
        taken |= {one["RoleArn"]["Fn::GetAtt"][0] for one in called}
        rule["Targets"] = [one for one in rule["Targets"] if one not in called]
    for id in taken:
        del template["Resources"][id]
    return len(destinations)


LEFT_OUT = [
    LeftOut("Body of the HTTP API", "no import of an OpenAPI body: its routes are made one by one", routes),
    LeftOut("metric math of alarms", "alarms over one metric only: each watches the first of its metrics", metric_math),
    LeftOut("API destinations", "a rule calls no address outside AWS: that of the health check calls nothing", api_destinations),
    LeftOut("Ref of secrets", "it is a secret's name there, and not its ARN: the attribute Id, which is the ARN, stands in", secrets_by_arn),
]


def leave_out(template):
    """Edits the template; a line for each entry."""
    for one in LEFT_OUT:
        count = one.edit(template)
        if not count:
            raise SystemExit(f"left_out.py: {one.what}: there is nothing to leave out any more")
        yield f"{one.what} ({count}): {one.why}"
