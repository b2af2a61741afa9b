"""What vendor files share."""
