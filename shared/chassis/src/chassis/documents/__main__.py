"""``python -m chassis.documents``: manuscripts as JSON lines in; for each a line ``{"size": n}`` and n bytes of PDF."""

import json
import sys
from typing import Any

from chassis.documents.typesetting import Typesetter


def main() -> None:
    """Until nobody writes any more."""
    typesetter = Typesetter()
    for line in sys.stdin.buffer:
        answer, pdf = _answer(typesetter, line)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + pdf)
        sys.stdout.buffer.flush()


def _answer(typesetter: Typesetter, line: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        pdf, missing = typesetter.typeset(json.loads(line))
    except Exception as error:
        return {"size": 0, "error": f"{type(error).__name__}: {error}"}, b""
    return {"size": len(pdf), **({"missing": missing} if missing else {})}, pdf


if __name__ == "__main__":
    main()
