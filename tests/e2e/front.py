"""nginx as infra/deploy has it, in a folder of its own, before two APIs and two gateways."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.home import CHECKOUT
from infra.ports import free_port
from tests.e2e.machine import Machine, wait_until

NGINX = CHECKOUT / "infra" / "deploy" / "nginx"

#: What goes round the files of infra/deploy: what a distribution's nginx.conf has, and folders of
#: the test's own, so that no rights are needed.
_AROUND = """
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/{site};
}}
"""


@dataclass
class Process:
    """One process of a role on a port, not supervised by anybody."""

    port: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Kill it with the processes it started, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Front:
    """What clients reach, and who is behind it."""

    port: int
    tls_port: int
    certificate: Path
    apis: list[Process]
    gateways: list[Process]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"


@contextmanager
def front(machine: Machine, folder: Path) -> Iterator[Front]:
    """Give the front of `machine`: two APIs and two gateways of its own, with nginx before them."""
    with ExitStack() as stack:
        apis = [_started(stack, machine, "api", folder) for _ in range(2)]
        gateways = [_started(stack, machine, "gateway", folder) for _ in range(2)]
        for each in (*apis, *gateways):
            wait_until(lambda port=each.port: answers(port, "/readyz") == 200, "a role is ready")
        made = Front(free_port(), free_port(), folder / "certificate.pem", apis, gateways)
        make_certificate(made.certificate, folder / "key.pem")
        behind = [each.port for each in (*apis, *gateways)]
        for site, port in (("ringi.conf", made.port), ("ringi-tls.conf", made.tls_port)):
            own = folder / site.removesuffix(".conf")
            start_nginx(stack, own, site, port, behind=behind, certificate=made.certificate)
        yield made


def answers(port: int, path: str) -> int:
    """Return the status of a plain GET; 0 if nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def _started(stack: ExitStack, machine: Machine, role: str, folder: Path) -> Process:
    (command,) = [each.command for each in machine.installation.roles if each.name == role]
    port = free_port()
    log = stack.enter_context((folder / f"{role}-{port}.log").open("wb"))
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=_environ(machine.installation.environ)
        | machine.installation.home.read_environment()
        | {f"RINGI_{role.upper()}_PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    stack.callback(_end, process)
    return Process(port, process)


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {**environ, "PATH": f"{programs}:{environ.get('PATH', os.defpath)}"}


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(15)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def start_nginx(
    stack: ExitStack,
    folder: Path,
    site: str,
    port: int,
    *,
    behind: Sequence[int],
    certificate: Path,
) -> None:
    """Start nginx on `port`, before two APIs and two gateways on the ports `behind`."""
    folder.mkdir()
    ports = zip(("8400", "8402", "8401", "8403"), behind, strict=True)
    changes = {
        "/etc/nginx/ringi/": f"{folder}/",
        "/opt/ringi/": f"{CHECKOUT}/",
        "/etc/ringi/tls/fullchain.pem": str(certificate),
        "/etc/ringi/tls/privkey.pem": str(certificate.with_name("key.pem")),
        "    listen [::]:443 ssl;\n": "",
        "    listen [::]:80;\n": "",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen 80;": f"listen 127.0.0.1:{port if site == 'ringi.conf' else free_port()};",
        **{f"127.0.0.1:{usual} ": f"127.0.0.1:{own} " for usual, own in ports},
    }
    for path in NGINX.glob("*.conf"):
        text = path.read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        (folder / path.name).write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, site=site, user=user))
    log = stack.enter_context((folder / "output.log").open("wb"))
    process = subprocess.Popen(
        ["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    stack.callback(_end, process)
    wait_until(
        lambda: (
            answers(port, "/v1") in (200, 400) or process.poll() is not None  # 400: it wants TLS
        ),
        "nginx answers",
    )
    assert process.poll() is None, (folder / "output.log").read_text()


def make_certificate(certificate: Path, key_file: Path) -> None:
    """Write a certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = Machine.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
