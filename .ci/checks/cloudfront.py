"""The stack of edge.yaml: what CloudFront keeps, passes on and shows, and what the firewall refuses."""

import json
import re
from pathlib import Path

from . import Change, holds, of, want

RUNBOOKS = Path(__file__).parent.parent.parent / "docs/edge.md"
DISTRIBUTION = ("Distribution", "DistributionConfig")
DEFAULT = (*DISTRIBUTION, "DefaultCacheBehavior")
DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
PUBLIC = ["/.well-known/*", "/openapi.json", "/docs", "/set-password"]


def config(stack):
    return stack.properties("Distribution")["DistributionConfig"]


@holds(
    "viewers and the API are spoken to over TLS 1.2 at least, under the API's own name, and behind the firewall",
    of(*DEFAULT, "ViewerProtocolPolicy", to="allow-all"),
    of(*DISTRIBUTION, "CacheBehaviors", 1, "ViewerProtocolPolicy", to="redirect-to-https"),
    of(*DISTRIBUTION, "ViewerCertificate", "MinimumProtocolVersion", to="TLSv1"),
    of(*DISTRIBUTION, "Origins", 0, "CustomOriginConfig", "OriginProtocolPolicy", to="match-viewer"),
    of(*DISTRIBUTION, "Aliases"),
    of(*DISTRIBUTION, "WebACLId"),
)
def transport(stack):
    made = config(stack)
    policies = sorted({one["ViewerProtocolPolicy"] for one in [made["DefaultCacheBehavior"], *made["CacheBehaviors"]]})
    yield from want("viewers", policies, ["https-only"])
    yield from want("TLS", made["ViewerCertificate"]["MinimumProtocolVersion"], "TLSv1.2_2021")
    origin = made["Origins"][0]["CustomOriginConfig"]
    yield from want("origin", (origin["OriginProtocolPolicy"], origin["OriginSSLProtocols"]), ("https-only", ["TLSv1.2"]))
    yield from want("names", made.get("Aliases"), [stack.parameters["DomainName"]])
    yield from want("firewall", made.get("WebACLId"), {"Fn::GetAtt": ["WebAcl", "Arn"]})


@holds(
    "nothing of a caller's is kept: only what is public, by its own word, under its host, and by nothing that is not in its key",
    of(*DEFAULT, "CachePolicyId", to={"Ref": "PublicPolicy"}),
    of(*DISTRIBUTION, "CacheBehaviors", 0, "PathPattern", to="/api/*"),
    of(*DISTRIBUTION, "CacheBehaviors", 0, "OriginRequestPolicyId", to={"Ref": "ViewerPolicy"}),
    of("PublicPolicy", "CachePolicyConfig", "DefaultTTL", to=60),
    of("PublicPolicy", "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin", "HeadersConfig", "Headers", to=["Origin"]),
)
def caching(stack):
    made = config(stack)
    yield from want("default", made["DefaultCacheBehavior"]["CachePolicyId"], DISABLED)
    yield from want("kept", [one["PathPattern"] for one in made["CacheBehaviors"]], PUBLIC)
    for one in made["CacheBehaviors"]:
        # AWS's CORS-S3Origin: Origin, and the two headers of a preflight.
        given = (one["CachePolicyId"], one["OriginRequestPolicyId"], one["CachedMethods"])
        yield from want(one["PathPattern"], given, ({"Ref": "PublicPolicy"}, "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", ["GET", "HEAD"]))
    policy = stack.properties("PublicPolicy")["CachePolicyConfig"]
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    actual = (policy["MinTTL"], policy["DefaultTTL"], key["HeadersConfig"]["Headers"], key["CookiesConfig"], key["QueryStringsConfig"])
    yield from want("policy", actual, (0, 0, ["Host", "Origin"], {"CookieBehavior": "none"}, {"QueryStringBehavior": "none"}))


# Those for which CloudFront takes a time of one's own.
REFUSALS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]


@holds(
    "no refusal is kept, and none is answered in other words than the API's",
    of(*DISTRIBUTION, "CustomErrorResponses", 2),
    of(*DISTRIBUTION, "CustomErrorResponses", 2, "ErrorCachingMinTTL", to=10),
    of(*DISTRIBUTION, "CustomErrorResponses", 1, "ResponsePagePath", to="/docs"),
)
def refusals(stack):
    actual = config(stack).get("CustomErrorResponses", [])
    yield from want("refusals", actual, [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in REFUSALS])


