"""The HTTP models of this slice."""

from contracts.http.enrollment import WebhookOut

__all__ = ["WebhookOut"]
