"""A task's id tells it from all others, and is ECS's own where there is one."""

from __future__ import annotations

import pytest

from worker.app.identity import task_id


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("cd189a933e5849daa93386466019ab50-2495160603", "cd189a933e5849daa93386466019ab50"),  # Fargate
        ("0206b271-b33f-47ab-86c6-a0ba208a70a9", "0206b271-b33f-47ab-86c6-a0ba208a70a9"),  # EC2: the container's
    ],
)
def test_on_ecs_it_is_ecs_s(end: str, told: str) -> None:
    """As the console shows it, where the metadata endpoint tells it."""
    assert task_id({"ECS_CONTAINER_METADATA_URI_V4": f"http://169.254.170.2/v4/{end}"}) == told


@pytest.mark.parametrize("environ", [{}, {"ECS_CONTAINER_METADATA_URI_V4": ""}])
def test_elsewhere_no_two_are_the_same(environ: dict[str, str]) -> None:
    """Not even on one host."""
    assert len({task_id(environ) for _ in range(100)}) == 100