@holds(
    "the API is shown all of a request, its host and from where it came in CloudFront's words, and no header is set for it",
    of("ViewerPolicy", "OriginRequestPolicyConfig", "HeadersConfig", "HeaderBehavior", to="allViewer"),
    of("ViewerPolicy", "OriginRequestPolicyConfig", "HeadersConfig", "Headers", to=["CloudFront-Viewer-Country"]),
    of("ViewerPolicy", "OriginRequestPolicyConfig", "QueryStringsConfig", "QueryStringBehavior", to="none"),
    of(*DEFAULT, "OriginRequestPolicyId"),
    of(*DEFAULT, "AllowedMethods", to=["GET", "HEAD"]),
    of(*DEFAULT, "ResponseHeadersPolicyId", to="67f7725c-6f97-4210-82d7-5512b31e9d03"),
)
def passed_on(stack):
    made = config(stack)["DefaultCacheBehavior"]
    policy = stack.properties("ViewerPolicy")["OriginRequestPolicyConfig"]
    headers = {"HeaderBehavior": "allViewerAndWhitelistCloudFront", "Headers": ["CloudFront-Viewer-Address"]}
    yield from want("headers", policy["HeadersConfig"], headers)
    yield from want("query", policy["QueryStringsConfig"], {"QueryStringBehavior": "all"})
    yield from want("cookies", policy["CookiesConfig"], {"CookieBehavior": "all"})
    yield from want("policy", made.get("OriginRequestPolicyId"), {"Ref": "ViewerPolicy"})
    yield from want("methods", len(made["AllowedMethods"]), 7)
    yield from want("headers of answers", made.get("ResponseHeadersPolicyId"), None)


@holds(
    "the secret is generated, is where the API is, is sent as X-Origin-Secret and stands nowhere as text",
    of("OriginSecret", "GenerateSecretString", "PasswordLength", to=16),
    of("OriginSecret", "ReplicaRegions"),
    of(*DISTRIBUTION, "Origins", 0, "OriginCustomHeaders", 0, "HeaderName", to="X-Secret"),
    of(*DISTRIBUTION, "Origins", 0, "OriginCustomHeaders", 0, "HeaderValue", to="k3yk3yk3yk3yk3yk3yk3yk3yk3yk3y"),
    of(*DISTRIBUTION, "Origins", 0, "OriginCustomHeaders", 0, "HeaderValue", "Fn::Sub", 1, "Secret", to="another"),
    Change(("Outputs", "OriginSecretArn", "Value"), {"Ref": "OriginSecret"}),
)
def secret(stack):
    given, region = stack.parameters["OriginSecretArn"], stack.parameters["OriginRegion"]
    made = stack.properties("OriginSecret")
    yield from want("made", bool(made), not given)
    if made:
        yield from want("generated", made["GenerateSecretString"], {"PasswordLength": 64, "ExcludePunctuation": True})
        replicas = None if region == "us-east-1" else [{"Region": region}]
        yield from want("replicas", made.get("ReplicaRegions"), replicas)
        arn = json.dumps(stack.outputs["OriginSecretArn"]["Value"])
        yield from want("output", f"arn:aws:secretsmanager:{region}:123456789012:secret:" in arn, True)
    header = config(stack)["Origins"][0]["OriginCustomHeaders"][0]
    text = "{{resolve:secretsmanager:%s:SecretString:::%s}}" % (given or "${OriginSecret}", stack.parameters["OriginSecretVersion"])
    yield from want("header", header, {"HeaderName": "X-Origin-Secret", "HeaderValue": text if given else {"Fn::Sub": text}})


RULES = ("WebAcl", "Rules")
CALLED_BY_STRANGERS = re.compile(r"POST (/api/auth|/auth|/v1/auth|/v1/user)/")
# A program calls these, for each request that it gets or each session that it keeps, and all from one address.
BY_PROGRAMS = {
    "/api/auth/refresh", "/api/auth/revoke", "/api/auth/introspect", "/api/auth/logout", "/v1/auth/refresh",
    "/v1/auth/logout", "/v1/user/token/verify", "/v1/user/token/renew",
}


def sentence(rule, *more):
    return (*RULES, rule, "Statement", *more)


