"""Paystack as seen over HTTP: its API, its checkout page and what it remembers."""
