"""The composition root: it sees every layer."""
