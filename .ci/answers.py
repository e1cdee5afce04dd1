"""Answers of Usher, over HTTP or out of a Lambda function, made comparable: what differs from run to run is made equal."""

import http.client
import json
import re
import urllib.parse
from typing import NamedTuple

# What a transport adds about itself, and what `sam local` and API Gateway add to every answer.
LEFT_OUT = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "x-request-id"}

ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
# What is shown as it is here is what is equal everywhere: 2030 is a date that the story itself gives.
SETTLED = [
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"\busher_(ak|sk|rt|ot|dev)_[\w-]*"), r"<\1>"),
    # Numbers of accounts, and what is calculated over keys of one's own.
    (re.compile(r"\b\d{14,17}\b"), "<number>"),
    (re.compile(r'^W/"[\w-]{22}"$'), "<tag>"),
    (re.compile(r"\b(?!2030)20\d\d-\d\d-\d\dT[\d:.]+Z"), "<moment>"),
]
# Members of bodies that are chance, or where a request came from.
CHANCE = {"nextCursor", "temporaryPassword", "ip", "kid", "x", "Ip", "ip_address"}


class Answer(NamedTuple):
    """A status, the headers by their lower-case names, and the body as text."""

    status: int
    headers: dict
    body: str

    def json(self):
        return json.loads(self.body)


def send(base, method, target, headers=(), body=b"", timeout=60):
    """A request as it is: nothing of its path is repaired."""
    at = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=timeout)
    connection.putrequest(method, target, skip_accept_encoding=True)
    given = list(headers)
    if body:
        given.append(("content-length", str(len(body))))
    for name, value in given:
        connection.putheader(name, value.encode())
    connection.endheaders(body or None)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    found = {}
    for name, value in reply.getheaders():
        found.setdefault(name.lower(), []).append(value)
    return Answer(reply.status, found, text)


def call(base, method, path, body=None, token=None):
    """A request with JSON, by whom the token names."""
    headers = [("content-type", "application/json")] if body is not None else []
    headers += [("authorization", f"Bearer {token}")] if token else []
    return send(base, method, path, headers, json.dumps(body).encode() if body is not None else b"")


def of_function(payload):
    """The answer that a function gave API Gateway."""
    headers = {name.lower(): [value] for name, value in (payload.get("headers") or {}).items()}
    for name, values in (payload.get("multiValueHeaders") or {}).items():
        headers[name.lower()] = list(values)
    if payload.get("cookies"):
        headers["set-cookie"] = payload["cookies"]
    assert not payload.get("isBase64Encoded"), "text is answered as text"
    return Answer(payload["statusCode"], headers, payload.get("body") or "")


def settled(answer, method="GET"):
    """What two answers to one request have in common."""
    headers = {}
    for name, values in answer.headers.items():
        # `sam local` adds the API's CORS headers whoever asks; API Gateway adds them for a page's origin.
        if name not in LEFT_OUT and not name.startswith("access-control-"):
            headers[name] = sorted(header(name, value) for value in values)
    # So does the local server for its pages, and states that its answers differ by their origin.
    fields = {field.strip() for value in headers.pop("vary", []) for field in value.split(",")}
    headers["vary"] = sorted(fields - {"origin"})
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = answer.body
    # Whatever an answer to HEAD has for a body ends at the gateway, or the server.
    return {"status": answer.status, "headers": headers, "body": "" if method == "HEAD" else alike("", body)}


def header(name, value):
    if name == "link":
        return re.sub(r"cursor=[^&>]*", "cursor=<cursor>", value)
    if name == "ratelimit":
        # How many came before, and how long its window lasts on.
        return re.sub(r"\d+", "<n>", value)
    return words(value)


def words(text):
    text = ID.sub("<id>", text)
    for pattern, instead in SETTLED:
        text = pattern.sub(instead, text)
    return text


def alike(name, value):
    if isinstance(value, dict):
        return {key: alike(key, held) for key, held in value.items()}
    if isinstance(value, list):
        # The first accounts are of one millisecond, so that chance orders them.
        return sorted((alike(name, held) for held in value), key=lambda held: json.dumps(held, sort_keys=True))
    if isinstance(value, str) and value:
        return f"<{name}>" if name in CHANCE else words(value)
    if isinstance(value, int) and name in {"user_id", "exp", "iat"}:
        return f"<{name}>"
    return value
