"""Certificates that a test makes itself, for servers on the loopback interface."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


def serving(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A context that serves as `name`, and the certificate that vouches for it (SSL_CERT_FILE)."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
