"""Signed webhooks: a persisted queue, the faults tests may order, and the sender."""
