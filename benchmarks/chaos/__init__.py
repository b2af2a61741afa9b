"""What becomes of messages when workers die, stand still, are replaced, and SQS or the vendor fails."""
