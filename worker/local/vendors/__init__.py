"""Simulated vendors, which check requests and count arrivals."""
