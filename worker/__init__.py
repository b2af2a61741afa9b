"""Sluice: drains per-vendor SQS queues into vendor APIs, under each vendor's limit, with nothing lost."""

from importlib.metadata import version

__version__ = version("sluice")
