"""The Lambda functions in `sam local`'s containers: the README's story, and held to a local server every file of events/
and every one of their requests by its path. `.ci/containers` starts what this talks to.
"""

import argparse
import base64
import http.server
import json
import os
import pathlib
import subprocess
import threading
import urllib.parse

import logs
from answers import call, of_function, send, settled
from world import Table, World

ROOT = pathlib.Path(__file__).parent.parent
# Where `sam local start-api` differs from API Gateway by itself (docs/lambda.md): asked of the function alone.
NOT_BY_PATH = {
    "stage-prefix": "it has no stages",
    "wrong-method-options": "it answers OPTIONS itself",
    "-head": "it fails at HEAD where there is GET",
    "double-slash": "it redirects",
}
# What no route takes, or not so, in each contract; and what a gateway could make something else of.
BY_PATH = [
    *(("GET", path) for path in ("/nothing", "/api/nothing", "/api/users/jane/nothing", "/v1/admin/nothing", "/v1/user/nothing")),
    *(("GET", path) for path in ("/user/nothing", "/user/profile/below", "/OWNER/Entries", "/API/users")),
    *(("DELETE", path) for path in ("/health", "/api/auth/token", "/api/me/profile", "/api/roles", "/v1/admin/users")),
    *(("PUT", path) for path in ("/v1/settings", "/v1/user/login", "/user/profile", "/", "/api/users")),
    *(("POST", path) for path in ("/api/users", "/api/roles", "/v1/admin/users", "/v1/user/login", "/owner/change")),
    *(("GET", path) for path in ("/api/users/jane%40example.org", "/api/roles/press%20office", "/api/users?q=%C3%A4")),
    *(("HEAD", path) for path in ("/nothing", "/v1/admin/nothing")),
]


def play_story(base):
    """The README's story, by the test that plays it to the local server as well."""
    story = ["cargo", "test", "--quiet", "--locked", "-p", "local", "--test", "readme"]
    subprocess.run(story, env={**os.environ, "STORY_AT": base}, check=True)


def events():
    """Every file of events/: function, name, event. What changes a tenant's settings comes last, for they are at hand
    for ten seconds wherever they were read."""
    files = sorted((ROOT / "events").glob("*/*.json"), key=lambda file: ("settings" in file.stem, file))
    return [(file.parent.name, file.stem, plain(json.loads(file.read_text()))) for file in files]


def plain(event):
    """The event of a client that wants no compressed answer: nothing here reads one."""
    event.get("headers", {}).pop("accept-encoding", None)
    return event


def logical(function, name):
    """What the template calls the function."""
    dev = function == "auth" and name in ("login-dev", "dev-token")
    return "AuthDevFunction" if dev else f"{function.capitalize()}Function"


def statuses(function):
    """The statuses that the test of the same events holds in its golden file."""
    text = (ROOT / f"local/tests/api/golden/events_{function}.snap").read_text().split("---\n", 2)[2]
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if line}


def request_of(event):
    """The request that the client of an event sent: method, target, headers, body."""
    context, raw = event["requestContext"], event["rawPath"]
    path = raw.removeprefix(f"/{context['stage']}")
    # Gateways hand paths on decoded.
    target = urllib.parse.quote(path, safe="/@-._~")
    if event.get("rawQueryString"):
        target += f"?{event['rawQueryString']}"
    own = ("host", "content-length", "x-amzn-trace-id")
    headers = [(name.lower(), value) for name, value in event["headers"].items()]
    headers = [(name, value) for name, value in headers if name not in own and not name.startswith("x-forwarded-")]
    if event.get("cookies"):
        headers.append(("cookie", "; ".join(event["cookies"])))
    body = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    return context["http"]["method"], target, headers, body


def same(what, got, expected, method="GET"):
    got, expected = settled(got, method), settled(expected, method)
    assert got == expected, f"{what}\ncontainer:    {json.dumps(got, ensure_ascii=False)}\nlocal server: {json.dumps(expected, ensure_ascii=False)}"


def by_gateway(answer):
    """An answer without a body has no media type; `sam local` gives it one."""
    if not answer.body:
        answer.headers.pop("content-type", None)
    return answer


class Receiver(http.server.BaseHTTPRequestHandler):
    """Where CloudFormation would take the answers of its custom resource."""

    taken = []

    def do_PUT(self):
        self.taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def invoked(function, event, endpoint):
    """What a function in its warm container answers."""
    path = f"/2015-03-31/functions/{function}/invocations"
    answer = send(endpoint, "POST", path, [("content-type", "application/json")], json.dumps(event).encode(), 120)
    payload = json.loads(answer.body) if answer.body else None
    failed = "x-amz-function-error" in answer.headers or (isinstance(payload, dict) and "errorType" in payload)
    assert answer.status == 200 and not failed, f"{function}: {answer.status} {answer.body}"
    return payload


