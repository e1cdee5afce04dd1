"""`edge.yaml` as CloudFormation would make it, held by checks/cloudfront.py as transform.py holds template.yaml.

Usage: cloudfront.py
"""

import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse

import transform
from checks import CHECKS, cloudfront

TEMPLATE = Path(__file__).parent.parent / "edge.yaml"

GIVEN = {
    "AWS::StackName": "usher-edge", "AWS::Region": "us-east-1",
    "OriginDomain": "d-a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", "OriginRegion": "eu-central-1",
    "DomainName": "id.example.org", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/2e1d0c3b-4a59-6877-8695",
}
SETS = {
    "defaults": GIVEN,
    # All that can be set; in the API's own region, whose secret is no replica.
    "here": GIVEN | {
        "OriginDomain": "d-a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "OriginRegion": "us-east-1",
        "OriginSecretVersion": "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1", "HostedZoneId": "Z0123456789ABCDEFGHIJ",
        "RateLimit": "500", "LoginRateLimit": "20", "PriceClass": "PriceClass_All", "LogRetentionDays": "365",
        "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    },
    # The names of the tenants, behind a distribution of their own that shows the same secret.
    "tenants": GIVEN | {
        "AWS::StackName": "usher-edge-tenants", "DomainName": "*.id.example.org",
        "OriginSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:edge-a1B2c3",
    },
}


def main():
    source = yaml_parse(TEMPLATE.read_text())
    own = [check for check in CHECKS if check.run.__module__ == cloudfront.__name__]
    return transform.report("cloudfront", own, source, {name: source for name in SETS}, SETS)


if __name__ == "__main__":
    sys.exit(main())
