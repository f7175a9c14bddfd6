"""
A folder to preview a stack in: the checkout's files as they are, and a state, a home and secrets that are thrown away.

Whatever the engine writes, it writes here. What is secret in the stack's file is replaced, so that neither its passphrase nor
its key service is needed; what a sandbox makes for itself (SSH keys, authority) is made anew.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox import authority, credentials
from sandbox.instance import Instance, identity
from sandbox.plugins.install import install
from settings.documents import read_document
from settings.problems import Problem, error_of
from toolchain import pulumi_home

CHECKOUT: Final = Path(__file__).resolve().parents[1]
# Made by `pulumi config set --secret` with this passphrase and salt; shaped like a URL and as long as a key, as some secrets
# have to be.
PASSPHRASE: Final = "offline preview"  # noqa: S105 - protects a placeholder
SALT: Final = "v1:4G+lATIZ2WY=:v1:b6gkdHzXUoL8OKtg:EgROb28ilqIH3J+uw1iytQa4cBQ5aQ=="
PLACEHOLDER: Final = "https://placeholder.invalid/of-a-secret"
PLACEHOLDER_SECRET: Final[Mapping[str, str]] = {
    "secure": "v1:C64T90aCFd+L0e9/:sRcFKlY2Sh1dEEfw6sOEz/gZeyvj0shYh1b8XtYhZLSeYHIAVta5uzWRSgFRaNGflAgwR4Zyhg=="
}
ENCRYPTION: Final = ("encryptionsalt", "encryptedkey", "secretsprovider")
INHERITED: Final = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR")
LEFT_OUT: Final = (".flotilla", ".git", ".venv", "__main__.py", "__pycache__")
CODE: Final = ("Pulumi.yaml", "components", "hosts", "ops", "sandbox", "settings")
UNSERVED_BLOCK: Final = 0  # addresses of an instance of which nothing ever runs


@dataclass(frozen=True)
class Workspace:
    """
    One stack of one checkout, laid out below `folder`.
    """

    folder: Path
    stack: str

    @property
    def project(self) -> Path:
        """
        Where the engine runs.
        """
        return self.folder / "project"

    @property
    def events(self) -> Path:
        """
        Where the engine writes down what happens.
        """
        return self.folder / "events.jsonl"

    @property
    def configuration(self) -> Path:
        """
        The stack's file, without its secrets.
        """
        return self.project / f"Pulumi.{self.stack}.yaml"

    def lay(self, root: Path, *, keys: Path, program: Path | None = None) -> dict[str, Any]:
        """
        Fill the folder from a checkout, or from any folder that has settings; the code it lacks is this checkout's.
        `keys` is where `make_keys` has put them; `program` takes the place of `__main__.py`. Returns the stack's configuration,
        with plain placeholders for what is secret.

        Raises: SettingsError when the stack's file cannot be read.
        """
        document = read_stack_file(root, self.stack)
        for folder in (self.project, self.folder / "backend"):
            folder.mkdir(parents=True)
        pulumi_home.make(self.folder / "home")
        shutil.copy(program or _first("__main__.py", root), self.project / "__main__.py")
        for entry in root.iterdir():
            if entry.name not in LEFT_OUT and entry.name != self.configuration.name:
                (self.project / entry.name).symlink_to(entry.resolve())
        for name in CODE:
            if not (self.project / name).exists():
                (self.project / name).symlink_to(CHECKOUT / name)
        (self.project / ".venv").symlink_to(sys.prefix)
        (self.project / ".flotilla").symlink_to(keys)
        self.configuration.write_text(yaml.safe_dump(without_secrets(document, dict(PLACEHOLDER_SECRET)), sort_keys=False))
        install(self.folder / "home", Path(sys.executable))
        return dict(without_secrets(document, PLACEHOLDER).get("config") or {})

    def environment(self, clouds: Mapping[str, str]) -> dict[str, str]:
        """
        All that the engine is told: nothing of the caller's credentials, and only endpoints of these clouds.
        """
        folders = [Path(sys.executable).parent, CHECKOUT / ".flotilla" / "toolchain" / "bin"]
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {
            **inherited,
            "PATH": os.pathsep.join([*map(str, folders), inherited.get("PATH", os.defpath)]),
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # what makes `--event-log` known
            **clouds,
        }


def make_keys(folder: Path) -> Path:
    """
    The keys and the authority that a sandbox's stack points to, for previews only. Returns the folder that they are in.
    """
    instance = Instance(identity(folder), folder, UNSERVED_BLOCK)
    instance.home.mkdir(mode=0o700)
    credentials.ensure(instance)
    authority.ensure(instance)
    return instance.home


def read_stack_file(root: Path, stack: str) -> dict[str, Any]:
    """
    The whole of Pulumi.<stack>.yaml.

    Raises: SettingsError
    """
    name = f"Pulumi.{stack}.yaml"
    document = read_document(root / name, name)
    if isinstance(document, Problem):
        raise error_of([document])
    if not isinstance(document.data, dict):
        raise error_of([Problem(file=name, fact="this is not a mapping", next_step="Write it as in Pulumi.local.yaml")])
    return document.data


def without_secrets(document: Mapping[str, Any], placeholder: Any) -> dict[str, Any]:
    """
    The same file with a placeholder for each encrypted value, under the preview's own key.
    """
    kept = {key: _replaced(value, placeholder) for key, value in document.items() if key not in ENCRYPTION}
    return {"encryptionsalt": SALT, **kept}


def _replaced(value: Any, placeholder: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == PLACEHOLDER_SECRET.keys():
            return placeholder
        return {key: _replaced(child, placeholder) for key, child in value.items()}
    return [_replaced(child, placeholder) for child in value] if isinstance(value, list) else value


def _first(name: str, root: Path) -> Path:
    return root / name if (root / name).is_file() else CHECKOUT / name
