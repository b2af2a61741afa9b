"""The topology: `sluice.toml`, then the environment, then flags; frozen, nothing extra."""

from worker.settings.load import load
from worker.settings.topology import (
    Duration,
    Limit,
    Name,
    PoolSettings,
    ScalingSettings,
    SluiceSettings,
    Topology,
    VendorSettings,
)

__all__ = [
    "Duration",
    "Limit",
    "Name",
    "PoolSettings",
    "ScalingSettings",
    "SluiceSettings",
    "Topology",
    "VendorSettings",
    "load",
]
