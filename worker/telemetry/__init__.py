"""Listeners to model/events."""