@holds(
    "an address is held to a number of requests, and to a smaller one of those that log in or send a mail",
    of(*sentence(0, "RateBasedStatement", "Limit"), to=100000),
    of(*sentence(0, "RateBasedStatement", "ScopeDownStatement", "RegexMatchStatement", "RegexString"), to="^/api/auth/token$"),
    of(*sentence(0, "RateBasedStatement", "ScopeDownStatement", "RegexMatchStatement", "RegexString"), to="^/.*"),
    of(*sentence(0, "RateBasedStatement", "ScopeDownStatement", "RegexMatchStatement", "TextTransformations"), to=[{"Priority": 0, "Type": "NONE"}]),
    of(*sentence(1, "RateBasedStatement", "Limit"), to=100000),
    of(*RULES, 1, "Action", to={"Count": {}}),
)
def rates(stack):
    logins, requests = stack.properties("WebAcl")["Rules"][:2]
    for rule, limit in ((logins, "LoginRateLimit"), (requests, "RateLimit")):
        rate = rule["Statement"]["RateBasedStatement"]
        yield from want(limit, (rate["Limit"], rate["AggregateKeyType"]), (stack.parameters[limit], "IP"))
        answer = rule["Action"].get("Block", {}).get("CustomResponse", {})
        yield from want(f"answer of {limit}", answer.get("ResponseCode"), 429)
    match = logins["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["RegexMatchStatement"]
    changes = [one["Type"] for one in match["TextTransformations"]]
    yield from want("as it is written", changes, ["URL_DECODE", "LOWERCASE"])
    routes = (Path(__file__).parent.parent.parent / "routes.txt").read_text().splitlines()
    for route in filter(CALLED_BY_STRANGERS.match, routes):
        path = re.sub(r"\{\w+\}", "jane@example.org", route.split()[1])
        yield from want(path, bool(re.search(match["RegexString"], path)), path not in BY_PROGRAMS)
    for path in ("/api/users", "/api/me/profile", "/health", "/v1/admin/users"):
        yield from want(path, bool(re.search(match["RegexString"], path)), False)


MANAGED = {
    "AWSManagedRulesAmazonIpReputationList": [],
    "AWSManagedRulesKnownBadInputsRuleSet": ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"],
    "AWSManagedRulesCommonRuleSet": [
        "SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY",
        "NoUserAgent_HEADER",
    ],
}


@holds(
    "known attacks are refused, and no text of a body is: a password may look like one",
    of(*RULES, 4, "Statement", "ManagedRuleGroupStatement", "RuleActionOverrides", 1),
    of(*RULES, 3, "Statement", "ManagedRuleGroupStatement", "RuleActionOverrides"),
    of(*RULES, 2, "OverrideAction", to={"Count": {}}),
    of(*RULES, 3, "Statement", "ManagedRuleGroupStatement", "RuleActionOverrides", 0, "ActionToUse", to={"Block": {}}),
    of(*RULES, 4),
)
def managed_rules(stack):
    rules = stack.properties("WebAcl")["Rules"][2:]
    groups = {rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: rule for rule in rules}
    yield from want("groups", sorted(groups), sorted(MANAGED))
    for name, rule in groups.items():
        yield from want(name, rule["OverrideAction"], {"None": {}})
        own = rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", [])
        yield from want(f"counted of {name}", own, [{"Name": one, "ActionToUse": {"Count": {}}} for one in MANAGED.get(name, [])])


# AWS WAF has metrics of its own by these names, and refuses them.
RESERVED = {"All", "Default_Action"}


@holds(
    "each metric of the firewall has a name of its own that AWS WAF takes",
    of("WebAcl", "VisibilityConfig", "MetricName", to="All"),
    of(*RULES, 1, "VisibilityConfig", "MetricName", to="Default_Action"),
    of(*RULES, 1, "VisibilityConfig", "MetricName", to="Logins"),
)
def metrics(stack):
    acl = stack.properties("WebAcl")
    names = [one["VisibilityConfig"]["MetricName"] for one in (acl, *acl["Rules"])]
    yield from want("reserved", sorted(RESERVED.intersection(names)), [])
    yield from want("twice", sorted({name for name in names if names.count(name) > 1}), [])


@holds(
    "no log of the edge has a path, a query, a body or a header that opens something",
    of(*DISTRIBUTION, "Logging", to={"Bucket": "logs.s3.amazonaws.com"}),
    of("WafLogging", "RedactedFields", 0),
    of("WafLogging", "RedactedFields", 2),
    of("WafLogging", "RedactedFields", 6),
    of("WebAcl", "DataProtectionConfig", "DataProtections", 0),
    of("WebAcl", "DataProtectionConfig", "DataProtections", 2, "Field", "FieldKeys", 3),
    of("WebAcl", "VisibilityConfig", "SampledRequestsEnabled", to=True),
    of("WafLogging", "LoggingFilter", "DefaultBehavior", to="KEEP"),
    of("WafLog", "RetentionInDays"),
)
def logs(stack):
    yield from want("CloudFront", config(stack).get("Logging"), None)
    acl, logging = stack.properties("WebAcl"), stack.properties("WafLogging")
    # The last two: what shows that a device is known, and what opens an answer that is kept.
    names = ["authorization", "cookie", "x-api-key", "x-usher-device", "idempotency-key"]
    headers = [{"SingleHeader": {"Name": name}} for name in names]
    yield from want("left out", logging["RedactedFields"], [{"UriPath": {}}, {"QueryString": {}}, *headers])
    covered = [one["Field"] for one in acl["DataProtectionConfig"]["DataProtections"]]
    yield from want("covered", covered, [{"FieldType": "BODY"}, {"FieldType": "QUERY_STRING"}, {"FieldType": "SINGLE_HEADER", "FieldKeys": names}])
    shown = [one["VisibilityConfig"]["SampledRequestsEnabled"] for one in (acl, *acl["Rules"])]
    yield from want("samples", any(shown), False)
    yield from want("filter", logging["LoggingFilter"]["DefaultBehavior"], "DROP")
    days = stack.properties("WafLog").get("RetentionInDays")
    yield from want("kept", days, stack.parameters["LogRetentionDays"])


@holds(
    "the name has both records where there is a zone, is asked whether it is well, and alarms with runbooks go where the topic is",
    of("RecordV6", "Type", to="A"),
    Change(("Conditions", "HasRecord"), {"Fn::Equals": ["a", "a"]}),
    of("EdgeErrors", "AlarmActions"),
    of("HealthCheck", "HealthCheckConfig", "ResourcePath", to="/docs"),
    Change(("Conditions", "HasHealthCheck"), {"Fn::Equals": ["a", "b"]}),
    of("EdgeErrors", "AlarmDescription", to="Usher: errors"),
    of("EdgeUnhealthy", "WarmUpConfiguration"),
    of("EdgeUnhealthy", "WarmUpConfiguration", "OnlyStartEvaluatingAfterWarmUpPeriodEnds"),
    Change(("Conditions", "HasAlarmTopic"), {"Fn::Equals": ["a", "a"]}),
)
def records(stack):
    records = sorted((one["Type"], one["Name"]) for one in stack.of("AWS::Route53::RecordSet").values())
    name = stack.parameters["DomainName"]
    yield from want("records", records, [("A", name), ("AAAA", name)] if stack.parameters["HostedZoneId"] else [])
    topic = stack.parameters["AlarmTopicArn"]
    for id, alarm in stack.of("AWS::CloudWatch::Alarm").items():
        runbook = f"Runbook: {id} in docs/edge.md" in str(alarm["AlarmDescription"]) and f"\n## {id}\n" in RUNBOOKS.read_text()
        yield from want(f"runbook of {id}", runbook, True)
        yield from want(f"topic of {id}", (alarm.get("AlarmActions"), alarm.get("OKActions")), (None, None) if topic == "none" else ([topic], [topic]))
    asked = stack.properties("HealthCheck").get("HealthCheckConfig", {})
    expected = (None, None) if name.startswith("*") else (name, "/health")
    yield from want("health check", (asked.get("FullyQualifiedDomainName"), asked.get("ResourcePath")), expected)
    yield from want("its alarm", "EdgeUnhealthy" in stack.resources, not name.startswith("*"))
    if "EdgeUnhealthy" in stack.resources:
        waits = {"WarmUpPeriodDurationInMinutes": 120, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
        yield from want("until DNS is there", stack.properties("EdgeUnhealthy").get("WarmUpConfiguration"), waits)


TOPICS = {"none": True, "arn:aws:sns:us-east-1:123456789012:alarms": True, "": False, "arn:aws:sns:eu-central-1:123456789012:alarms": False}


@holds(
    "no stack is without a topic for its alarms unless its parameters say so",
    Change(("Parameters", "AlarmTopicArn", "Default"), "none"),
    Change(("Parameters", "AlarmTopicArn", "AllowedPattern"), "^$|^none$|^arn:[a-z-]+:sns:us-east-1:[0-9]{12}:.+$"),
    Change(("Parameters", "AlarmTopicArn", "AllowedPattern"), "^none$|^arn:.+$"),
)
def topic(stack):
    declared = stack.values.declared["AlarmTopicArn"]
    yield from want("default", declared.get("Default"), None)
    for given, taken in TOPICS.items():
        yield from want(f"topic {given!r}", bool(re.search(declared["AllowedPattern"], given)), taken)
