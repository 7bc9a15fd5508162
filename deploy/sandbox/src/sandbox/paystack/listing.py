"""GET /transaction: filters as rows, and paging by cursor or by offset."""

import base64
import binascii
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from sandbox.clock import parse_iso
from sandbox.paystack import documents
from sandbox.paystack.errors import PaystackRefusal
from sandbox.paystack.transactions import Transaction

T = TypeVar("T")
LARGEST_PAGE = 100


class Filter(NamedTuple):
    """One query parameter: the SQL condition, and how its text becomes the value."""

    condition: str
    read: Callable[[str], object]


def _integer(text: str) -> int:
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError(text)
    return number


FILTERS: dict[str, Filter] = {
    "status": Filter("status = ?", str),
    "from": Filter("created_at >= ?", parse_iso),
    "to": Filter("created_at <= ?", parse_iso),
    "amount": Filter("amount = ?", _integer),
    "channel": Filter("channel = ?", str),
    "customer": Filter("customer_id = ?", _integer),
    "settlement": Filter("? IS NULL", str),  # nothing is ever settled here
    "source": Filter("'merchant_api' = ?", str),
}


class Page(NamedTuple):
    """``data`` and ``meta`` of the answer."""

    data: list[dict[str, Any]]
    meta: dict[str, Any]


def list_transactions(db: sqlite3.Connection, query: Mapping[str, str]) -> Page:
    """Newest first; ``use_cursor=true`` pages by cursor, else by page number."""
    where, values = _conditions(query)
    size = min(_number(query, "perPage", default=50), LARGEST_PAGE)
    if query.get("use_cursor", "").lower() == "true":
        return _by_cursor(db, query, where, values, size)
    return _by_offset(db, query, where, values, size)


def _conditions(query: Mapping[str, str]) -> tuple[str, list[object]]:
    conditions, values = ["1 = 1"], []
    for name, row in FILTERS.items():
        if query.get(name):
            conditions.append(row.condition)
            values.append(_read(row.read, name, query[name]))
    return " AND ".join(conditions), values


def _by_cursor(db: sqlite3.Connection, query: Mapping[str, str], where: str, values: list[object], size: int) -> Page:
    if query.get("next"):
        where += " AND id < ?"
        values = [*values, _read(_decode_cursor, "next", query["next"])]
    found = _select(db, where, values, size + 1, 0)
    page = found[:size]
    following = _encode_cursor(page[-1].id) if len(found) > size else None
    return Page(_documents(db, page), {"next": following, "previous": None, "perPage": size})


def _by_offset(db: sqlite3.Connection, query: Mapping[str, str], where: str, values: list[object], size: int) -> Page:
    number = _number(query, "page", default=1)
    skipped = (number - 1) * size
    totals = db.execute(
        f"SELECT COUNT(*) AS n, COALESCE(SUM(amount), 0) AS volume FROM transactions WHERE {where}",  # noqa: S608
        values,
    ).fetchone()
    meta = {
        "total": totals["n"],
        "total_volume": totals["volume"],
        "skipped": skipped,
        "perPage": size,
        "page": number,
        "pageCount": -(-totals["n"] // size),
    }
    return Page(_documents(db, _select(db, where, values, size, skipped)), meta)


def _select(db: sqlite3.Connection, where: str, values: list[object], limit: int, offset: int) -> list[Transaction]:
    query = f"SELECT * FROM transactions WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608
    return [Transaction(**dict(row)) for row in db.execute(query, [*values, limit, offset])]


def _documents(db: sqlite3.Connection, page: list[Transaction]) -> list[dict[str, Any]]:
    return [documents.listed(db, transaction) for transaction in page]


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    number = _read(_integer, name, query[name]) if query.get(name) else default
    if not 1 <= number < 2**31:
        raise PaystackRefusal("filter", name=name)
    return number


def _read(read: Callable[[str], T], name: str, text: str) -> T:
    try:
        return read(text)
    except ValueError:
        raise PaystackRefusal("filter", name=name) from None


def _encode_cursor(row_id: int) -> str:
    return base64.b64encode(f"transaction:{row_id}".encode()).decode()


def _decode_cursor(text: str) -> int:
    try:
        kind, _, row_id = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(text) from None
    if kind != "transaction":
        raise ValueError(text)
    return _integer(row_id)
