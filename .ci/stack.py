"""A stack as `sam deploy` makes, changes and deletes it: code and template in S3, change sets, and the events of what
failed."""

import io
import json
import time
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION, ACCOUNT = "eu-central-1", "123456789012"
BUCKET = "deployments"
LONGEST_WAIT = 300


class Cloud:
    """AWS, or what stands for it, as the root of its account."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        # A custom resource is waited for within one call.
        self.config = Config(retries={"max_attempts": 1}, read_timeout=LONGEST_WAIT, s3={"addressing_style": "path"})

    def client(self, service):
        return self.session.client(service, endpoint_url=self.endpoint, config=self.config)

    def upload(self, key, content):
        """To the bucket of deployments; the address that CloudFormation is given."""
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"{self.endpoint}/{BUCKET}/{key}"


class Failed(Exception):
    """A change of the stack that did not come about: its status, and the reasons in its events."""

    def __init__(self, status, reasons):
        super().__init__("\n".join([status, *(f"  {reason}" for reason in reasons)]))
        self.status, self.reasons = status, reasons


class Stack:
    def __init__(self, cloud, name):
        self.cloud, self.name, self.formation = cloud, name, cloud.client("cloudformation")

    def change(self, template, parameters):
        """Carries a change set out; raises `Failed` where it is rolled back, or cannot even be made."""
        kind = "UPDATE" if self.status() else "CREATE"
        change_set = f"{kind.lower()}-{time.time_ns()}"
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        try:
            self.formation.create_change_set(
                StackName=self.name,
                ChangeSetName=change_set,
                ChangeSetType=kind,
                TemplateURL=self.cloud.upload(f"{change_set}.template", json.dumps(template).encode()),
                Parameters=given,
                # What samconfig.toml gives; a resource that needed more would fail here.
                Capabilities=["CAPABILITY_IAM"],
            )
        except ClientError as refused:
            raise Failed("refused", [refused.response["Error"]["Message"]]) from None
        made = self.settled(lambda: self.formation.describe_change_set(StackName=self.name, ChangeSetName=change_set)["Status"])
        if made != "CREATE_COMPLETE":
            described = self.formation.describe_change_set(StackName=self.name, ChangeSetName=change_set)
            raise Failed(made, [described.get("StatusReason", "without a reason")])
        before = len(self.events())
        self.formation.execute_change_set(StackName=self.name, ChangeSetName=change_set)
        status = self.settled(self.status)
        if status != f"{kind}_COMPLETE":
            raise Failed(status, failures(self.events()[: -before or None]))

    def settled(self, status):
        """The status, once it is not one on the way to another."""
        until = time.monotonic() + LONGEST_WAIT
        while (now := status()) and now.endswith(("_IN_PROGRESS", "_PENDING")):
            if time.monotonic() > until:
                raise Failed(now, [f"for {LONGEST_WAIT} seconds"])
            time.sleep(0.2)
        return now

    def status(self):
        """`None` where there is no such stack."""
        described = self.described()
        return described and described["StackStatus"] not in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS") and described["StackStatus"] or None

    def described(self):
        try:
            return self.formation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as refused:
            if "does not exist" in str(refused):
                return None
            raise

    def events(self):
        """Newest first."""
        pages = self.formation.get_paginator("describe_stack_events").paginate(StackName=self.name)
        return [event for page in pages for event in page["StackEvents"]]

    def outputs(self):
        return {one["OutputKey"]: one["OutputValue"] for one in self.described().get("Outputs", [])}

    def resources(self):
        """The physical ids of everything in the stack, by their logical ones."""
        pages = self.formation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = (one for page in pages for one in page["StackResourceSummaries"])
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found if one["ResourceStatus"] != "DELETE_COMPLETE"}

    def delete(self):
        self.formation.delete_stack(StackName=self.name)
        status = self.settled(self.status)
        if status:
            raise Failed(status, failures(self.events()))


def failures(events):
    """The reasons in events, in their order."""
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    return [f"{one['LogicalResourceId']} {one['ResourceStatus']}: {one.get('ResourceStatusReason', '')}" for one in failed]


def packed(binary):
    """A function's deployment package."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, binary.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=1)
    return whole.getvalue()
