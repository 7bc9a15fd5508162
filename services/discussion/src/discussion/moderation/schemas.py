"""The models of moderation."""

from contracts.http.discussion import HiddenIn, PinIn, PostOut, ReportIn, ReportOut, ReportsOut

__all__ = ["HiddenIn", "PinIn", "PostOut", "ReportIn", "ReportOut", "ReportsOut"]
