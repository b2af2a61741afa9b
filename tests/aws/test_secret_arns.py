"""A secret by its ARN, as the console and CloudFormation give it, or without Secrets Manager's own end."""

from __future__ import annotations

import pytest

from worker.aws.secrets import SecretsManager
from worker.aws.session import Aws
from worker.model.errors import RefusedError
from worker.settings import VendorSettings

WHOLE = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/crm-a1B2c3"


async def test_a_secret_is_got_by_any_of_its_names(aws: Aws, unique_name: str) -> None:
    """Name, ARN, and ARN without the dash and six characters at its end: AWS takes all three as SecretId."""
    made = await (await aws.client("secretsmanager")).create_secret(Name=f"{unique_name}/crm", SecretString="s3cr€t")
    secrets = await SecretsManager.open(aws)
    names = [f"{unique_name}/crm", made["ARN"], made["ARN"][:-7]]
    assert names[2].endswith(f":secret:{unique_name}/crm")
    assert [await secrets.get(name) for name in names] == ["s3cr€t"] * 3


async def test_an_arn_of_no_secret_is_refused_by_name(aws: Aws) -> None:
    """The error says which."""
    with pytest.raises(RefusedError, match="secret:shop/crm-a1B2c3"):
        await (await SecretsManager.open(aws)).get(WHOLE)


@pytest.mark.parametrize("secret", ["shop/crm", WHOLE, WHOLE[:-7], WHOLE.replace("aws:", "aws-cn:"), "a/{shop}"])
def test_the_topology_takes_any_of_them(secret: str) -> None:
    """As they stand."""
    assert VendorSettings(adapter="echo", secret=secret).secret == secret
