"""
Registry logins, from the provider's `registryAuth` and a service's `auth`, as a Docker client configuration.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ops.errors import SettingsError


def client_configuration(logins: Iterable[Mapping[str, Any]]) -> str:
    """
    The text of a Docker client configuration with these logins. Later ones win.
    """
    auths: dict[str, Any] = {}
    for login in logins:
        address = str(login.get("address") or login.get("serverAddress") or "")
        if login.get("authDisabled"):
            continue
        if login.get("username"):
            pair = f"{login['username']}:{login.get('password', '')}"
            auths[_host(address)] = {"auth": base64.b64encode(pair.encode()).decode()}
        elif login.get("configFileContent") or login.get("configFile"):
            auths |= _from_file(login, address)
    return json.dumps({"auths": auths})


def _from_file(login: Mapping[str, Any], address: str) -> dict[str, Any]:
    """
    The entry for one registry in a configuration that lies elsewhere.
    """
    where = str(login.get("configFile") or "configFileContent")
    try:
        text = login.get("configFileContent") or Path(str(login["configFile"])).expanduser().read_text()
        known = json.loads(text).get("auths", {})
    except (OSError, ValueError, AttributeError) as error:
        raise SettingsError(f"docker:registryAuth: {where} is no Docker client configuration ({error}).") from None
    return {_host(name): entry for name, entry in known.items() if _host(name) == _host(address)}


def _host(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://").partition("/")[0]
