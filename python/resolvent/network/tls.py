"""Which certificates are trusted, and errors that name the setting that says so."""

from __future__ import annotations

import importlib
import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from resolvent.network.config import NetworkConfig
from resolvent.network.errors import NetworkError

VARIABLES = ("RESOLVENT_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name certificates, in order of precedence. The first is read by `NetworkConfig.from_environment`."""

HINT = f"{VARIABLES[0]} or {VARIABLES[1]} names a file of certificates to trust"


def context(config: NetworkConfig, environ: Mapping[str, str] | None = None) -> ssl.SSLContext:
    """Return what connections are checked with.

    Raises
    ------
    NetworkError
        (kind `tls`) if the certificates that a setting names cannot be read; it names the setting and the file.
    """
    env = os.environ if environ is None else environ
    if not config.verify_tls:
        made = ssl.create_default_context()
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif config.ca_bundle is not None:
        made = _trusting(config.ca_source, config.ca_bundle)
    elif config.system_certificates:
        made = _system()
    else:
        named = next(((name, env[name]) for name in VARIABLES[1:] if env.get(name)), None)
        made = _usual() if named is None else _trusting(named[0], Path(named[1]).expanduser())
    if config.client_certificate is not None:
        certificate, key = config.client_certificate
        problem = _problem(lambda: made.load_cert_chain(certificate, key))
        if problem:
            where = f"{certificate} and {key}" if key else str(certificate)
            raise NetworkError(f"the client certificate {where} cannot be used: {problem}", kind="tls")
    return made


def _trusting(setting: str, path: Path) -> ssl.SSLContext:
    """Trust the certificates of a file or a folder alone."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if path.is_dir():
        made.load_verify_locations(capath=str(path))
        return made
    problem = _problem(lambda: made.load_verify_locations(cafile=str(path)))
    if problem:
        raise NetworkError(f"{setting} names {path}: {problem}", kind="tls")
    return made


def _problem(load: Callable[[], None]) -> str:
    """Load certificates; return what went wrong, if anything."""
    try:
        load()
    except ssl.SSLError:
        return "it holds no certificate that can be used"
    except FileNotFoundError:
        return "there is no such file"
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _usual() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def _system() -> ssl.SSLContext:
    """Trust what the operating system trusts: by the package `truststore` if it is there, else as OpenSSL finds it."""
    try:
        store = importlib.import_module("truststore")
    except ImportError:
        return ssl.create_default_context()
    made: ssl.SSLContext = store.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return made
