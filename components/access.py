"""
The keys and certificates that settings point to, read when the program runs.
"""

from __future__ import annotations

from pathlib import Path

from pulumi import Output

from components.ingress import Acme, Authority
from ops.errors import SettingsError
from settings.entry import Authority as AuthorityFiles
from settings.environment import Access, Environment, Tls

# A key that is kept outside a sandbox's folder is nobody's to write into.
KNOWN_HOSTS = "known_hosts"


def public_keys(access: Access, root: Path) -> dict[str, str]:
    """
    Administrators' public keys: {administrator: key}. The one of a sandbox is called `sandbox`.
    """
    keys = dict(access.public_keys)
    if access.public_key_file:
        keys["sandbox"] = _read(root, access.public_key_file, "access.public_key_file").strip()
    return keys


def private_key(access: Access, root: Path) -> Output[str] | None:
    """
    The key to log in with, or None for those of the SSH agent.
    """
    if not access.private_key_file:
        return None
    return Output.secret(_read(root, access.private_key_file, "access.private_key_file"))


def ssh_options(access: Access) -> list[str]:
    """
    Arguments for the system's ssh, which Docker is reached by. A new server's key is remembered, another one is refused.

    Paths stay as they are written: the provider runs in the checkout, and the state is the same in every checkout.
    """
    options = ["-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes"]
    if access.private_key_file:
        folder = Path(access.private_key_file).parent
        options += ["-o", "IdentitiesOnly=yes", "-i", access.private_key_file]
        options += ["-o", f"UserKnownHostsFile={folder / KNOWN_HOSTS}"]
    return options


def certificates(tls: Tls, root: Path) -> Authority | Acme:
    """
    Where certificates come from.
    """
    if tls.acme:
        return Acme(email=tls.acme.email, directory=tls.acme.directory)
    if tls.authority is None:
        raise SettingsError("ingress.tls: neither `authority` nor `acme`. Nothing was changed. Set one of them.")
    return Authority(
        certificate=_certificate(tls.authority, root),
        key=Output.secret(_read(root, tls.authority.key_file, "ingress.tls.authority.key_file").strip()),
    )


def root_certificate(tls: Tls, root: Path) -> str | None:
    """
    What signs the sites' certificates, PEM, where that is an authority of one's own.
    """
    return f"{_certificate(tls.authority, root)}\n" if tls.authority else None


def registry_certificate(environment: Environment, root: Path) -> str | None:
    """
    What signs the registry's certificate, PEM, where that is an authority of one's own.

    Raises: SettingsError if it cannot be read, or is no certificate: it becomes known on servers, which a key must not.
    """
    file, setting = environment.registry_authority, "registry_authority"
    if file is None:
        return None
    text = _read(root, file, setting).strip()
    if "PRIVATE KEY" in text or "CERTIFICATE" not in text:
        raise SettingsError(f"{setting}: {file}: this is not a certificate. Nothing was changed. Correct the path.")
    return f"{text}\n"


def _certificate(authority: AuthorityFiles, root: Path) -> str:
    return _read(root, authority.certificate_file, "ingress.tls.authority.certificate_file").strip()


def _read(root: Path, file: str, setting: str) -> str:
    try:
        return (root / Path(file).expanduser()).read_text()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        next_step = "Run 'flotilla sandbox start'" if file.startswith(".flotilla/") else "Correct the path"
        raise SettingsError(f"{setting}: {file}: {reason}. Nothing was changed. {next_step}.") from None
