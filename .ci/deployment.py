"""What is played of a stack's life: its first deployment, its owners and mails, its updates, and its end. Each step states
what it found in a line."""

import base64
import hashlib
import json
import pathlib
import platform
import re
import time
import urllib.request
from fnmatch import fnmatchcase

from samcli.yamlhelper import yaml_parse

import gateway
import left_out
import logs
import stack
from answers import call
from containers import play_story
from transform import TEMPLATE, transformed

ROOT = pathlib.Path(__file__).parent.parent

# No `example`: the story searches for it.
OWNER, INVITED, SENDER = "first.owner@corp.test", "invited@corp.test", "no-reply@corp.test"
# The template's pattern takes it, and set-up does not.
NO_ADDRESS = "first,owner@corp.test"
# As an infra team gives them for `prod`; what is not named has the template's default.
PARAMETERS = {
    "Stage": "prod",
    "Architecture": "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64",
    "AdminEmail": OWNER,
    "AlarmTopicArn": f"arn:aws:sns:{stack.REGION}:{stack.ACCOUNT}:alarms",
    "MailFrom": f"Usher <{SENDER}>",
    "LogRetentionDays": "365",
    "Authorizer": "true",
}
# The accounts that the README's story has from the local server. The password of the first is shorter than the directory
# contract takes, and not than the admin contract does.
STORY = [
    ("/v1/admin/users", {"email": "admin@gauth.local", "user_name": "admin", "password": "Admin@123", "roles": ["admin"]}),
    ("/api/users", {"email": "owner@usher.local", "username": "owner", "password": "Owner@12345", "roles": ["owner"]}),
]
CACHED = 30  # seconds: longer than a function keeps the public keys

STEPS = []


def step(title):
    def known(method):
        STEPS.append((title, method))
        return method

    return known


def wanted(answer, status, what):
    """The answer, which has to have this status. A refusal is shown; what else an answer holds may be a secret."""
    shown = answer.body if answer.status >= 400 else ""
    assert answer.status == status, f"{what}: {answer.status} in place of {status} {shown}"
    return answer.json() if answer.body else {}


def until(what, found, seconds=CACHED):
    """What is found, as soon as it is there."""
    end = time.monotonic() + seconds
    while not (it := found()):
        assert time.monotonic() < end, f"for {seconds} seconds there was not {what}"
        time.sleep(0.2)
    return it


