"""
An image registry, asked over HTTP (API v2): which digest a tag has now, whether an image is still there, what its labels say.

Source: distribution.github.io/distribution/spec/api and .../spec/auth/token, read 2026-11-26.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from ops.errors import FlotillaError, SettingsError

TIMEOUT_S = 20.0
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# What servers are; of an image for several platforms, the labels of this one are shown.
PLATFORM = ("linux", "amd64")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Registry:
    """
    Where images are. `address` is what it is called in their names, `place` where it answers, if that is elsewhere. `authority`
    signs its certificate, PEM; None: a public one. The password goes nowhere but to the registry, and to where it says that
    one logs in, over TLS.
    """

    address: str
    place: str
    user: str | None = None
    password: str = field(default="", repr=False)
    authority: str | None = None

    def digest(self, repository: str, reference: str) -> str | None:
        """
        The digest of a tag (or of a digest); None where there is no such image.

        Raises: FlotillaError where the registry does not answer, or not with what a registry answers.
        """
        answer = self._ask("HEAD", repository, f"manifests/{reference}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found = str(self._successful(answer, repository).headers.get("Docker-Content-Digest", ""))
        if not found:
            content = self._successful(self._ask("GET", repository, f"manifests/{reference}"), repository).content
            found = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if _DIGEST.fullmatch(found) is None:
            raise FlotillaError(
                f"{self.address}/{repository}:{reference}: the registry gives `{found[:80]}` as digest. Nothing was changed. "
                f"Only sha256 digests are known here."
            )
        return found

    def has(self, image: str) -> bool:
        """
        Whether an image, named with its digest, can be pulled.
        """
        repository, _, digest = image.partition("@")
        return self.digest(self.repository(repository), digest) is not None

    def labels(self, image: str) -> dict[str, str]:
        """
        The labels of an image that is named with its digest; none where it is gone.
        """
        repository, _, digest = image.partition("@")
        repository = self.repository(repository)
        manifest = self._document(repository, f"manifests/{digest}")
        if "manifests" in manifest:
            chosen = _of_platform(manifest["manifests"])
            manifest = self._document(repository, f"manifests/{chosen}") if chosen else {}
        if "config" not in manifest:
            return {}
        config = self._document(repository, f"blobs/{manifest['config']['digest']}").get("config") or {}
        return {str(name): str(value) for name, value in (config.get("Labels") or {}).items()}

    def repository(self, name: str) -> str:
        """
        An image's repository as this registry knows it.

        Raises: SettingsError for one of another registry.
        """
        address, _, repository = name.partition("/")
        if address != self.address:
            raise SettingsError(
                f"{name}: it is in another registry than the environment's, {self.address}. Nothing was changed. "
                f"Name its digest in the release file by hand."
            )
        return repository

    def _document(self, repository: str, path: str) -> dict[str, Any]:
        answer = self._ask("GET", repository, path)
        return (
            {} if answer.status_code == httpx.codes.NOT_FOUND else dict(json.loads(self._successful(answer, repository).text))
        )

    def _ask(self, method: str, repository: str, path: str) -> httpx.Response:
        url = f"https://{self.place}/v2/{repository}/{path}"
        try:
            trust = ssl.create_default_context(cadata=self.authority)
            with httpx.Client(verify=trust, timeout=TIMEOUT_S, follow_redirects=True, trust_env=False) as client:
                headers = {"Accept": ", ".join(MANIFESTS)} if path.startswith("manifests/") else {}
                answer = client.request(method, url, headers=headers)
                if answer.status_code == httpx.codes.UNAUTHORIZED:
                    login = self._login(client, answer.headers.get("WWW-Authenticate", ""), repository)
                    answer = client.request(method, url, headers=headers | login)
                return answer
        except (httpx.HTTPError, OSError, ValueError) as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise FlotillaError(
                f"{self.address}: the registry does not answer: {said}. Nothing was changed. Try again when it does."
            ) from None

    def _login(self, client: httpx.Client, challenge: str, repository: str) -> dict[str, str]:
        """
        The header that lets us in: with name and password, or with a token that is given for them, or to anybody.
        """
        scheme, _, rest = challenge.partition(" ")
        given = httpx.BasicAuth(self.user, self.password) if self.user else None
        if scheme.lower() == "basic" and given:
            return dict(next(given.auth_flow(client.build_request("GET", f"https://{self.place}/"))).headers.items())
        if scheme.lower() != "bearer":
            return {}
        told = dict(_PARAMETER.findall(rest))
        realm = told.get("realm", "")
        if not realm.startswith("https://"):
            raise FlotillaError(
                f"{self.address}: the registry wants the password sent to {realm or 'nowhere'}, which is not https. "
                f"Nothing was sent, and nothing was changed. Correct the registry's settings."
            )
        asked = {"service": told.get("service", ""), "scope": told.get("scope") or f"repository:{repository}:pull"}
        answer = client.get(realm, params=asked, auth=given)
        if answer.status_code != httpx.codes.OK:
            return {}
        document: Mapping[str, Any] = answer.json()
        return {"Authorization": f"Bearer {document.get('token') or document.get('access_token')}"}

    def _successful(self, answer: httpx.Response, repository: str) -> httpx.Response:
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            who = f"`{self.user}` may not read it" if self.user else "nobody is logged in"
            raise FlotillaError(
                f"{self.address}/{repository}: the registry refuses ({answer.status_code}): {who}. Nothing was changed. "
                f"Correct `registry_user`, or its password: `flotilla secrets set registry -s <stack>`."
            )
        if answer.status_code != httpx.codes.OK:
            raise FlotillaError(
                f"{self.address}/{repository}: the registry answers {answer.status_code}. Nothing was changed. "
                f"Try again, or look at the registry's log."
            )
        return answer


def _of_platform(manifests: list[dict[str, Any]]) -> str | None:
    """
    The manifest for the servers' platform, else the first.
    """
    wanted = dict(zip(("os", "architecture"), PLATFORM, strict=True))
    fitting = [row for row in manifests if wanted.items() <= row.get("platform", {}).items()]
    return next((str(row["digest"]) for row in [*fitting, *manifests]), None)
