"""A wire to a server that tests can cut: what the code under test sees is a server that went away and came back."""

import socket
import threading
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65536


class Wire:
    """Forwards a port of its own to ``target``. ``cut`` drops all connections and refuses new ones, ``mute`` takes
    connections and answers nothing, ``swallow_reply`` lets one command through and breaks instead of answering it,
    ``mend`` restores service at the same port.
    """

    def __init__(self, stack: ExitStack, host: str, port: int) -> None:
        self._target = (host, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._muted = False
        self._swallow = False
        self._listener: socket.socket | None = None
        self.port = 0
        self.mend()
        stack.callback(self.cut)

    @classmethod
    def to_url(cls, stack: ExitStack, url: str) -> tuple["Wire", str]:
        """A wire to the server in ``url``, and the URL that goes through it."""
        parts = urlsplit(url)
        wire = cls(stack, parts.hostname or "127.0.0.1", parts.port or 0)
        login = parts.netloc.rpartition("@")[0]
        netloc = f"{login}@127.0.0.1:{wire.port}" if login else f"127.0.0.1:{wire.port}"
        return wire, urlunsplit(parts._replace(netloc=netloc))

    def cut(self) -> None:
        """The server is down."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
            listener.close()
        self.drop()

    def drop(self) -> None:
        """The present connections break; new ones work."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def mute(self) -> None:
        """The server hangs: it takes connections and never answers."""
        self._muted = True
        self.drop()

    def swallow_reply(self) -> None:
        """The next command takes effect, but its sender does not hear of it."""
        self._swallow = True

    def mend(self) -> None:
        """The server is back."""
        self._muted = self._swallow = False
        self.drop()
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                if self._listener is not listener:  # cut since
                    near.close()
                    return
                self._open.add(near)
            self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        if self._muted:
            return
        try:
            far = socket.create_connection(self._target, timeout=5)
        except OSError:
            near.close()
            with self._lock:
                self._open.discard(near)
            return
        far.settimeout(None)
        with self._lock:
            if near not in self._open:  # dropped meanwhile
                far.close()
                return
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(far)
        for source, sink, answers in ((near, far, False), (far, near, True)):
            threading.Thread(target=self._pump, args=(source, sink, answers), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if answers and self._swallow:
                    self._swallow = False
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._open -= {source, sink}