def header(token):
    """The unverified header of a token."""
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Play:
    def __init__(self, emulator, binaries):
        self.emulator, self.binaries = emulator, pathlib.Path(binaries)
        self.cloud = stack.Cloud(emulator)
        self.cloud.client("s3").create_bucket(Bucket=stack.BUCKET, CreateBucketConfiguration={"LocationConstraint": stack.REGION})
        self.cloud.client("sns").create_topic(Name="alarms")
        self.cloud.client("sesv2").create_email_identity(EmailIdentity=SENDER.split("@")[1])
        self.stack = stack.Stack(self.cloud, "usher-prod")
        self.source = yaml_parse(TEMPLATE.read_text())
        self.code, self.password, self.token = {}, "a password that nobody else knows", None

    def post(self, path, body, status, token=None):
        return wanted(call(self.base, "POST", path, body, token), status, f"POST {path}")

    def get(self, path, status=200, token=None):
        return wanted(call(self.base, "GET", path, None, token), status, f"GET {path}")

    def login(self, password):
        return self.post("/api/auth/token", {"email": OWNER, "password": password}, 200)["accessToken"]

    def kids(self):
        return [key["kid"] for key in self.get("/.well-known/jwks.json")["keys"]]

    def owners(self):
        users = self.get("/api/users?limit=100", token=self.token)["items"]
        return [user["email"] for user in users if "owner" in user["roles"] and user["email"] != "owner@usher.local"]

    def changed(self, of=None, **parameters):
        """Makes the stack one with these parameters."""
        given = {**PARAMETERS, **parameters}
        template = transformed(self.source, given, self.code)
        self.left_out = list(left_out.leave_out(template))
        (of or self.stack).change(template, given)

    @step("package")
    def package(self):
        for id, resource in self.source["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                binary = self.binaries / resource["Metadata"]["BuildProperties"]["Binary"]
                if not binary.exists():
                    binary = self.binaries / id / "bootstrap"
                content = stack.packed(binary)
                key = hashlib.sha256(content).hexdigest()
                if f"s3://{stack.BUCKET}/{key}" not in self.code.values():
                    self.cloud.upload(key, content)
                self.code[id] = f"s3://{stack.BUCKET}/{key}"
        return f"{len(set(self.code.values()))} packages for {len(self.code)} functions are in S3"

    @step("refused")
    def refused(self):
        try:
            self.changed(DevEndpoints="true")
        except stack.Failed as failed:
            assert failed.status == "refused" and self.left() == set(), f"{failed} {self.left()}"
            assert "DevEndpoints cannot be true" in failed.reasons[0], failed.reasons
            return f"DevEndpoints=true, before anything is made: {failed.reasons[0]}"
        raise SystemExit("a stack was made that the template's rules refuse")

    @step("first try")
    def first_try(self):
        """A first deployment that fails, and what docs/operations.md has one do then."""
        failing = stack.Stack(self.cloud, "usher-first")
        try:
            self.changed(failing, AdminEmail=NO_ADDRESS)
        except stack.Failed as failed:
            assert failed.status == "ROLLBACK_COMPLETE", failed
        else:
            raise SystemExit("a stack was made that set-up refuses")
        failing.delete()
        table, secrets = self.cloud.client("dynamodb"), self.cloud.client("secretsmanager")
        tables, kept = table.list_tables()["TableNames"], secrets.list_secrets()["SecretList"]
        assert len(tables) == len(kept) == 1, f"kept: {len(tables)} tables and {len(kept)} secrets, in place of one of each"
        (name,), (key,) = tables, kept
        table.update_table(TableName=name, DeletionProtectionEnabled=False)
        table.get_waiter("table_exists").wait(TableName=name)
        table.delete_table(TableName=name)
        secrets.delete_secret(SecretId=key["ARN"], ForceDeleteWithoutRecovery=True)
        assert self.left() == set(), self.left()
        return "ROLLBACK_COMPLETE where set-up fails: the stack is deleted, then its table and its MasterKey, which are kept"

    @step("create")
    def create(self):
        self.changed()
        self.outputs = self.stack.outputs()
        api = self.stack.resources()["Api"]
        self.base = gateway.opened(self.emulator, api)
        assert f"//{api}." in self.outputs["ApiUrl"], self.outputs["ApiUrl"]
        (setup,) = (event for event in self.stack.events() if event.get("PhysicalResourceId") == "usher-setup" and event["ResourceStatus"] == "CREATE_COMPLETE")
        return f"{self.stack.status()}, and {setup['LogicalResourceId']}, the custom resource, answered SUCCESS"

    @step("outputs")
    def show_outputs(self):
        assert all(self.outputs.values()), self.outputs
        return ", ".join(sorted(self.outputs))

    @step("permissions")
    def permissions(self):
        """The emulator lets API Gateway and EventBridge call whatever they are given; AWS asks the function."""
        api, gateways, events = self.stack.resources()["Api"], self.cloud.client("apigatewayv2"), self.cloud.client("events")
        source = f"arn:aws:execute-api:{stack.REGION}:{stack.ACCOUNT}:{api}/$default"
        integrations = {one["IntegrationId"]: one["IntegrationUri"] for one in gateways.get_integrations(ApiId=api)["Items"]}
        routes = gateways.get_routes(ApiId=api)["Items"]
        for route in routes:
            arn = integrations[route["Target"].split("/")[-1]].split("/functions/")[-1].removesuffix("/invocations")
            method, _, path = route["RouteKey"].partition(" ")
            self.may_call("apigateway.amazonaws.com", arn, f"{source}/{'*' if method == 'ANY' else method}{path}" if path else f"{source}/$default")
        rules = events.list_rules()["Rules"]
        for rule in rules:
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                self.may_call("events.amazonaws.com", target["Arn"], rule["Arn"])
        return f"{len(routes)} routes and {len(rules)} rules may call their functions"

    def may_call(self, caller, function, source):
        name, _, qualifier = function.split(":function:")[1].partition(":")
        only = {"Qualifier": qualifier} if qualifier else {}
        policy = json.loads(self.cloud.client("lambda").get_policy(FunctionName=name, **only)["Policy"])
        for one in policy["Statement"]:
            pattern = one["Condition"]["ArnLike"]["AWS:SourceArn"]
            if one["Principal"] == {"Service": caller} and fnmatchcase(re.sub(r"\{[^}]*\}", "x", source), pattern):
                return
        raise SystemExit(f"{caller} may not call {name} for {source}")

    @step("health")
    def health(self):
        assert self.get("/health")["status"] == "ok"
        issuer = self.get("/.well-known/openid-configuration")["issuer"]
        assert issuer == self.outputs["ApiUrl"], issuer
        return "GET /health is 200, and the issuer is ApiUrl"

    @step("first owner")
    def first_owner(self):
        secrets = self.cloud.client("secretsmanager")
        given = secrets.get_secret_value(SecretId=self.outputs["OwnerPasswordSecret"])["SecretString"]
        token = self.login(given)
        refused = self.get("/api/users", 403, token)
        assert refused["type"] == "/problems/must-change-password", refused["type"]
        self.post("/api/auth/change-password", {"currentPassword": given, "newPassword": self.password}, 204, token)
        self.post("/api/auth/token", {"email": OWNER, "password": given}, 401)
        self.token = self.login(self.password)
        assert self.owners() == [OWNER], self.owners()
        return "the password of OwnerPasswordSecret opens its own change (403 /problems/must-change-password), the new one everything"

    @step("story")
    def story(self):
        for path, body in STORY:
            self.post(path, body, 201, self.token)
        play_story(self.base)
        return "the README's, through API Gateway: every answer is the one shown there"

    @step("mail")
    def mail(self):
        self.post("/api/users", {"email": INVITED}, 201, self.token)
        mail = until("a mail", lambda: [mail for mail in self.mails() if mail["To"] == [INVITED]])[0]
        (link,) = re.findall(r"/set-password#(\S+)", mail["BodyText"])
        password = "a password that she chose herself"
        self.post("/api/auth/set-password", {"token": link, "newPassword": password}, 204)
        self.post("/api/auth/token", {"email": INVITED, "password": password}, 200)
        return "an invitation goes through the table's stream to SES, and its link sets the password that its reader logs in with"

    def mails(self):
        """What SES was given."""
        with urllib.request.urlopen(f"{self.emulator}/_ministack/ses/messages") as answer:
            return json.load(answer)["messages"].get(stack.ACCOUNT, [])

    @step("authorizer")
    def authorizer(self):
        """As an API of another service would call it."""
        event = (ROOT / "events/authorizer/http-api.json").read_text()
        for token, allowed in [(self.token, True), (self.token[:-8], False)]:
            given = event.replace("{{token}}", token).encode()
            answer = self.cloud.client("lambda").invoke(FunctionName=self.outputs["AuthorizerArn"], Payload=given)
            assert json.load(answer["Payload"])["isAuthorized"] is allowed
        return "lets the owner's token through, and not one whose signature is cut"

    @step("logs")
    def logs(self):
        client, lines, secrets = self.cloud.client("logs"), [], {OWNER, INVITED, self.password, self.token}
        names = [one["logGroupName"] for one in client.describe_log_groups()["logGroups"]]
        for name in names:
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=name)
            found = list(logs.entries([event["message"] for page in pages for event in page["events"]], secrets))
            assert found or name.endswith("/api"), f"{name} is empty"
            lines += found
        functions = self.cloud.client("lambda").list_functions()["Functions"]
        stated = {one["LoggingConfig"]["LogGroup"] for one in functions}
        assert stated < set(names) and all(self.stack.name in name for name in names), names
        return f"each of {len(functions)} functions writes JSON into a group of its own, and nobody's address, password or token"

    @step("update")
    def update(self):
        self.changed(JwtAlgorithm="RS256", LogLevel="debug")
        assert self.stack.status() == "UPDATE_COMPLETE"
        stale = [name for name, now, called in self.environments() if now != called]
        assert not stale, f"what calls them calls versions with the former settings: {stale}"
        until("a key of RS256", lambda: any(key["alg"] == "RS256" for key in self.get("/.well-known/jwks.json")["keys"]))
        assert self.owners() == [OWNER], self.owners()
        return "UPDATE_COMPLETE with JwtAlgorithm=RS256: set-up ran again, published a key for it, and made no second owner; every alias has the new settings"

    @step("bad update")
    def bad_update(self):
        before = list(self.environments())
        try:
            self.changed(JwtAlgorithm="RS256", LogLevel="debug", AdminEmail=NO_ADDRESS)
        except stack.Failed as failed:
            assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed
            reason = failed.reasons[0]
        else:
            raise SystemExit("an update was taken that set-up refuses")
        assert list(self.environments()) == before, "the functions are not the former ones"
        assert self.outputs == self.stack.outputs(), "the outputs are not the former ones"
        self.health()
        self.token = self.login(self.password)
        assert self.owners() == [OWNER], self.owners()
        return f"UPDATE_ROLLBACK_COMPLETE ({reason}), and everything is as it was"

    def environments(self):
        """Of every function: its name, its environment, and that of the version which its alias points to."""
        client = self.cloud.client("lambda")
        for function in client.list_functions()["Functions"]:
            if function["FunctionName"] == self.outputs["SetupFunctionName"]:
                continue  # Nothing calls its alias.
            for alias in client.list_aliases(FunctionName=function["FunctionName"])["Aliases"]:
                called = client.get_function_configuration(FunctionName=function["FunctionName"], Qualifier=alias["Name"])
                yield function["FunctionName"], function["Environment"], called["Environment"]

    @step("rotation")
    def rotation(self):
        before, old = self.kids(), self.token
        self.a_month_later()
        scheduled = (ROOT / "events/setup/schedule.json").read_bytes()
        answer = self.cloud.client("lambda").invoke(FunctionName=self.outputs["SetupFunctionName"], Payload=scheduled)
        assert "FunctionError" not in answer, answer["Payload"].read()
        until("another key", lambda: set(self.kids()) - set(before))
        until("a token of the next key", lambda: header(self.login(self.password))["kid"] != header(old)["kid"])
        self.get("/api/me/profile", token=old)
        new = header(self.login(self.password))
        assert new["kid"] in before and new["alg"] == "RS256", "it signs with a key that was not published before"
        return "a month later the schedule's call publishes another key; the one published before signs, and tokens of the old one stay good"

    def a_month_later(self):
        """Nobody can move the clock of the functions: what they go by is moved in place of it."""
        table, name = self.cloud.client("dynamodb"), self.outputs["TableName"]
        keys = table.query(
            TableName=name, KeyConditionExpression="PK = :keys AND begins_with(SK, :key)",
            ExpressionAttributeValues={":keys": {"S": "KEYS"}, ":key": {"S": "KEY#"}},
        )["Items"]
        for key in keys:
            table.update_item(
                TableName=name, Key={"PK": key["PK"], "SK": key["SK"]}, UpdateExpression="ADD signsFrom :month, createdAt :month",
                ExpressionAttributeValues={":month": {"N": str(-31 * 24 * 3_600_000)}},
            )

    @step("delete")
    def delete(self):
        table, secrets = self.cloud.client("dynamodb"), self.cloud.client("secretsmanager")
        kept = {self.outputs["TableName"], self.outputs["MasterKeySecret"]}
        items = table.scan(TableName=self.outputs["TableName"], Select="COUNT")["Count"]
        self.stack.delete()
        assert table.scan(TableName=self.outputs["TableName"], Select="COUNT")["Count"] == items > 0, "the table has lost items"
        assert secrets.get_secret_value(SecretId=self.outputs["MasterKeySecret"])["SecretString"]
        left = self.left()
        assert left == kept, f"left: {left - kept}, gone: {kept - left}"
        return "the table with every item and the secret MasterKey are kept, and nothing else"

    def left(self):
        """What there is in the account of what a stack has, but for what the play made before it."""
        client = self.cloud.client
        return {
            *client("dynamodb").list_tables()["TableNames"],
            *(one["ARN"] for one in client("secretsmanager").list_secrets()["SecretList"]),
            *(one["FunctionName"] for one in client("lambda").list_functions()["Functions"]),
            *(one["UUID"] for one in client("lambda").list_event_source_mappings()["EventSourceMappings"]),
            *(one["RoleName"] for one in client("iam").list_roles()["Roles"]),
            *(one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]),
            *(one["AlarmName"] for one in client("cloudwatch").describe_alarms()["MetricAlarms"]),
            *(one["DashboardName"] for one in client("cloudwatch").list_dashboards()["DashboardEntries"]),
            *(one["ApiId"] for one in client("apigatewayv2").get_apis()["Items"]),
            *(one["Name"] for one in client("events").list_rules()["Rules"]),
            *client("sqs").list_queues().get("QueueUrls", []),
        }
