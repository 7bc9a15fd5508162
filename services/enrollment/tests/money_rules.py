"""The moves of the model-based test: what students, staff, Paystack and banks do, each of them allowed at any time."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule
from services.enrollment.tests.money_mishaps import PostOffice, dying_server

from contracts.events import AccountErased

STUDENTS = 3
PART = 1_000_000
PRICES = (2_500_000, 3_000_000)
COUPON = {"code": "SPRING", "kind": "percentage", "percent": 20, "maxUses": 2, "reason": "a campaign"}

#: Mostly as asked, now and then with fees on top, or not what was asked.
WAYS_TO_PAY = st.sampled_from([*[{}] * 6, {"fees_passed_on": True}, {"amount": 100}, {"currency": "GHS"}])

MOVES: dict[str, tuple[str, ...]] = {
    "pending": ("processing", "processed", "failed"),
    "processing": ("processed", "failed", "needs-attention"),
    "needs-attention": ("processed", "failed", "processing"),  # processing: retried with the customer's bank account
}
#: Paystack's statuses of a refund that takes nothing.
FAILED = "failed"


class World(RuleBasedStateMachine):
    """Three students, a cohort with one seat, one without a limit that may be paid in parts, a coupon with two uses."""

    school: Any
    references = Bundle("references")

    def build(self) -> None:
        """A new school in an empty database."""
        self.school.publish()
        self.cohorts = [self.school.cohort(seats=1)["slug"], self.school.cohort(instalments=self._plan())["slug"]]
        self.staff("POST", "/coupons", COUPON)
        self.students = [self.school.student() for _ in range(STUDENTS)]
        self.owners: dict[str, Any] = {}
        self.refunded_by_hand: set[str] = set()
        self.post = PostOffice(self.school)

    def _plan(self) -> dict[str, Any]:
        """Three parts, of which the last two fall due while a run goes on."""
        second, third = ((self.school.clock.now + timedelta(days=days)).date().isoformat() for days in (1, 3))
        parts = [{"percent": 40}, {"percent": 35, "dueDate": second}, {"percent": 25, "dueDate": third}]
        return {"parts": parts, "graceDays": 1}

    def ask(self, reference: str) -> None:
        """The student's browser verifies."""
        answer = self.school.http.post(f"/v1/payments/{reference}/verify", headers=self.owners[reference].headers)
        assert answer.status_code in {200, 502}, answer.text

    def staff(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """What staff ask for happens, or is refused."""
        answer = self.school.http.request(method, f"/v1/admin{path}", json=body, headers=self.school.admin)
        assert answer.status_code in {200, 201, 204, 409}, answer.text
        return answer

    def transaction(self, reference: str) -> dict[str, Any]:
        """As Paystack has it."""
        return self.school.sandbox.control(f"transactions/{reference}", method="GET")

    def refunds(self, reference: str | None = None) -> list[dict[str, Any]]:
        """Paystack's, oldest first."""
        found = self.school.sandbox.control("refunds", method="GET")
        mine = [one for one in found if reference is None or one["transaction"]["reference"] == reference]
        return sorted(mine, key=lambda one: one["id"])

    def disputes(self) -> list[dict[str, Any]]:
        """Paystack's, newest first."""
        return self.school.sandbox.control("disputes", method="GET")


class Students(World):
    """They buy, pay (late, wrong, twice), walk away, leave the school."""

    @initialize(target=World.references, ways=st.tuples(WAYS_TO_PAY, WAYS_TO_PAY))
    def two_buy(self, ways: tuple[dict[str, Any], ...]) -> Any:
        """Nothing is worth watching before somebody has paid: one with a coupon, the other in parts."""
        bought = []
        for who, (how, terms) in enumerate(zip(ways, ({"coupon": "spring"}, {"plan": "instalments"}), strict=True)):
            reference = self.school.reference(self.students[who], cohort=self.cohorts[who], **terms)
            self.owners[reference] = self.students[who]
            self.pay(reference, how)
            bought.append(reference)
        return multiple(*bought)

    @rule(
        target=World.references,
        who=st.integers(0, STUDENTS - 1),
        cohort=st.integers(0, 1),
        terms=st.sampled_from([{}, {}, {"coupon": "spring"}, {"plan": "instalments"}, {"plan": "full"}]),
    )
    def check_out(self, who: int, cohort: int, terms: dict[str, str]) -> Any:
        return self._check_out(who, {"cohort": self.cohorts[cohort], **terms})

    @rule(target=World.references, who=st.integers(0, STUDENTS - 1), how=WAYS_TO_PAY)
    def pay_the_next_part(self, who: int, how: dict[str, Any]) -> Any:
        """In one go: who is enrolled in parts pays on."""
        reference = self._check_out(who, {"plan": "instalments"})
        if isinstance(reference, str):
            self.pay(reference, how)
            self.ask(reference)
        return reference

    def _check_out(self, who: int, body: dict[str, str]) -> Any:
        answer = self.school.checkout(self.students[who], body)
        assert answer.status_code in {200, 201, 409, 502}, answer.text
        reference = answer.json().get("reference") if answer.is_success else None
        if reference is None or reference in self.owners:
            return multiple()
        self.owners[reference] = self.students[who]
        return reference

    @rule(who=st.integers(0, STUDENTS - 1), cohort=st.integers(0, 1), after=st.integers(0, 2), committed=st.booleans())
    def check_out_dies(self, who: int, cohort: int, after: int, committed: bool) -> None:
        """Its student sees an error and no reference; asking again finds the way."""
        with dying_server(self.school, after, committed=committed):
            answer = self.school.checkout(self.students[who], {"cohort": self.cohorts[cohort]})
        assert answer.status_code in {200, 201, 409, 500, 502}, answer.text

    @rule(reference=World.references, how=WAYS_TO_PAY)
    def pay(self, reference: str, how: dict[str, Any]) -> None:
        if self._can_be_paid(reference):
            self.school.pay(reference, announce=True, **how)
            path = f"transactions/{reference}/refund-outcome"
            self.school.sandbox.control(path, {"outcome": "manual"}, method="PUT")

    @rule(reference=World.references, what=st.sampled_from(["fail", "abandon", "ongoing"]))
    def pay_in_vain(self, reference: str, what: str) -> None:
        if self._can_be_paid(reference):
            self.school.happen(reference, what)

    @rule(reference=World.references)
    def verify(self, reference: str) -> None:
        self.ask(reference)

    @rule(who=st.integers(0, STUDENTS - 1))
    def leave(self, who: int) -> None:
        """The account is erased, whatever of its money is on its way; another student comes."""
        self.school.deliver(AccountErased(sequence=2, account_id=self.students[who].id))
        self.students[who] = self.school.student()

    def _can_be_paid(self, reference: str) -> bool:
        return self.transaction(reference)["status"] in {"abandoned", "ongoing", "pending"}


class Staff(World):
    """They refund, grant, revoke, change prices, archive."""

    @rule(reference=World.references, amount=st.sampled_from([None, 1, PART]))
    def staff_refund(self, reference: str, amount: int | None) -> None:
        part = {"amountMinor": amount} if amount else {}
        self.staff("POST", f"/payments/{reference}/refund", {"reason": "asked", **part})

    @rule(reference=World.references, kind=st.sampled_from(["lost-answer", "lost-answer", "down"]))
    def staff_refund_unheard(self, reference: str, kind: str) -> None:
        """The answer to a refund is lost: it may have been made."""
        self.ask(reference)
        self.staff("POST", f"/payments/{reference}/refund", {"reason": "asked", "amountMinor": PART})
        self.school.outage(kind, "refund", seconds=0)
        self.school.run_refunds()
        self.school.pass_time(minutes=3)
        self.school.run_refunds()

    @rule(who=st.integers(0, STUDENTS - 1), cohort=st.integers(0, 1))
    def grant(self, who: int, cohort: int) -> None:
        body = {"userId": str(self.students[who].id), "cohort": self.cohorts[cohort], "reason": "scholarship"}
        self.staff("POST", "/enrollments", body)

    @rule(reference=World.references)
    def revoke(self, reference: str) -> None:
        """Money is not touched by it."""
        enrollment = self.school.enrollment_of(reference)
        self.staff("DELETE", f"/enrollments/{enrollment.id}", {"reason": "left in anger"})

    @rule(cohort=st.integers(0, 1), price=st.sampled_from(PRICES))
    def change_the_price(self, cohort: int, price: int) -> None:
        self.staff("PATCH", f"/cohorts/{self.cohorts[cohort]}", {"amountMinor": price})

    @rule(cohort=st.integers(0, 1), archived=st.booleans())
    def archive(self, cohort: int, archived: bool) -> None:
        self.staff("PATCH", f"/cohorts/{self.cohorts[cohort]}", {"archived": archived})

    @rule(reference=World.references)
    def reconcile_one(self, reference: str) -> None:
        self.school.http.post(f"/v1/admin/payments/{reference}/reconcile", headers=self.school.admin)


class PaystackAndBanks(World):
    """Refunds move, are made by hand, fail; charges are disputed and reversed; Paystack is down."""

    @rule(which=st.integers(0, 20), step=st.integers(0, 2))
    def refund_moves(self, which: int, step: int) -> None:
        moving = [one for one in self.refunds() if one["status"] in MOVES]
        if moving:
            refund = moving[which % len(moving)]
            following = MOVES[refund["status"]]
            self.move(refund, following[step % len(following)])

    @rule(reference=World.references, amount=st.sampled_from([None, PART, PART]))
    def dashboard_refund(self, reference: str, amount: int | None) -> None:
        """Somebody refunds at Paystack itself; we hear of it by webhook only."""
        body = {"transaction": reference, **({"amount": amount} if amount else {})}
        self.refunded_by_hand.add(reference)
        self.school.sandbox.api.post("/refund", json=body)

    @rule(reference=World.references, part=st.booleans())
    def dispute(self, reference: str, part: bool) -> None:
        transaction = self.transaction(reference)
        if transaction["status"] == "success":
            body = {"amount": PART} if part and transaction["amount"] > PART else {}
            self.school.sandbox.control(f"transactions/{reference}/disputes", body, status=201)

    @rule(which=st.integers(0, 20), outcome=st.sampled_from(["won", "lost", "auto-accepted"]))
    def dispute_ends(self, which: int, outcome: str) -> None:
        disputes = [one for one in self.disputes() if one["resolution"] is None]
        if disputes:
            self.resolve(disputes[which % len(disputes)], outcome)

    @rule(reference=World.references)
    def reversal(self, reference: str) -> None:
        """Paystack takes a charge back by itself and tells nobody: we find it when we ask or compare."""
        if self._is_untouched(reference):
            self.school.happen(reference, "reverse")

    @rule(reference=World.references, by_its_bank=st.booleans())
    def all_is_taken_before_a_refund_is_made(self, reference: str, by_its_bank: bool) -> None:
        """Staff ask for a refund; when the worker comes to it, nothing is left to give back."""
        self.ask(reference)
        self.staff("POST", f"/payments/{reference}/refund", {"reason": "asked", "amountMinor": PART})
        if self._is_untouched(reference) and by_its_bank:
            self.school.sandbox.control(f"transactions/{reference}/disputes", {}, status=201)
            self.resolve(self.disputes()[0], "lost")
        elif self._is_untouched(reference):
            self.school.happen(reference, "reverse")

    def _is_untouched(self, reference: str) -> bool:
        """Paid, and nothing of it refunded or disputed."""
        mine = [one for one in self.disputes() if one["transaction"]["reference"] == reference]
        return self.transaction(reference)["status"] == "success" and not (mine or self._taken(reference))

    @rule(
        kind=st.sampled_from(["down", "rubbish", "rate-limited", "lost-answer"]),
        call=st.sampled_from(["initialize", "verify", "refund", "list"]),
    )
    def outage(self, kind: str, call: str) -> None:
        self.school.outage(kind, call, seconds=0)

    def move(self, refund: dict[str, Any], status: str) -> None:
        """A refund's next status."""
        self.school.sandbox.control(f"refunds/{refund['id']}/move", {"status": status})

    def resolve(self, dispute: dict[str, Any], outcome: str) -> None:
        """A dispute ends; a bank does not take what has gone back, or is on its way, already."""
        transaction = self.transaction(dispute["transaction"]["reference"])
        left = transaction["amount"] - self._taken(transaction["reference"])
        if transaction["status"] != "success" or dispute["refund_amount"] > left:
            outcome = "won"
        self.school.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": outcome})

    def _taken(self, reference: str) -> int:
        refunds = sum(one["amount"] for one in self.refunds(reference) if one["status"] != FAILED)
        ended = (one for one in self.disputes() if one["transaction"]["reference"] == reference)
        return refunds + sum(one["refund_amount"] for one in ended if one["resolution"] not in {None, "declined"})
