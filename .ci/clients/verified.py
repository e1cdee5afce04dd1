"""The example of docs/verify.md with tokens of the running server, which signs with ALGORITHM."""

import base64
import json
import os
import time
import urllib.request
from typing import Any

import jwt
from verify import Verifier

BASE = os.environ.get("BASE", "http://127.0.0.1:3000")
ALGORITHM = os.environ.get("ALGORITHM", "EdDSA")


def post(path: str, body: object) -> dict[str, Any]:
    request = urllib.request.Request(BASE + path, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        made: dict[str, Any] = json.load(answer)
    return made


def changed(part: str, **changes: object) -> str:
    members = json.loads(base64.urlsafe_b64decode(part + "=="))
    return base64.urlsafe_b64encode(json.dumps({**members, **changes}).encode()).rstrip(b"=").decode()


def is_refused(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except jwt.PyJWTError:
        return True
    return False


pair = post("/api/auth/token", {"email": "admin@gauth.local", "password": "Admin@123"})
token = pair["accessToken"]
verifier = Verifier(BASE, ALGORITHM)
claims = verifier.verify(token)
assert claims["tid"] == "main" and "admin" in claims["roles"]

header, payload, signature = token.split(".")
brief = post("/api/auth/dev-token", {"username": "brief", "roles": ["user"], "expiresIn": 1})["token"]
time.sleep(2)
for what, wrong in {
    "other roles": f"{header}.{changed(payload, roles=['owner'])}.{signature}",
    "a cut signature": token[:-8],
    "the algorithm none": f"{changed(header, alg='none')}.{payload}.",
    "a secret's algorithm": f"{changed(header, alg='HS256')}.{payload}.{signature}",
    "another type": f"{changed(header, typ='JWT')}.{payload}.{signature}",
    "another key": f"{changed(header, kid='other')}.{payload}.{signature}",
    "a life that is over": brief,
    "a refresh token": pair["refreshToken"],
    "nothing": "",
}.items():
    assert is_refused(verifier, wrong), what

assert is_refused(Verifier(BASE, "EdDSA" if ALGORITHM == "RS256" else "RS256"), token), "another algorithm"
assert is_refused(Verifier(BASE, ALGORITHM, audience="invoices"), token), "another audience"
assert is_refused(Verifier(BASE, ALGORITHM, tenant="acme"), token), "another tenant"
assert is_refused(Verifier(BASE.replace("127.0.0.1", "localhost"), ALGORITHM), token), "another issuer"
