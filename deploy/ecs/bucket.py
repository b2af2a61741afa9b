"""The bucket of claim checks."""

from __future__ import annotations

import json

from aws_cdk import aws_s3

from deploy.ecs.keeping import keep
from deploy.ecs.site import Site
from worker.aws.resources import Bucket

BUCKET = "ClaimBucket"


def add_bucket(site: Site) -> None:
    """Not public, TLS only; objects go when no queue can hold their pointer any more."""
    for bucket in site.wanted.shared:
        if isinstance(bucket, Bucket):
            _add_bucket(site, bucket)


def _add_bucket(site: Site, bucket: Bucket) -> None:
    closed: dict[str, bool] = json.loads(bucket.attributes["PublicAccessBlock"])
    made = aws_s3.CfnBucket(
        site.stack,
        BUCKET,
        bucket_name=bucket.name,
        public_access_block_configuration=aws_s3.CfnBucket.PublicAccessBlockConfigurationProperty(
            block_public_acls=closed["BlockPublicAcls"],
            ignore_public_acls=closed["IgnorePublicAcls"],
            block_public_policy=closed["BlockPublicPolicy"],
            restrict_public_buckets=closed["RestrictPublicBuckets"],
        ),
        bucket_encryption=aws_s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[
                aws_s3.CfnBucket.ServerSideEncryptionRuleProperty(
                    server_side_encryption_by_default=aws_s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                        sse_algorithm="AES256"
                    )
                )
            ]
        ),
        lifecycle_configuration=aws_s3.CfnBucket.LifecycleConfigurationProperty(
            rules=[_rule(rule) for rule in json.loads(bucket.attributes["Lifecycle"])]
        ),
    )
    keep(made)
    _add_policy(site, made)


def _rule(rule: dict[str, dict[str, int]]) -> aws_s3.CfnBucket.RuleProperty:
    return aws_s3.CfnBucket.RuleProperty(
        id=rule["ID"],
        status=rule["Status"],
        expiration_in_days=rule["Expiration"]["Days"],
        abort_incomplete_multipart_upload=aws_s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
            days_after_initiation=rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        ),
    )


def _add_policy(site: Site, bucket: aws_s3.CfnBucket) -> None:
    only_tls = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.attr_arn, f"{bucket.attr_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    aws_s3.CfnBucketPolicy(
        site.stack,
        f"PolicyOf{BUCKET}",
        bucket=bucket.ref,
        policy_document={"Version": "2012-10-17", "Statement": [only_tls]},
    )
