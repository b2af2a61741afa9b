"""Sluice: drains per-vendor SQS queues into vendor APIs, under each vendor's limit, with nothing lost."""
