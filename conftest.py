"""For every test: pytest calls modules below gateway/tests ``gateway.tests.…``, so the real package must come first."""

import gateway  # noqa: F401
