"""Making and changing coupons: each act with its reason in the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.database import is_duplicate
from chassis.errors import Conflict, Unprocessable
from chassis.ids import new_id
from enrollment import paging
from enrollment.audit import Actor, record
from enrollment.cohorts.policy import MINIMUM_CHARGE, as_json
from enrollment.cohorts.views import named
from enrollment.coupons import policy, repository
from enrollment.coupons.schemas import CouponIn, CouponOut, CouponPatch, CouponsOut
from enrollment.models import Coupon

_NULLABLE = {"max_uses", "valid_from", "valid_until", "programs", "cohorts"}
_SHOWN = tuple(name for name in CouponOut.model_fields if name != "uses")


class CodeTaken(Conflict):
    code = "code_taken"
    title = "Another coupon has this code"


def create(session: Session, wanted: CouponIn, by: Actor, now: datetime) -> Coupon:
    """A new coupon."""
    columns = _resolved(session, wanted.model_dump(by_alias=False, exclude={"reason"}))
    coupon = Coupon(**{**columns, "code": policy.normalise(wanted.code)}, id=new_id(), version=1, created_at=now)
    _require_sense(coupon)
    session.add(coupon)
    try:
        session.flush()
    except IntegrityError as error:
        if is_duplicate(error, "uq_coupons_code"):
            raise CodeTaken(f"There is a coupon {coupon.code} already; each code is used once.") from error
        raise
    details = {name: _as_json(value) for name, value in columns.items() if name != "code" and value is not None}
    record(session, now, by, "coupon.created", ("coupon", coupon.code), reason=wanted.reason, **details)
    return coupon


def change(session: Session, code: str, patch: CouponPatch, by: Actor, now: datetime) -> Coupon:
    """Change what ``patch`` names. What was bought with the coupon before keeps its price."""
    coupon = repository.lock(session, code)
    if coupon is None:
        raise repository.CouponNotFound(f"There is no coupon {code!r}.")
    named_fields = patch.model_fields_set - {"reason"}
    for name in sorted(named_fields - _NULLABLE):
        if getattr(patch, name) is None:
            raise Unprocessable.field(CouponPatch.model_fields[name].alias or name, "cannot be null")
    wanted = _resolved(session, patch.model_dump(include=set(named_fields), by_alias=False))
    changes = {name: [_as_json(getattr(coupon, name)), _as_json(value)] for name, value in wanted.items()}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if not changes:
        return coupon
    for name in changes:
        setattr(coupon, name, wanted[name])
    _require_sense(coupon)
    coupon.version += 1
    record(session, now, by, "coupon.changed", ("coupon", coupon.code), reason=patch.reason, changes=changes)
    session.flush()
    return coupon


def _resolved(session: Session, document: dict[str, Any]) -> dict[str, Any]:
    """Programs that exist, cohorts by id: they may be named by slug, and slugs may change."""
    if document.get("programs") is not None:
        unknown = repository.find_unknown_program(session, document["programs"])
        if unknown is not None:
            raise Unprocessable.field("programs", f"there is no program {unknown!r}")
        document["programs"] = sorted(set(document["programs"]))
    if document.get("cohorts") is not None:
        found = {name: repository.find_cohort_id(session, named(name)) for name in document["cohorts"]}
        unknown = next((name for name, identity in found.items() if identity is None), None)
        if unknown is not None:
            raise Unprocessable.field("cohorts", f"there is no cohort {unknown!r}")
        document["cohorts"] = sorted({str(identity) for identity in found.values()})
    return document


def _require_sense(coupon: Coupon) -> None:
    problem = policy.find_problem(repository.terms_of(coupon))
    if problem is None and coupon.currency is not None and coupon.currency not in MINIMUM_CHARGE:
        problem = "currency", f"Paystack charges in {', '.join(MINIMUM_CHARGE)}"
    if problem is not None:
        raise Unprocessable.field(*problem)


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else as_json(value)


def present(session: Session, coupons: Sequence[Coupon], now: datetime) -> list[CouponOut]:
    """With how often each is in use; one query more."""
    uses = repository.count_all_uses(session, [coupon.id for coupon in coupons], now)
    return [
        CouponOut(**{name: getattr(coupon, name) for name in _SHOWN}, uses=uses.get(coupon.id, 0)) for coupon in coupons
    ]


def list_page(session: Session, cursor: str | None, limit: int, now: datetime) -> CouponsOut:
    """Coupons newest first."""
    rows = repository.list_page(session, paging.decode_id(cursor), limit + 1)
    page = rows[:limit]
    return CouponsOut(
        coupons=present(session, page, now),
        next_cursor=paging.encode(str(page[-1].id)) if len(rows) > limit else None,
    )
