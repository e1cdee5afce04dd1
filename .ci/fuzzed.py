"""Hooks of schemathesis (.ci/schemathesis): what each request carries beside what schemathesis makes of the document.

BASE and API_KEY are the server's. WITH_TOKEN names the role of the accounts whose tokens are sent; where empty, none is.
"""

import json
import os

import requests
import schemathesis

ROLE = os.environ.get("WITH_TOKEN")


def post(path, body, token=None, method="POST"):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.request(method, os.environ["BASE"] + path, json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()


class Session:
    """An account's token. The fuzzer logs out, erases and locks accounts: then there is another account."""

    token = None
    accounts = 0

    def renew(self):
        # No account has this token, so that the fuzzer cannot end it.
        maker = post("/api/auth/dev-token", {"roles": [ROLE]})["token"]
        # The fuzzer also limits how many have the role.
        post(f"/api/roles/{ROLE}", {"maxCount": None}, maker, "PATCH")
        self.accounts += 1
        name = f"schemathesis-{self.accounts}"
        new = {"email": f"{name}@example.org", "username": name, "roles": [ROLE]}
        post("/api/users", new, maker)
        self.token = post("/api/auth/dev-token", {"username": f"{name}@example.org"})["token"]


session = Session()
if ROLE:
    session.renew()


def pascal_case(value):
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: pascal_case(inner) for name, inner in value.items()}
    return [pascal_case(inner) for inner in value] if isinstance(value, list) else value


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers["X-Api-Key"] = os.environ["API_KEY"]
    if session.token:
        case.headers["Authorization"] = f"Bearer {session.token}"


@schemathesis.hook
def after_call(context, case, response):
    if session.token and response.status_code == 401:
        session.renew()
    # The account contract answers in camelCase who writes in it; its schemas, as the document has it, are in PascalCase.
    if "Account" in (case.operation.tags or []) and response.content.startswith(b"{"):
        response.content = json.dumps(pascal_case(json.loads(response.content))).encode()
