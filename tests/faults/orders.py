"""Orders to the processes of a platform under faults; ``inject/saboteur.py`` carries them out inside of them."""

from pathlib import Path

#: Names the folder of orders in the environment of every process.
FOLDER_KEY = "EDXELERA_FAULTS"
#: Goes into PYTHONPATH: Python loads ``sitecustomize`` from there.
INJECT = Path(__file__).parent / "inject"


class Orders:
    """A folder of orders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def die_at(self, process: str, point: str) -> None:
        """The process kills itself where it passes this point next."""
        (self.folder / f"{process}@{point}").touch()

    def is_outstanding(self, process: str, point: str) -> bool:
        """Whether it has not passed there yet."""
        return (self.folder / f"{process}@{point}").exists()

    def withdraw(self, process: str, point: str) -> None:
        """It may live."""
        (self.folder / f"{process}@{point}").unlink(missing_ok=True)

    def disorder(self, process: str, on: bool) -> None:
        """Its relay publishes shuffled, doubled and held-back rows, or stops doing so."""
        order = self.folder / f"{process}.disorder"
        if on:
            order.touch()
        else:
            order.unlink(missing_ok=True)

    def postpone_documents(self) -> None:
        """No more PDFs of certificates."""
        (self.folder / "certificates-worker.no-documents").touch()

    def skew(self, process: str, seconds: float) -> None:
        """Its clock is wrong by so much from now on; 0 makes it right. It jumps, as after a machine's long sleep."""
        order = self.folder / f"{process}.skew"
        if seconds:
            written = order.with_suffix(".written")  # the process must not read half of it
            written.write_text(str(seconds))
            written.rename(order)
        else:
            order.unlink(missing_ok=True)
