"""The Lambda that says each minute how many tasks each pool needs."""
