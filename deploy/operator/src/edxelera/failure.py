"""What went wrong, in one sentence for the person at the keyboard."""


class Failure(Exception):
    """Ends a command with exit code 1; the message says what happened, to which thing, and what to do."""
