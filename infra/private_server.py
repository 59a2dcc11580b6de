"""What every private server has in common: a folder of its own, one process, start and stop."""

import fcntl
import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import ClassVar, Self

from eventsourcing.persistence import OperationalError, ProgrammingError

#: Bytes of the longest path of a unix socket (sun_path, with its closing NUL).
LONGEST_SOCKET_PATH = 107

#: Seconds a server may take to become ready, and to stop when asked to.
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60


@dataclass
class PrivateServer(ABC):
    """One server in `folder`, for whoever may read the folder.

    `start` and `stop` are idempotent. `prepare` makes the files and `command` runs on them, for
    whoever supervises the process himself.
    """

    folder: Path
    sockets: Path | None = field(default=None, kw_only=True)
    """Where the socket is, if the folder's path is too long for one; only its owner may enter."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    #: Its short name: of its files, of its program in messages.
    name: ClassVar[str]
    title: ClassVar[str]
    #: What the name of its executable begins with.
    executable: ClassVar[str]

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments; it stays in the foreground.

        Raises:
            ProgrammingError: the program is not on this machine.
        """

    @property
    @abstractmethod
    def _mark(self) -> str:
        """The argument of `command` that no other folder's server has."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the server answers."""

    @abstractmethod
    def _make_files(self) -> None:
        """Make what `command` needs; the folder is there, and nobody else works in it."""

    @property
    def socket(self) -> Path:
        """Where the server listens for processes of this machine."""
        return (self.sockets or self.folder) / f"{self.name}.sock"

    @property
    def pid(self) -> int | None:
        """The process id of the running server, None if it does not run."""
        try:
            pid = int((self.folder / f"{self.name}.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            program = Path(f"/proc/{pid}/exe").readlink().name
        except (OSError, ValueError):
            return None
        is_ours = os.fsencode(self._mark) in command.split(b"\0")
        return pid if is_ours and program.startswith(self.executable) else None

    def prepare(self) -> None:
        """Make the folder and the files that `command` needs; data stays as it is. Idempotent.

        Raises:
            ProgrammingError: the program is missing, or the folder's path is too long.
        """
        with self._alone():
            self._make_files()

    def start(self) -> Self:
        """Start the server, with an empty data folder the first time; wait until it is ready.

        Raises:
            ProgrammingError: the program is missing, or the folder's path is too long.
            OperationalError: the server did not start; the message shows the end of its log.
        """
        if self.pid is not None:
            return self
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)  # somebody else has stopped it
        with self._alone():  # of two who start it, one does
            if self.pid is None:
                self._make_files()
                self._start_process()
            else:
                self._wait_until_ready()
        return self

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if len(os.fsencode(self.socket)) > LONGEST_SOCKET_PATH:
            raise ProgrammingError(
                f"{self.socket} is too long for a unix socket "
                f"({LONGEST_SOCKET_PATH} bytes): take a folder nearer to the root"
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)  # whoever gets at the socket may log in as the owner
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start_process(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def stop(self) -> None:
        """Ask the server to stop, wait until it has."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            os.kill(pid, sign)
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None
        deadline = monotonic() + STOP_TIMEOUT_S
        while self.pid is not None:
            if monotonic() > deadline:
                raise OperationalError(
                    f"{self.title} (process {pid}) did not stop: {self._last_words()}"
                )
            sleep(0.02)

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + START_TIMEOUT_S
        while not self.is_ready():
            exited = self._process is not None and self._process.poll() is not None
            if exited or monotonic() > deadline:
                raise OperationalError(f"{self.title} did not start: {self._last_words()}")
            sleep(0.02)

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-15:])


def program(name: str, packages: str) -> str:
    """Return where the program is; `packages` are what brings it on Debian.

    Raises:
        ProgrammingError: it is not on this machine.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if found is None:
        raise ProgrammingError(
            f"{name} is not on this machine: as root, run `make setup`; "
            f"otherwise ask for {packages}, or name servers of your own by RINGI_DATABASE_URL and "
            "RINGI_REDIS_URL"
        )
    return found
