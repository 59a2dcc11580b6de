"""The folder of the local installation: where everything in it is, and its environment file."""

import os
import shlex
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from infra.private_server import LONGEST_SOCKET_PATH

#: Where this code, its Procfile and (unless RINGI_HOME says otherwise) its data are.
CHECKOUT = Path(__file__).resolve().parents[1]

#: The longest name that a socket gets here: supervisord binds `<name>.<pid>` before it renames.
_LONGEST_SOCKET_NAME = "supervisor.sock.4194304"


@dataclass(frozen=True)
class Home:
    """The paths of one local installation. Making this object touches no file."""

    folder: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Home":
        """Return the home that RINGI_HOME names, else `.ringi` of the checkout."""
        named = environ.get("RINGI_HOME")
        return cls(Path(named).expanduser().resolve() if named else CHECKOUT / ".ringi")

    @property
    def environment(self) -> Path:
        """What `ringi up` decided, as RINGI_… lines that a shell can read; only for the owner."""
        return self.folder / "environment"

    @property
    def logs(self) -> Path:
        """One `<program>.log` for each program, and supervisord's own."""
        return self.folder / "logs"

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets.

        The home itself; if its path is too long for a socket, `/tmp/ringi-<hash of the path>`.
        """
        longest = os.fsencode(self.folder / _LONGEST_SOCKET_NAME)
        if len(longest) <= LONGEST_SOCKET_PATH:
            return self.folder
        return Path("/tmp") / f"ringi-{sha256(os.fsencode(self.folder)).hexdigest()[:16]}"  # noqa: S108  # short; `make` checks whose it is

    def make(self) -> None:
        """Make the folders; only their owner may enter. Idempotent.

        Raises:
            PermissionError: the folder of the sockets belongs to somebody else.
        """
        for folder in (self.folder, self.logs, self.sockets):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                raise PermissionError(f"{folder} is not a folder of ours: remove it, or move away")
            folder.chmod(0o700)

    def read_environment(self) -> dict[str, str]:
        """Return what `ringi up` decided; empty if there is no local installation."""
        try:
            text = self.environment.read_text()
        except FileNotFoundError:
            return {}
        words = shlex.split(text, comments=True)
        return dict(word.split("=", 1) for word in words)

    def write_environment(self, values: Mapping[str, str]) -> None:
        """Replace the file as a whole; nobody ever sees a part, or may read it but the owner."""
        lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
        text = "\n".join(["# Written by `ringi up`; holds secrets.", *lines, ""])
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix="environment.")  # mode 0600
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self.environment)
