"""The numbers of docs/cost.md that are the template's."""

from pathlib import Path

from . import Change, holds, of
from .edge import HEAVY
from .watch import OWN

DOCUMENT = Path(__file__).parent.parent.parent / "docs/cost.md"


def counted(stack):
    """The template's resources as they are where nothing is set, by their kinds, whatever became of them since."""
    values = type(stack.values)(stack.source, {})
    kinds = {}
    for id, resource in stack.source["Resources"].items():
        if id != "AuthDevFunction" and values.holds(resource.get("Condition", {"Fn::Equals": ["", ""]})):
            kinds.setdefault(resource["Type"], []).append(values.resolve(resource.get("Properties", {})))
    return kinds


def measured(alarm):
    """How many metrics an alarm is paid for by."""
    return sum("MetricStat" in one for one in alarm["Metrics"]) if "Metrics" in alarm else 1


@holds(
    "docs/cost.md counts the routes, throttles, alarms, metrics and secrets that a stack has",
    Change(("Resources", "Another"), {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {"PasswordLength": 64}}}, before="defaults"),
    Change(("Parameters", "ThrottleRate", "Default"), 100, before="defaults"),
    of("MeFunction", "Events", "Permissions", before="defaults"),
    of("HashThrottles", "Metrics", 2, before="defaults", also=("watched",)),
)
def cost(stack):
    if stack.name != "defaults":
        return
    document, kinds = DOCUMENT.read_text(), counted(stack)
    events = [event for one in kinds["AWS::Serverless::Function"] for event in one.get("Events", {}).values()]
    every = sum(event["Type"] == "HttpApi" for event in events)
    alarms = kinds["AWS::CloudWatch::Alarm"]
    expected = [
        f"of {every} routes", f"{every} × 20", f"each takes {stack.source['Parameters']['ThrottleRate']['Default']} a second",
        f"{len(alarms)}, over {sum(map(measured, alarms))} metrics", f"{len(kinds['AWS::SecretsManager::Secret'])} × 0.40",
        f"{len(OWN)} × 0.30 = {len(OWN) * 0.30:.2f}", *(f"`{route}`" for route in HEAVY), f"answered {HEAVY['GET /openapi.json'][0]} a second",
        f"at {HEAVY['GET /docs'][0]} a second", f"at {HEAVY['GET /set-password'][0]} a second",
    ]
    for text in expected:
        if text not in document:
            yield f"there is no `{text}`"
