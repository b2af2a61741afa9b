"""Which AWS is spoken to, and what is said where that is not configured."""

from __future__ import annotations

import pytest

from worker.aws.session import Aws, Credentials
from worker.model.errors import ConfigurationError

TEST = Credentials("test", "secret-key")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own AWS configuration."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


async def test_without_a_region_the_error_says_what_to_set() -> None:
    """AWS_REGION is named."""
    with pytest.raises(ConfigurationError, match="set AWS_REGION"):
        async with Aws():
            pass


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
async def test_the_region_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """ECS sets AWS_REGION, which botocore alone would not read."""
    monkeypatch.setenv(variable, "eu-west-1")
    async with Aws() as aws:
        assert aws.region == "eu-west-1"


async def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration error, no traceback of botocore's."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match="nobody"):
        async with Aws(region="us-east-1"):
            pass


async def test_fixed_credentials_ignore_profiles_and_proxies(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    """The embedded AWS is reached whatever the developer's environment says."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with Aws(region="us-east-1", endpoint=aws.endpoint, credentials=TEST) as way:
        assert len(await way.account()) == 12


async def test_the_endpoint_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> None:
    """AWS_ENDPOINT_URL leads every client there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(aws.endpoint))
    async with Aws(region="us-east-1", credentials=TEST) as way:
        client = await way.client("sqs")
        assert client.meta.endpoint_url == aws.endpoint


def test_a_secret_key_is_not_shown() -> None:
    """Not even where a value is printed whole."""
    assert "secret-key" not in repr(TEST)
