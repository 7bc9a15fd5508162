"""Paystack's webhook: checked, stored, answered; processed by the worker (deploy/adr/0005-webhook-processing.md)."""
