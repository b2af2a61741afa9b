"""The way in: messages to SNS."""
