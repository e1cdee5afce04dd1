"""The API: its routes, who may call, how much and from where."""

import json

from . import Change, functions, holds, of, target, want


def stated(stack):
    """The routes of the functions' events: which function answers them."""
    for id, resource in stack.source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function" and id in stack.resources:
            for event in resource["Properties"].get("Events", {}).values():
                if event["Type"] == "HttpApi":
                    own = event["Properties"]
                    yield (own.get("Method", "any").lower(), own.get("Path", "/$default")), id


def routes(stack):
    """The routes of the API: its integration."""
    for path, methods in stack.properties("Api")["Body"]["paths"].items():
        for method, operation in methods.items():
            yield (method.replace("x-amazon-apigateway-any-method", "any"), path), operation


HEALTH = ("Api", "Body", "paths", "/health", "get")
LAMBDA = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${%sAliaslive}/invocations"


@holds(
    "the API has the functions' routes and no others, and each calls its function",
    of(*HEALTH),
    of("Api", "Body", "paths", "/scan", to={"get": {}}),
    of(*HEALTH, "x-amazon-apigateway-integration", "uri", "Fn::Sub", to=LAMBDA % "SetupFunction"),
    of(*HEALTH, "x-amazon-apigateway-integration", "type", to="http_proxy"),
)
def integrations(stack):
    made = dict(routes(stack))
    expected = dict(stated(stack))
    for route in sorted({*made} ^ {*expected}):
        yield f"{route} is {'made' if route in made else 'stated'} only"
    for route in {*made} & {*expected}:
        integration = made[route].get("x-amazon-apigateway-integration", {})
        actual = (integration.get("type"), integration.get("payloadFormatVersion"), integration.get("uri"))
        yield from want(str(route), actual, ("aws_proxy", "2.0", {"Fn::Sub": LAMBDA % expected[route]}))


@holds(
    "no authorizer before Usher itself, whose cache would keep a revoked token alive: the function itself asks who calls",
    of("Api", "Body", "components", to={"securitySchemes": {"jwt": {"type": "oauth2"}}}),
    of(*HEALTH, "security", to=[{"jwt": []}]),
    Change(("Resources", "OwnAuthorizer"), {"Type": "AWS::ApiGatewayV2::Authorizer"}, also=("kinds",)),
)
def authorizers(stack):
    body = stack.properties("Api")["Body"]
    if "securitySchemes" in body.get("components", {}) or stack.of("AWS::ApiGatewayV2::Authorizer"):
        yield "the API has an authorizer"
    for route, operation in routes(stack):
        if "security" in operation:
            yield f"{route} has an authorizer"


# Large and public: by number of requests alone it would be cheap to make somebody pay for them.
HEAVY = {"GET /openapi.json": (2, 20), "GET /docs": (10, 50), "GET /set-password": (20, 100)}


@holds(
    "the API takes no more than the parameters allow, and less where answers are large and anybody's",
    of("ApiApiGatewayDefaultStage", "DefaultRouteSettings"),
    of("ApiApiGatewayDefaultStage", "DefaultRouteSettings", "ThrottlingBurstLimit", to=5000),
    of("ApiApiGatewayDefaultStage", "RouteSettings", to={"GET /health": {"ThrottlingRateLimit": 10000}}),
    of("ApiApiGatewayDefaultStage", "RouteSettings"),
    of("ApiApiGatewayDefaultStage", "RouteSettings", "GET /openapi.json", "ThrottlingRateLimit", to=200),
)
def throttling(stack):
    expected = {
        "ThrottlingRateLimit": stack.parameters["ThrottleRate"],
        "ThrottlingBurstLimit": stack.parameters["ThrottleBurst"],
    }
    for id, stage in stack.of("AWS::ApiGatewayV2::Stage").items():
        yield from want(id, stage.get("DefaultRouteSettings"), expected)
        heavy = {route: {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst} for route, (rate, burst) in HEAVY.items()}
        yield from want(f"{id}, exceptions", stage.get("RouteSettings"), heavy)


@holds(
    "every request is in the access log, without a path, which may hold an address, and without a header",
    of("ApiApiGatewayDefaultStage", "AccessLogSettings"),
    of("ApiApiGatewayDefaultStage", "AccessLogSettings", "Format", to='{"requestId":"$context.requestId","path":"$context.path"}'),
)
def access_log(stack):
    may = {
        "requestId", "requestTime", "identity.sourceIp", "routeKey", "status", "responseLength", "responseLatency",
        "integrationLatency", "integrationErrorMessage", "error.message",
    }
    for id, stage in stack.of("AWS::ApiGatewayV2::Stage").items():
        settings = stage.get("AccessLogSettings", {})
        yield from want(f"log of {id}", target(settings.get("DestinationArn")), "ApiLog")
        actual = {value.removeprefix("$context.") for value in json.loads(settings.get("Format", "{}")).values()}
        if not {"requestId", "routeKey", "status"} <= actual <= may:
            yield f"{id} logs {sorted(actual)}"


