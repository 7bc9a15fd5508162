"""Background threads of a worker: they end when told to, and say whether they are alive."""

import threading
import time
from collections.abc import Callable

import structlog

from chassis.database import is_unreachable

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Loop:
    """Calls ``turn`` again and again in a thread. ``turn`` answers how many seconds to wait before the next call;
    ``wake`` cuts the wait short. An error costs a growing pause, never the thread.
    """

    def __init__(self, name: str, turn: Callable[[], float]) -> None:
        self.name = name
        self._turn = turn
        self._bell = threading.Event()
        self._stopping = False
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do now."""
        self._bell.set()

    def stop(self, timeout: float = 15.0) -> None:
        """Finish the present turn and end."""
        self.tell_to_stop()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def tell_to_stop(self) -> None:
        """Like ``stop``, without waiting."""
        self._stopping = True
        self._bell.set()

    @property
    def stopping(self) -> bool:
        """Whether a turn should come to its end."""
        return self._stopping

    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping:
            try:
                wait = self._turn()
                pause = _FIRST_PAUSE
            except Exception as error:
                unexpected = not is_unreachable(error)
                log.warning("loop_interrupted", loop=self.name, error=str(error), again_in=pause, exc_info=unexpected)
                wait, pause = pause, min(pause * 2, _LONGEST_PAUSE)
            self._bell.wait(wait)
            self._bell.clear()
