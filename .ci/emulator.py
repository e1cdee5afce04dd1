"""The emulator of AWS, `ministack`, with what its IAM does not know and our policies are made of: the partition keys of a
request to DynamoDB (`dynamodb:LeadingKeys`), and whom a mail is from (its identity, and `ses:FromAddress`).

`.ci/deploy` starts it. Run by the Python of the venv that has `ministack`; its settings are environment variables.
"""

import base64
import email
import email.utils
import json
import os
import re

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import apigateway

PARTITION_KEYS = {"PK", "GSI1PK", "GSI2PK"}


class Known(str):
    """An action, or a resource, with the condition keys that go with it."""

    context: dict = {}

    @classmethod
    def by(cls, text, context):
        known = cls(text)
        known.context = context
        return known


def partition_key(keyed):
    """Of a key or an item."""
    return [keyed["PK"]["S"]] if "PK" in keyed else []


def queried(request):
    """The partition key of a query: the one that its condition sets equal to something."""
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    equal = re.findall(r"([\w#]+)\s*=\s*(:\w+)", request.get("KeyConditionExpression", ""))
    return [values[value]["S"] for name, value in equal if names.get(name, name) in PARTITION_KEYS]


def leading_keys(request):
    """Of a request to DynamoDB that is no transaction, or of one part of a transaction."""
    found = partition_key(request.get("Key", {})) + partition_key(request.get("Item", {})) + queried(request)
    for asked in request.get("RequestItems", {}).values():
        if isinstance(asked, dict):
            asked = [{"Key": key} for key in asked["Keys"]]
        for one in asked:
            parts = [one] if "Key" in one else [one.get("PutRequest", {}), one.get("DeleteRequest", {})]
            found += [key for part in parts for key in leading_keys(part)]
    return found


def context_of(request):
    keys = leading_keys(request)
    return {"dynamodb:LeadingKeys": keys} if keys else {}


def dynamodb_service_context(body, without=iam_actions.dynamodb_service_context):
    return {**without(body), **context_of(json.loads(body or b"{}"))}


def dynamodb_transaction_checks(action, body, region, account, without=iam_actions.dynamodb_transaction_checks):
    checks = without(action, body, region, account)
    parts = [part for item in json.loads(body or b"{}").get("TransactItems", []) for part in item.values()] if checks else []
    assert len(parts) == len(checks), "each item of a transaction is one action"
    return [(Known.by(action, context_of(part)), arn) for part, (action, arn) in zip(parts, checks)]


def ses_v2_resource_arn(method, path, body, region, account, without=iam_actions._ses_v2_resource_arn):
    """A mail is sent by its sender's identity; the emulator has it be anything."""
    if not path.endswith("/outbound-emails"):
        return without(method, path, body, region, account)
    raw = base64.b64decode(json.loads(body)["Content"]["Raw"]["Data"])
    sender = email.utils.parseaddr(email.message_from_bytes(raw)["from"])[1]
    domain = sender.rpartition("@")[2]
    return Known.by(f"arn:aws:ses:{region}:{account}:identity/{domain}", {"ses:FromAddress": sender})


def enforce(key, action, service, region, resource_arn="*", service_context=None, without=iam_evaluator.enforce):
    context = {**(service_context or {}), **getattr(action, "context", {}), **getattr(resource_arn, "context", {})}
    return without(key, action, service, region, resource_arn=resource_arn, service_context=context)


# An API's `domainName`, of which its issuer is made, is the one of the stack's output.
apigateway._HOST = f"{os.environ['MINISTACK_REGION']}.amazonaws.com"
# The emulator looks them up where they are at each request.
iam_actions.dynamodb_service_context = dynamodb_service_context
iam_actions.dynamodb_transaction_checks = dynamodb_transaction_checks
iam_actions._ses_v2_resource_arn = ses_v2_resource_arn
iam_evaluator.enforce = enforce

if __name__ == "__main__":
    app.main()
