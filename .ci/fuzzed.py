"""Hooks of schemathesis (.ci/schemathesis): what each request carries beside what schemathesis makes of the document.

BASE and API_KEY are the server's. WITH_TOKEN names the role of the accounts whose tokens are sent; where empty, none is.
"""

import os

import requests
import schemathesis

ROLE = os.environ.get("WITH_TOKEN")


def post(path, body, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(os.environ["BASE"] + path, json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()


class Session:
    """An account's token. The fuzzer logs out, erases and locks accounts: then there is another account."""

    token = None
    accounts = 0

    def renew(self):
        # No account has this token, so that the fuzzer cannot end it.
        maker = post("/api/auth/dev-token", {"roles": [ROLE]})["token"]
        self.accounts += 1
        name = f"schemathesis-{self.accounts}"
        new = {"email": f"{name}@example.org", "username": name, "roles": [ROLE]}
        post("/api/users", new, maker)
        self.token = post("/api/auth/dev-token", {"username": f"{name}@example.org"})["token"]


session = Session()
if ROLE:
    session.renew()


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers["X-Api-Key"] = os.environ["API_KEY"]
    if session.token:
        case.headers["Authorization"] = f"Bearer {session.token}"


@schemathesis.hook
def after_call(context, case, response):
    if session.token and response.status_code == 401:
        session.renew()
