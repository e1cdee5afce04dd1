"""A world in which everything exists that the files of events/ speak of, and the way back to it after each of them."""

import email
import json
import pathlib
import re
import time
import urllib.request

from answers import call

PASSWORD = "correct horse battery staple"
JANE = "jane@example.org"
# As local/tests/api/lambda_events.rs has them: the addresses that events name in paths.
OTHERS = [
    ("jane+news@example.org", PASSWORD),
    ("jane?x=1@example.org", PASSWORD),
    ("jane#x@example.org", PASSWORD),
    ("100%@example.org", PASSWORD),
    ("Jane@Exämple.org", "ключ 🔑 от квартиры"),
]
# A name that looks like an encoded address.
ENCODED = "zoe%40example.org"


class Table:
    """The embedded DynamoDB's table."""

    def __init__(self, endpoint, name):
        self.endpoint, self.name = endpoint, name

    @classmethod
    def of(cls, directory):
        """The table of the local server with this data directory, by what it gives `sam local`."""
        variables = json.loads((pathlib.Path(directory) / "sam.json").read_text())["Parameters"]
        port = variables["USHER_DYNAMODB_ENDPOINT"].rsplit(":", 1)[1]
        return cls(f"http://127.0.0.1:{port}/", variables["USHER_TABLE"])

    def ask(self, operation, body):
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{operation}"}
        # Whoever can reach the embedded DynamoDB may use it; the form of a signature is asked for all the same.
        headers["x-amz-date"] = "20260101T000000Z"
        headers["authorization"] = "AWS4-HMAC-SHA256 Credential=a/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=a"
        request = urllib.request.Request(self.endpoint, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def items(self):
        items, after = {}, {}
        while True:
            page = self.ask("Scan", {"TableName": self.name, "ConsistentRead": True, **after})
            items.update({(item["PK"]["S"], item["SK"]["S"]): item for item in page["Items"]})
            if "LastEvaluatedKey" not in page:
                return items
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def restore(self, before):
        now = self.items()
        writes = [{"PutRequest": {"Item": item}} for key, item in before.items() if now.get(key) != item]
        gone = (item for key, item in now.items() if key not in before)
        writes += [{"DeleteRequest": {"Key": {"PK": item["PK"], "SK": item["SK"]}}} for item in gone]
        for at in range(0, len(writes), 25):
            self.ask("BatchWriteItem", {"RequestItems": {self.name: writes[at : at + 25]}})


class World:
    """A local server, its table, and what the placeholders of events stand for in it."""

    def __init__(self, base, directory):
        self.base, self.directory = base, pathlib.Path(directory)
        self.environment = json.loads((self.directory / "sam.json").read_text())["Parameters"]
        self.table = Table.of(directory)
        # What the README's story was sent, whose accounts are gone.
        self.older = set(self.letters())
        owner = self.post("/api/auth/login", {"username": "owner", "password": "Owner@12345"}, 200)["token"]
        self.owner = owner
        self.words = [("{{token}}", owner), ("{{apiKey}}", self.environment["USHER_FIRST_API_KEY_SECRET"])]
        # Nothing yet of what the events named `create…` make.
        self.bare = self.table.items()
        self.furnish()
        self.furnished = self.table.items()

    def post(self, path, body, status=201, token=None):
        answer = call(self.base, "POST", path, body, token)
        assert answer.status == status, f"{path}: {answer.status} {answer.body}"
        return answer.json() if answer.body else {}

    def furnish(self):
        signup = {"username": "jane", "email": JANE, "password": PASSWORD, "confirm_password": PASSWORD}
        self.post("/v1/user/register", signup, 200)
        for address, password in OTHERS:
            new = {"email": address, "password": password, "emailVerified": True}
            self.post("/api/users", new, token=self.owner)
        for role in ["editor", "press office"]:
            self.post("/api/roles", {"name": role}, token=self.owner)
        grant = self.post(f"/api/users/{JANE}/roles", {"role": "editor"}, token=self.owner)
        key = self.post("/api/api-keys", {"name": "Web shop"}, token=self.owner)
        robot = self.post("/api/users", {"kind": "service", "username": "robot"}, token=self.owner)["id"]
        service = self.post(f"/api/users/{robot}/keys", {"name": "Deployed"}, token=self.owner)
        pair = self.post("/api/auth/token", {"email": JANE, "password": PASSWORD}, 200)
        own = call(self.base, "GET", "/api/me/sessions", token=pair["accessToken"]).json()[0]["id"]
        # Of an account whose address is verified: every contract refreshes it.
        verified = self.post("/api/auth/token", {"email": "owner@usher.local", "password": "Owner@12345"}, 200)
        self.post("/api/users", {"username": ENCODED, "password": PASSWORD}, token=self.owner)
        self.post("/api/users", {"username": "banned", "password": PASSWORD}, token=self.owner)
        assert call(self.base, "DELETE", "/v1/user/ban/banned", token=self.owner).status == 200
        session = self.post("/v1/user/login", {"login": "jane", "password": PASSWORD}, 200)["data"]["token"]
        # Not Jane's: she got a mail in this minute.
        self.post("/api/auth/forgot-password", {"email": OTHERS[0][0]}, 202)
        self.jane = pair["accessToken"]
        jane = call(self.base, "GET", "/api/me/profile", token=self.jane).json()["id"]
        self.words += [
            ("019ab0f2-1d5a-7c33-8e4f-6a7b8c9d0e1f", jane),
            ("019ab0f3-7c41-7d2e-9b6a-4f1e2d3c5b60", grant["userRoleId"]),
            ("019ab0f4-2e6b-7a18-b5c3-8d9e0f1a2b3c", key["id"]),
            ("019ab0f5-6a1c-7b42-9d3e-5f6a7b8c9d0e", service["id"]),
            ("019ab0f5-5d3c-7b6a-8c1d-2e3f4a5b6c7d", own),
            ("{{serviceKey}}", service["key"]),
            ("{{refreshToken}}", verified["refreshToken"]),
            ("{{ownToken}}", self.jane),
            ("{{registrationToken}}", session),
            ("{{verifyToken}}", self.mailed(JANE, r"/v1/user/email/verify/(\S+)")),
            ("{{passwordToken}}", self.mailed(OTHERS[0][0], r"/set-password#(\S+)")),
        ]

    def letters(self):
        return (self.directory / "outbox").glob("*.eml")

    def mailed(self, address, link):
        """The token of a link in the mail that the local server sent to this address."""
        for _ in range(100):
            for letter in set(self.letters()) - self.older:
                message = email.message_from_bytes(letter.read_bytes())
                if address not in message["to"]:
                    continue
                parts = [part for part in message.walk() if part.get_content_type() == "text/plain"]
                text = parts[0].get_payload(decode=True).decode()
                if found := re.search(link, text):
                    return found[1]
            time.sleep(0.1)
        raise SystemExit(f"no mail to {address} with {link}")

    def secrets(self):
        """What no log may hold: all that stands for a person or lets one in."""
        spoken = [said for word, said in self.words if word.startswith("{{")]
        held = [value for name, value in self.environment.items() if name.endswith("_SECRET")]
        return {*spoken, *held, PASSWORD, *(part for other in OTHERS for part in other), JANE, "Owner@12345", "Admin@123"}

    def set_out(self, function, name):
        """Puts the world back to where the event begins."""
        self.table.restore(self.bare if name.startswith("create") else self.furnished)

    def filled(self, function, event):
        """The event as this world would get it."""
        own = [("{{token}}", self.jane)] if function in ("auth", "me") else []
        text = json.dumps(event)
        for word, said in own + self.words:
            text = text.replace(word, said)
        return json.loads(text)