def invoked_cold(function, event):
    """The same by `sam local invoke`, in a container of its own."""
    command = ["sam", "local", "invoke", function, "--event", "-", *os.environ["SAM_FLAGS"].split()]
    run = subprocess.run(command, input=json.dumps(event), capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, f"{' '.join(command)}\n{run.stderr}"
    return (json.loads(run.stdout) if run.stdout.strip() else None), run.stderr


class Play:
    """Every file of events/ in both worlds."""

    def __init__(self, containers, twin, sam_api, sam_lambda):
        self.containers, self.twin, self.sam_api, self.sam_lambda = containers, twin, sam_api, sam_lambda
        self.invocations = self.by_path = 0
        # Each function's log of its one cold start.
        self.cold = {}
        self.receiver = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Receiver)
        threading.Thread(target=self.receiver.serve_forever, daemon=True).start()

    def invoke(self, function, name, event):
        """In a warm container; the first event of each function by `sam local invoke`, as one types it."""
        self.invocations += 1
        logical_id = logical(function, name)
        if logical_id not in self.cold:
            answer, self.cold[logical_id] = invoked_cold(logical_id, event)
            return answer
        return invoked(logical_id, event, self.sam_lambda)

    def all(self):
        """Every one is played, so that all that differs is reported at once."""
        differing = []
        plays = [(self.path, given) for given in BY_PATH] + [(self.one, given) for given in events()]
        for play, given in plays:
            try:
                play(*given)
            except AssertionError as difference:
                differing.append(str(difference))
        if differing:
            raise SystemExit("\n\n".join(differing) + f"\n\n{len(differing)} of {len(plays)} answers differ")

    def one(self, function, name, event):
        if function == "setup":
            self.set_up(name, event)
        elif function == "outbox":
            answer = self.invoke(function, name, event)
            assert answer == {"batchItemFailures": []}, f"outbox/{name}: {answer}"
        elif function == "authorizer":
            self.containers.set_out(function, name)
            answer = json.dumps(self.invoke(function, name, self.containers.filled(function, event)))
            allowed = '"isAuthorized": true' in answer or '"Effect": "Allow"' in answer
            assert allowed != name.endswith("-refused"), f"authorizer/{name}: {answer}"
        else:
            self.request(function, name, event)

    def request(self, function, name, event):
        what = f"events/{function}/{name}.json"
        self.containers.set_out(function, name)
        self.twin.set_out(function, name)
        here, there = self.containers.filled(function, event), self.twin.filled(function, event)
        method, *_ = asked = request_of(there)
        expected = send(self.twin.base, *asked)
        answer = of_function(self.invoke(function, name, here))
        assert answer.status == statuses(function)[name], f"{what}: {answer.status} {answer.body}"
        same(what, answer, expected, method)
        request_id = answer.headers["x-request-id"]
        assert request_id == [event["requestContext"]["requestId"]], f"{what}: x-request-id {request_id}"
        if not any(part in name for part in NOT_BY_PATH):
            self.containers.set_out(function, name)
            same(f"{what}, by its path", by_gateway(send(self.sam_api, *request_of(here))), by_gateway(expected), method)
            self.by_path += 1

    def path(self, method, target):
        """By path alone, with the owner's token and key."""
        self.by_path += 1
        body = b'{"not": JSON' if method == "POST" else b""
        answers = []
        for base, world in ((self.sam_api, self.containers), (self.twin.base, self.twin)):
            world.set_out("", "path")
            given = {"authorization": f"Bearer {world.owner}", "x-api-key": dict(world.words)["{{apiKey}}"]}
            given |= {"content-type": "application/json"} if body else {}
            answers.append(by_gateway(send(base, method, target, given.items(), body)))
        same(f"{method} {target}", *answers, method)

    def set_up(self, name, event):
        """Set-up answers CloudFormation, and has made the first owner, who must choose a password."""
        if "ResponseURL" in event:
            event["ResponseURL"] = f"http://host.docker.internal:{self.receiver.server_port}/{name}?X-Amz-Signature=0000"
        before = len(Receiver.taken)
        answer = self.invoke("setup", name, event)
        assert answer is None, f"setup/{name}: {answer}"
        if "ResponseURL" in event:
            (taken,) = Receiver.taken[before:]
            expected = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
            expected |= {"Status": "SUCCESS", "PhysicalResourceId": "usher-setup"}
            assert taken == expected, f"setup/{name}: {taken}"
        owner = {"email": "owner@example.org", "password": self.containers.environment["USHER_ADMIN_SECRET"]}
        login = call(self.sam_api, "POST", "/api/auth/token", owner)
        assert login.status == 200, f"setup/{name}: {login.body}"
        refused = call(self.sam_api, "GET", "/api/users", token=login.json()["accessToken"])
        assert (refused.status, refused.json()["type"]) == (403, "/problems/must-change-password"), refused


def main():
    arguments = argparse.ArgumentParser()
    for name in ("sam-api", "sam-lambda", "local", "local-data", "twin", "twin-data", "logs"):
        arguments.add_argument(f"--{name}", required=True)
    given = arguments.parse_args()

    table = Table.of(given.local_data)
    empty = table.items()
    play_story(given.sam_api)
    table.restore(empty)
    play = Play(World(given.local, given.local_data), World(given.twin, given.twin_data), given.sam_api, given.sam_lambda)
    play.all()
    kept = pathlib.Path(given.logs)
    texts = [file.read_text() for file in kept.glob("functions-*.log")] + list(play.cold.values())
    requests = logs.requests_in((kept / "sam-api.log").read_text()) + play.invocations
    # One for each function by its path, one by its name, and one by `sam local invoke`.
    lines = logs.check(texts, play.containers.secrets(), requests, 3 * len(play.cold))
    print(
        f"containers: the story, {play.invocations} events ({len(play.cold)} by `sam local invoke`), "
        f"{play.by_path} requests by path, {lines} lines of log: all as on the local server"
    )


if __name__ == "__main__":
    main()
