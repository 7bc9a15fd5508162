"""What a traceback comes to, for lists."""

import re
from collections import deque

_LONGEST = 160
_FRAMES = re.compile(r'^  File ".*", line \d+.*\n(?:^ .*\n)*', re.MULTILINE)
_MODULES = re.compile(r"^(?:\w+\.)+(?=\w+(?::|$))")


def gist(error: str) -> str:
    """The exception and its message in one line, cut after 160 characters; what is no traceback is its own gist.

    Not the last line: that of a database's or of a validation's message is the address of a page about such messages.
    """
    last_frames = deque(_FRAMES.finditer(error), maxlen=1)
    message = error[last_frames[0].end() :] if last_frames else error
    said = _MODULES.sub("", " ".join(message.split()))
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
