"""Problems of the sandbox's own pages and control API."""


class SandboxProblem(Exception):
    """Something the caller of the sandbox can mend: what is wrong, and what to do about it."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint

    def document(self) -> dict[str, str]:
        """The answer's body."""
        return {"error": self.message, "hint": self.hint}
