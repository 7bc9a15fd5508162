"""The gateway's own log line and metric for each exchange. Written without the logging machinery: that costs."""

import sys
from datetime import UTC, datetime

import orjson
import structlog

from chassis.metrics import HttpMetrics
from gateway.proxy.exchange import Exchange
from gateway.settings import GatewaySettings

_QUIET = frozenset({"/livez", "/readyz", "/metrics"})


class AccessLog:
    """One line and one observation an exchange; the same fields as chassis' own access log."""

    def __init__(self, settings: GatewaySettings, metrics: HttpMetrics) -> None:
        self._metrics = metrics
        self._quiet = settings.log_level in {"WARNING", "ERROR"}
        self._json = settings.log_format == "json"
        self._log = structlog.get_logger("gateway.access")

    def note(self, exchange: Exchange) -> None:
        """The exchange is over."""
        if exchange.noted:
            return
        route = exchange.route
        template = route.pattern if route is not None else "unmatched"
        seconds = exchange.seconds
        self._metrics.observe(exchange.method, template, exchange.status, seconds)
        if self._quiet or template in _QUIET:
            return
        fields: dict[str, object] = {
            "method": exchange.method,
            "path": exchange.path.decode("latin-1"),
            "route": template,
            "upstream": route.upstream.value if route is not None else None,
            "status": exchange.status,
            "milliseconds": round(seconds * 1000, 2),
            "client": exchange.origin.address,
            **exchange.ids,
        }
        if self._json:
            self._write(fields)
        else:
            self._log.info("request", **fields)

    @staticmethod
    def _write(fields: dict[str, object]) -> None:
        now = datetime.now(UTC).isoformat()
        head = {"event": "request", "level": "info", "logger": "gateway.access", "timestamp": now, "service": "gateway"}
        sys.stdout.write(orjson.dumps({**fields, **head}, option=orjson.OPT_APPEND_NEWLINE).decode())
        sys.stdout.flush()
