"""What operators do with events: look, retry, discard, replay. One service at a time, in that service's own schema.

Plain functions over a session or a Redis client; ``python -m chassis.messaging.operations`` runs them and prints JSON,
and ``edxelera events`` runs that for each service with the service's own environment. Whatever changes something is
noted with who and why in ``operator_actions``, in the same transaction (why so: ADR 0013).
"""
