from __future__ import annotations

import pytest

from deploy.ecs.secretarns import secret_arns
from worker.settings import VendorSettings

HERE = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
WHOLE = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:foo-AbCdEf"


@pytest.mark.parametrize(
    ("secret", "pattern"),
    [
        ("messaging/foo", f"{HERE}messaging/foo-??????"),
        ("shop/{shop}", f"{HERE}shop/*-??????"),
        (WHOLE, WHOLE),
        ("arn:aws:secretsmanager:eu-west-1:999999999999:secret:foo", f"{WHOLE[: -len('-AbCdEf')]}-??????"),
    ],
)
def test_a_secret_is_found_by_name_or_arn(secret: str, pattern: str) -> None:
    """AWS ends each ARN in six characters; a payload field may have any value."""
    assert secret_arns([VendorSettings(adapter="http", secret=secret)], HERE) == [pattern]


def test_a_secret_that_two_vendors_share_is_named_once() -> None:
    """And a vendor without one has none."""
    vendors = [VendorSettings(adapter="http", secret=secret) for secret in ("a", "a", None, "b")]
    assert secret_arns(vendors, HERE) == [f"{HERE}a-??????", f"{HERE}b-??????"]
