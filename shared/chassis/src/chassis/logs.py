"""Structured logs: one JSON object a line, with the ids of the request and the trace. Secrets are never logged."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from functools import cache
from typing import Any

import orjson
import structlog

from chassis import tracing
from chassis.settings import ServiceSettings

_SECRET_WORDS = re.compile("password|secret|authorization|cookie|token|private_key|api_key", re.IGNORECASE)
_HIDDEN = "[hidden]"

#: The id of the request being answered; every log line written meanwhile carries it.
current_request: ContextVar[str | None] = ContextVar("edxelera_request_id", default=None)

#: The event being taken in, and its consumer; likewise.
current_event: ContextVar[Mapping[str, str] | None] = ContextVar("edxelera_event", default=None)


def add_request_id(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the request, if there is one."""
    request_id = current_request.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def add_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the event, if one is being taken in."""
    for name, value in (current_event.get() or {}).items():
        event.setdefault(name, value)
    return event


def hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the values of fields whose name says that they are secret."""
    for name in event:
        if _is_secret(name):
            event[name] = _HIDDEN
    return event


@cache
def _is_secret(name: str) -> bool:
    return _SECRET_WORDS.search(name) is not None


def add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every line written while something is handled names its trace, whoever writes it."""
    for name, value in tracing.log_fields().items():
        event.setdefault(name, value)
    return event


class _Lines:
    """Where structlog's lines end: the standard library's handler, without a record made for each line, which would
    cost more than all the rest. Levels are still those of the standard library's logger of the same name.
    """

    disabled = False

    def __init__(self, handler: "logging.StreamHandler[Any]", name: str) -> None:
        self.name = name
        self._handler = handler
        self.getEffectiveLevel = logging.getLogger(name).getEffectiveLevel

    def _write(self, line: str) -> None:
        with self._handler.lock:  # type: ignore[union-attr]
            self._handler.stream.write(line + "\n")
            self._handler.flush()

    debug = info = warning = error = exception = critical = _write


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure_logs(settings: ServiceSettings) -> None:
    """Send structlog's and the standard library's logs to standard output in one form."""
    shared: list[Any] = [
        add_request_id,
        add_event,
        structlog.contextvars.merge_contextvars,
        add_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    handler = logging.StreamHandler(sys.stdout)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, _add_service(settings.service), renderer],
        logger_factory=lambda name=settings.service: _Lines(handler, name),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _add_service(settings.service),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    for old in [found for found in root.handlers if getattr(found, "edxelera", False)]:
        root.removeHandler(old)
    handler.edxelera = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for noisy in ("httpx", "httpcore", "botocore", "urllib3", "uvicorn.access", "asyncio", "aiohttp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error"):  # uvicorn installs its own handlers; ours speak for it
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _add_service(service: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return add
