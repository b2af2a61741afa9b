"""What a worker may do."""

from __future__ import annotations

from aws_cdk import Aws

from deploy.ecs.access import claims, items, missing_claims
from deploy.ecs.logical import logical
from deploy.ecs.policies import allow, trust
from deploy.ecs.role import add_role
from deploy.ecs.secretarns import secret_arns
from deploy.ecs.site import Site

# Kinds of items, see worker/aws/items.py; what has a vendor's name only is never too long for a key.
_KINDS = ("ATTEMPTS", "ATTEMPTS-SHA256", "LEDGER", "LEDGER-SHA256", "LIMIT", "LIMIT-SHA256", "TASK")
_ITEMS = ("BatchGetItem", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem", "Query")
_QUEUE = (
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "SendMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
)
_TASKS = f"arn:{Aws.PARTITION}:ecs:{Aws.REGION}:{Aws.ACCOUNT_ID}:*"
_SECRETS = f"arn:{Aws.PARTITION}:secretsmanager:{Aws.REGION}:{Aws.ACCOUNT_ID}:secret:"


def add_consumer(site: Site, pool: str) -> str:
    """A pool's role: its vendors' queues and secrets, and what all workers share. Returns its ARN."""
    vendors = site.vendors(pool)
    queues = [site.place.queue(site.names.queue(vendor)) for vendor in vendors]
    graves = [site.place.queue(site.names.dead_letters(vendor)) for vendor in vendors]
    others = [f"arn:{Aws.PARTITION}:s3:::{bucket}/*" for bucket in site.topology.sluice.claim_buckets]
    statements = [
        *allow("Receive", [f"sqs:{action}" for action in _QUEUE], queues),
        *allow("Bury", ["sqs:SendMessage", "sqs:GetQueueUrl"], graves),
        *allow("PublishWhatFollows", ["sns:Publish"], site.topic_arns),
        *claims(site, ["s3:GetObject", "s3:PutObject"]),
        *missing_claims(site),
        *allow("ReadOthersClaims", ["s3:GetObject"], others),
        *items("ShareState", _ITEMS, _KINDS),
        *allow("ReadSecrets", ["secretsmanager:GetSecretValue"], secret_arns(vendors.values(), _SECRETS)),
    ]
    return add_role(site, logical("ConsumerRole", pool), trust("ecs-tasks", source=_TASKS), statements)
