"""The sandbox's control API: what customers, banks and bad luck do."""

from typing import Any

import httpx

Json = dict[str, Any]


class Sandbox:
    """One running sandbox."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self.http.request(method, f"/sandbox/{path}", **options)
        assert answer.is_success, f"the sandbox answered {answer.status_code}: {answer.text[:800]}"
        return answer.json()

    def pay(self, reference: str, **how: Any) -> Json:
        """The customer pays; see ``PayIn`` of the control API."""
        paid: Json = self._call("POST", f"transactions/{reference}/pay", json=how)
        return paid

    def disturb(self, kind: str, **where: Any) -> Json:
        """Order a fault for webhooks: drop, double, delay, reorder, tamper, wrong-key, unsigned."""
        ordered: Json = self._call("POST", "faults/webhooks", json={"kind": kind, **where})
        return ordered

    def calm(self) -> None:
        """Withdraw all faults and send what a reorder holds back."""
        self._call("DELETE", "faults")
        self._call("POST", "deliveries/release")

    def announce(self, event: str, data: Json, reference: str | None = None) -> Json:
        """Send any webhook."""
        announced: Json = self._call("POST", "events", json={"event": event, "data": data, "reference": reference})
        return announced

    def deliveries(self, reference: str) -> list[Json]:
        """Webhooks of that payment with their attempts, newest first."""
        found: list[Json] = self._call("GET", "deliveries", params={"reference": reference})
        return found

    def resend(self, delivery: int) -> Json:
        """Send a webhook once more."""
        sent: Json = self._call("POST", f"deliveries/{delivery}/resend")
        return sent

    def wait_until_settled(self, reference: str, seconds: float = 30) -> None:
        """Until the platform took every webhook of that payment."""
        answer = self._call("GET", "deliveries/settled", params={"reference": reference, "wait": seconds})
        assert answer["settled"], f"webhooks of {reference} are outstanding: {self.deliveries(reference)}"

    def transactions(self) -> list[Json]:
        """The newest thousand."""
        found: list[Json] = self._call("GET", "transactions", params={"limit": 1000})
        return found
