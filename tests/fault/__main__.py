"""The log at work, for a person to watch: `make demo`."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.fault.storm import Storm
from tests.servers import TestStore, prepared_server


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--seed", type=int, default=2026)
    wanted = parser.parse_args()
    began = monotonic()

    def tell(what: str) -> None:
        print(f"{monotonic() - began:6.1f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory(prefix="ringi-") as folder:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
        tell(f"seed {wanted.seed}: starting a private MariaDB server")
        server = prepared_server(Path(folder) / "m")
        try:
            tell(
                f"4 writers and 3 readers for {wanted.seconds:g} s, in processes of their own; "
                "meanwhile:"
            )
            storm = Storm(TestStore(server, "demo"), Path(folder) / "run", wanted.seed, tell)
            storm.run(wanted.seconds)
        finally:
            server.stop()
    tell("nothing lost, nothing doubled, nothing reordered")


if __name__ == "__main__":
    main()