CORS = ("Api", "Body", "x-amazon-apigateway-cors")


@holds(
    "pages of the named origins may read answers, and none sends credentials by itself",
    of(*CORS, "allowOrigins", to=["*"]),
    of(*CORS, "allowCredentials", to=True),
    of("Api", "CorsConfiguration", "AllowOrigins", to=["https://example.com"], before="defaults"),
)
def cors(stack):
    settings = stack.properties("Api")["Body"]["x-amazon-apigateway-cors"]
    yield from want("origins", settings["allowOrigins"], stack.parameters["CorsOrigins"])
    yield from want("credentials", settings.get("allowCredentials"), None)


ISSUER = ("AuthFunction", "Environment", "Variables", "USHER_ISSUER")


@holds(
    "a domain of one's own is the API's only address and the issuer of its tokens; tenants' names below it where hosts name them",
    of("Domain", "DomainNameConfigurations", 0, "SecurityPolicy", to="TLS_1_0"),
    of("TenantDomains", "DomainName", to="*.example.com"),
    of("TenantDomainsMapping", "ApiId", to="abcdefghij"),
    of("DomainRecord", "Name", to="www.example.org"),
    of(*ISSUER, to=""),
    of("AuthorizerFunction", "Environment", "Variables", "USHER_ISSUER", to=""),
    of("Api", "Body", "servers"),
    of("Api", "DisableExecuteApiEndpoint", to=True, before="defaults"),
    Change(("Conditions", "HasTenantDomains"), {"Condition": "HasDomain"}),
    Change(("Conditions", "HasDomainRecord"), {"Condition": "HasDomain"}),
)
def domain(stack):
    own, tenants = stack.parameters["DomainName"], stack.parameters["Tenants"]
    names = [own, f"*.{own}"] if own and tenants == f"host:{own}" else [own] if own else []
    domains = stack.of("AWS::ApiGatewayV2::DomainName")
    yield from want("domains", sorted(one["DomainName"] for one in domains.values()), sorted(names))
    secure = [{"EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2", "CertificateArn": stack.parameters["CertificateArn"]}]
    for id, one in domains.items():
        yield from want(f"{id} is", one["DomainNameConfigurations"], secure)
    mapped = [(target(one["DomainName"]), target(one["ApiId"]), target(one["Stage"])) for one in stack.of("AWS::ApiGatewayV2::ApiMapping").values()]
    yield from want("mapped", sorted(mapped, key=str), [(id, "Api", "ApiApiGatewayDefaultStage") for id in sorted(domains)])
    records = sorted(one["Name"] for one in stack.of("AWS::Route53::RecordSet").values())
    yield from want("records", records, sorted(names) if stack.parameters["HostedZoneId"] else [])
    closed = [server["x-amazon-apigateway-endpoint-configuration"] for server in stack.properties("Api")["Body"].get("servers", [])]
    yield from want("API Gateway's own address", closed, [{"disableExecuteApiEndpoint": bool(own)}])
    issuer = stack.parameters["Issuer"] or (f"https://{own}" if own else "")
    gateway = {"Fn::Sub": "https://${Api}.execute-api.eu-central-1.amazonaws.com"}
    for name, function in functions(stack).items():
        # No request has Usher's address to the authorizer.
        expected = issuer or (gateway if name == "Authorizer" else "")
        yield from want(f"issuer of {name}", function["Environment"]["Variables"]["USHER_ISSUER"], expected)
    yield from want("ApiUrl", stack.outputs["ApiUrl"]["Value"], f"https://{own}" if own else gateway)


OWN = ("MeFunctionRole", "Policies", 0, "PolicyDocument", "Statement")


@holds(
    "behind CloudFront each function of the API knows the secret that it shows and may read it, and no other function may",
    of(*OWN, -1),
    of(*OWN, -1, "Fn::If", 1, "Resource", to="*"),
    Change(("Globals", "Function", "Environment", "Variables", "USHER_ORIGIN_SECRET_SECRET"), None, before="elsewhere", also=("settings",)),
    Change(("Conditions", "HasOriginSecret"), {"Fn::Equals": ["a", "b"]}, also=("alarms", "dashboard", "health_check")),
    of("SetupFunctionRole", *OWN[1:], -1, "Resource", to={"Ref": "OriginSecretArn"}),
)
def origin_secret(stack):
    secret = stack.parameters["OriginSecretArn"]
    asked = {id.removesuffix("Function") for _, id in stated(stack)}
    for name, function in functions(stack).items():
        yield from want(name, function["Environment"]["Variables"].get("USHER_ORIGIN_SECRET_SECRET"), secret)
        policies = stack.properties(f"{name}FunctionRole").get("Policies", [])
        statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        granted = [[one["Action"], one["Resource"]] for one in statements if secret and one["Resource"] in (secret, "*")]
        expected = [["secretsmanager:GetSecretValue", secret]] if secret and name in asked else []
        yield from want(f"policy of {name}", granted, expected)
