"""
What people get wrong, and what they are told. Every line names the file, the line, the path, the fact and the way out.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from ops.errors import SettingsError
from settings import load

REGISTRY = "registry.flotilla.test:5000"
DIGEST = "sha256:" + "ab" * 32
OTHER_DIGEST = "sha256:" + "cd" * 32
FORM = re.compile(r"[^:]+(:\d+)?: (\S.*: )?\S.*\. Nothing was changed\. \S.*\.")


def _put(path: str, value: Any):
    """A change that sets the value at a dotted path, or removes it if it is None."""

    def change(data: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            data = data[parent]
        if value is None:
            del data[last]
        else:
            data[last] = value

    return change


PROJECT_MISTAKES = [
    ("replica", 2, "replica: unknown key. Nothing was changed. Write `replicas` if you meant that."),
    ("health.pth", "/", "health.pth: unknown key. Nothing was changed. Write `path` if you meant that."),
    ("qwertz", 2, "qwertz: unknown key. Nothing was changed. Known are backup, canary, command,"),
    ("image", None, "image: this is missing. Nothing was changed. Add it: Image repository without tag or digest"),
    ("image", "guestbook:latest", "image: 'guestbook:latest' is not an image repository without tag or digest"),
    ("image", f"guestbook@{DIGEST}", "is not an image repository without tag or digest"),
    ("name", "Guest_Book", "name: 'Guest_Book' is not a name: a letter, then at most 39 of a-z, 0-9 and `-`"),
    (
        "name",
        "other",
        "name: `other` is in a file called 'guestbook'. Nothing was changed. Rename the file to projects/other.yaml",
    ),
    ("owner", "", "owner: '' is not a person or team"),
    ("kind", "wbe", "kind: 'wbe' is not known here. Nothing was changed. Write `web` if you meant that."),
    (
        "strategy",
        "rolling",
        "strategy: 'rolling' is not known here. Nothing was changed. Known are blue-green, canary, recreate.",
    ),
    ("canary", {"steps": [10, 10]}, "canary: the steps do not rise. Nothing was changed. Write each share once"),
    ("canary", {"steps": [10, 100]}, "canary.steps[1]: 100 is above the maximum of 99"),
    ("canary", {"steps": []}, "canary.steps: "),
    ("canary", {"max_latency_ratio": 0.9}, "canary.max_latency_ratio: 0.9 is below the minimum of 1"),
    (
        "canary",
        {"when_quiet": "promote"},
        "canary.when_quiet: 'promote' is not known here. Nothing was changed. Known are abort, hold.",
    ),
    ("port", 0, "port: 0 is below the minimum of 1"),
    ("port", 65536, "port: 65536 is above the maximum of 65535"),
    ("port", "8000", "port: '8000' is not a whole number"),
    ("port", 80.5, "port: 80.5 is not a whole number"),
    ("replicas", True, "replicas: True is not a whole number"),
    ("domains", [], "domains: this is missing. Nothing was changed. Add it: The names that it answers to"),
    ("domains", ["https://shop.test"], "domains[0].name: 'https://shop.test' is not a domain name"),
    ("domains", ["Shop.flotilla.test"], "domains[0].name: 'Shop.flotilla.test' is not a domain name"),
    ("domains", ["*.flotilla.test"], "domains[0].name: '*.flotilla.test' is not a domain name"),
    ("domains", ["localhost"], "domains[0].name: 'localhost' is not a domain name"),
    ("domains", ["shop.example.com"], "domains[0]: `shop.example.com` is not in the zone `flotilla.test` of `local`"),
    ("domains", ["notflotilla.test"], "domains[0]: `notflotilla.test` is not in the zone"),
    (
        "domains",
        [{"subdomain": "a", "name": "a.flotilla.test"}],
        "domains[0]: a domain is either a `name`, a `subdomain` or `apex: true`",
    ),
    ("domains", [{}], "domains[0]: a domain is either a `name`, a `subdomain` or `apex: true`"),
    (
        "domains",
        [{"subdomain": "a"}, "a.flotilla.test"],
        "domains[1]: `a.flotilla.test` is a domain of the project `guestbook` already",
    ),
    ("health.path", "up", "health.path: 'up' is not the path of a URL"),
    ("health.timeout_s", 5, "health.timeout_s: 5 is longer than interval_s, which is 2"),
    ("health.command", ["sh", "-c", "true; false"], "health.command[2]: 'true; false' is not one argument of a command"),
    (
        "limits.memory_mb",
        8192,
        "limits.memory_mb: 8192 is more than the 3200 MB that the largest server with the role `app` has",
    ),
    ("limits.cpus", 3, "limits.cpus: 3.0 is more than the 2 cores of the largest server with the role `app`"),
    ("limits.cpus", float("inf"), "limits.cpus: '.inf' is not a number"),
    ("volumes", [{"name": "data", "path": "data"}], "volumes[0].path: 'data' is not an absolute path inside the container"),
    ("volumes", [{"name": "data", "path": "/a/../etc"}], "volumes[0].path: '/a/../etc' is not an absolute path"),
    ("volumes", {"name": "data"}, "volumes: {'name': 'data'} is not a list"),
    ("source", "../elsewhere", "source: '../elsewhere' is not a plain file path"),
    ("env", {"log-level": "x"}, "env.log-level: 'log-level' is not the name of an environment variable"),
    ("env", {"LEVEL": 3}, "env.LEVEL: 3 is not text; numbers and true or false that are meant as text need quotes"),
    ("env", {"HOST": "{{.Node.Hostname}}"}, "env.HOST: '{{.Node.Hostname}}' has `{{`, which Docker Swarm would expand"),
    ("env", {"LEVEL": "a\x07"}, "env.LEVEL: 'a\\x07' has control characters"),
    ("user_id", 0, "user_id: 0 is below the minimum of 1"),
]


@pytest.mark.parametrize(("path", "value", "said"), PROJECT_MISTAKES, ids=lambda part: str(part)[:40])
def test_mistake_in_a_project(checkout, path: str, value: Any, said: str) -> None:
    """A mistake in a project is one line that names the file and the path, and says what to do."""
    checkout.add_project("guestbook", _put(path, value))
    [line] = checkout.mistakes()
    assert line.startswith("projects/guestbook.yaml:")
    assert said in line
    assert FORM.fullmatch(line)


ENVIRONMENT_MISTAKES = [
    ("locaton", "fsn1", "locaton: unknown key. Nothing was changed. Write `location` if you meant that."),
    ("domain", None, "domain: this is missing. Nothing was changed. Add it: Projects with a `subdomain` live under this name."),
    ("name", "production", "name: `production` is not the name of the stack, which is `local`"),
    ("domain", "example.com", "domain: `example.com` is not in the zone `flotilla.test`"),
    ("location", "fsn2", "location: 'fsn2' is not one of Hetzner's locations. Nothing was changed. Write `fsn1`"),
    ("registry", "https://registry.test", "registry: 'https://registry.test' is not a registry's host and port"),
    ("registry_user", "ci:secret", "registry_user: 'ci:secret' is not the name that a registry is logged in to with"),
    ("network.cidr", "10.0.0.1/16", "network.cidr: '10.0.0.1/16' is not a network address with its prefix"),
    ("network.cidr", "fd00::/8", "network.cidr: 'fd00::/8' is not an IPv4 network"),
    (
        "network.subnets",
        {"eu-central": "10.9.0.0/24"},
        "network.subnets.eu-central: 10.9.0.0/24 is not inside the network 10.0.0.0/16",
    ),
    ("network.subnets.eu-central", "10.0.1.0/30", "network.subnets.eu-central: 10.0.1.0/30 is too small for 2 servers"),
    ("network.overlay", "10.0.128.0/17", "network.overlay: 10.0.128.0/17 overlaps the servers' network 10.0.0.0/16"),
    ("network.overlay", "172.16.0.0/12", "network.overlay: 172.16.0.0/12 overlaps Docker's own network 172.17.0.0/16"),
    ("network.overlay", "11.0.0.0/16", "network.overlay: 11.0.0.0/16 is not a private network"),
    (
        "network.subnets",
        {"us-east": "10.0.1.0/24"},
        "servers.app: fsn1 is in the network zone `eu-central`, which has no subnet",
    ),
    ("network.subnets", {"eu": "10.0.1.0/24"}, "network.subnets.eu: 'eu' is not one of Hetzner's network zones"),
    ("servers.app.type", "cx24", "servers.app.type: 'cx24' is not a server type in settings/catalog.py"),
    (
        "servers.app.image",
        "windows",
        "servers.app.image: 'windows' is not known here. Nothing was changed. Known are debian-12.",
    ),
    ("servers.app.volume_gb", 9, "servers.app.volume_gb: 9 is below the minimum of 10"),
    ("servers.app.volume_gb", 20_000, "servers.app.volume_gb: 20000 is above the maximum of 10240"),
    ("servers.app.count", 0, "servers.app.count: 0 is below the minimum of 1"),
    ("servers.app.roles", ["app"], "servers: no server has the role `ingress`, but there are projects"),
    ("servers.app.roles", ["app", "ingress", "app"], "servers.app.roles: the role `app` is there 2 times"),
    ("servers.app.roles", [], "servers.app.roles: this is empty"),
    ("servers", {}, "servers: this is empty"),
    ("servers.App", {"type": "cx23", "roles": ["app"]}, "servers.App: 'App' is not a name"),
    ("access.public_key_file", None, "access: nobody could log in: there is no public key"),
    ("access.sources", ["0.0.0.0/0"], "access.sources[0]: 0.0.0.0/0 opens SSH to much of the internet"),
    ("access.sources", ["::/0"], "access.sources[0]: ::/0 opens SSH to much of the internet"),
    ("access.sources", ["300.0.0.0/8"], "access.sources[0]: '300.0.0.0/8' is not a network address"),
    ("access.sources", ["office"], "access.sources[0]: 'office' is not a network address"),
    ("access.sources", ["127.0.0.0/8", "127.0.0.0/8"], "access.sources: the range `127.0.0.0/8` is there 2 times"),
    ("access.sources", [], "access.sources: this is empty"),
    ("access.public_keys", {"ada": "ssh-ed25519 AAAA"}, "access.public_keys.ada: the body of this public SSH key is cut short"),
    ("access.public_keys", {"ada": "-----BEGIN"}, "access.public_keys.ada: '-----BEGIN' is not a public SSH key"),
    ("access.private_key_file", "a;b", "access.private_key_file: 'a;b' is not a plain file path"),
    (
        "ingress.tls.acme",
        {"email": "ops@example.com"},
        "ingress.tls: certificates come either from an `authority` or from `acme`",
    ),
    ("ingress.tls.authority", None, "ingress.tls: certificates come either from an `authority` or from `acme`"),
    ("ingress.tls", {"acme": {"email": "ops"}}, "ingress.tls.acme.email: 'ops' is not an e-mail address"),
]


@pytest.mark.parametrize(("path", "value", "said"), ENVIRONMENT_MISTAKES, ids=lambda part: str(part)[:40])
def test_mistake_in_an_environment(checkout, path: str, value: Any, said: str) -> None:
    """A mistake in the stack's configuration is one line that names the file and the path, and says what to do."""
    checkout.add_project("guestbook")
    if value == "10.0.1.0/30":
        checkout.environment["servers"]["app"]["count"] = 2
    _put(path, value)(checkout.environment)
    [line] = checkout.mistakes()
    assert re.match(r"Pulumi\.local\.yaml:\d+: flotilla:environment\.", line)
    assert f"flotilla:environment.{said}" in line
    assert FORM.fullmatch(line)


def _release(name: str = "guestbook", digest: str = DIGEST, slot: str = "a", weight: int = 100) -> dict[str, Any]:
    return {"image": f"{REGISTRY}/{name}@{digest}", "slot": slot, "weight": weight}


RELEASE_MISTAKES = [
    ("guestbok", [_release()], [], "projects.guestbok: there is no project `guestbok`. Nothing was changed. Write `guestbook`"),
    ("guestbook", [_release(weight=90)], [], "projects.guestbook.serving: the weights sum to 90 instead of 100"),
    ("guestbook", [_release(weight=50), _release(digest=OTHER_DIGEST, weight=50)], [], "two releases have the same slot"),
    (
        "guestbook",
        [_release(weight=50), _release(slot="b", weight=50)],
        [],
        "projects.guestbook.serving: two releases have digests with the same first 8 digits",
    ),
    (
        "guestbook",
        [_release(), _release(digest=OTHER_DIGEST, slot="b", weight=0), _release(slot="b", weight=0)],
        [],
        "projects.guestbook.serving: this has more than 2 entries",
    ),
    ("guestbook", [], [], "projects.guestbook.serving: this is empty"),
    (
        "guestbook",
        [_release(slot="c")],
        [],
        "projects.guestbook.serving[0].slot: 'c' is not known here. Nothing was changed. Known are a, b.",
    ),
    ("guestbook", [_release(weight=101)], [], "projects.guestbook.serving[0].weight: 101 is above the maximum of 100"),
    ("guestbook", [_release(digest="sha256:ab")], [], "is not an image with its digest"),
    (
        "guestbook",
        [{"image": f"{REGISTRY}/guestbook:1.0", "slot": "a"}],
        [],
        f"projects.guestbook.serving[0].image: '{REGISTRY}/guestbook:1.0' is not an image with its digest",
    ),
    (
        "guestbook",
        [_release(name="shop")],
        [],
        f"serving[0].image: this is not an image of the project, whose repository is `{REGISTRY}/guestbook`",
    ),
    (
        "guestbook",
        [_release()],
        [{"image": f"{REGISTRY}/guestbook@{DIGEST}", "served_until": "2026-11-20T12:00:00"}],
        "projects.guestbook.history[0].served_until: '2026-11-20T12:00:00' is not a time with its zone",
    ),
]


@pytest.mark.parametrize(("project", "serving", "history", "said"), RELEASE_MISTAKES, ids=lambda part: str(part)[-40:])
def test_mistake_in_releases(checkout, project: str, serving: list, history: list, said: str) -> None:
    """A mistake in the releases file is one line that names the file and the path, and says what to do."""
    checkout.add_project("guestbook")
    checkout.add_releases(**{project: {"serving": serving, "history": history}})
    [line] = checkout.mistakes()
    assert line.startswith("releases/local.yaml:")
    assert said in line
    assert FORM.fullmatch(line)


def test_releases_need_the_ingress(checkout) -> None:
    """Projects cannot be served without the images of the ingress."""
    checkout.add_project("guestbook")
    checkout.write("releases/local.yaml", {"projects": {"guestbook": {"serving": [_release()]}}})
    [line] = checkout.mistakes()
    assert line.startswith("releases/local.yaml:1: platform: projects are served, but the images of the ingress are missing.")


def test_two_projects_with_one_domain(checkout) -> None:
    """The second project with a domain is told whose it is."""
    checkout.add_project("guestbook")
    checkout.add_project("shop", _put("domains", ["guestbook.flotilla.test"]))
    [line] = checkout.mistakes()
    assert re.match(
        r"projects/shop\.yaml:\d+: domains\[0\]: `guestbook.flotilla.test` is a domain of the project `guestbook`", line
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"replicas": 1, "strategy": "blue-green"}, ["blue-green runs two releases at once"]),
        ({"replicas": 2, "strategy": "recreate"}, ["there are 2 replicas"]),
        ({"replicas": 2, "strategy": "blue-green"}, ["blue-green runs two releases at once", "there are 2 replicas"]),
    ],
)
def test_unshared_volume_has_one_process(checkout, change: dict[str, Any], said: list[str]) -> None:
    """A volume that is not shared allows neither replicas nor two releases at once."""
    checkout.add_project("guestbook", lambda project: project.update(change, volumes=[{"name": "data", "path": "/data"}]))
    lines = checkout.mistakes()
    assert [part in line for part, line in zip(said, lines, strict=True)] == [True] * len(said)
    assert all("volumes[0]: the volume `data` is not shared" in line for line in lines)


def test_unshared_volume_is_fine_alone(checkout) -> None:
    """One process that is stopped before the next starts may own its volume."""
    volumes = [{"name": "data", "path": "/data"}]
    checkout.add_project("guestbook", lambda project: project.update(strategy="recreate", volumes=volumes))
    assert checkout.load().projects["guestbook"].volumes[0].shared is False


def test_volumes_need_a_disk(checkout) -> None:
    """A project with a volume needs servers with a disk that outlives them."""
    checkout.add_project("guestbook")
    del checkout.environment["servers"]["app"]["volume_gb"]
    [line] = checkout.mistakes()
    assert "volumes: no server with the role `app` has a disk for volumes" in line


def test_volumes_do_not_clash(checkout) -> None:
    """Two volumes of a project have two names and two paths."""
    checkout.add_project("guestbook", lambda project: project["volumes"].append(copy.deepcopy(project["volumes"][0])))
    assert sorted(line.split(": ")[2] for line in checkout.mistakes()) == [
        "the path `/data` is there 2 times. Nothing was changed. Keep one of them.",
        "the volume `data` is there 2 times. Nothing was changed. Keep one of them.",
    ]


FILES = [
    ("projects/a.yaml", b"", "projects/a.yaml: the file is empty."),
    ("projects/a.yaml", b"# later\n", "projects/a.yaml: the file is empty."),
    ("projects/a.yaml", b"name: a\nowner: [\n", "projects/a.yaml:3: this is not valid YAML:"),
    ("projects/a.yaml", b"name: a\n\towner: b\n", "projects/a.yaml:2: this is not valid YAML:"),
    ("projects/a.yaml", b"name: a\nport: 1\nname: b\n", "projects/a.yaml:3: the key 'name' is already in line 1."),
    ("projects/a.yaml", b"name: a\nowner: caf\xe9\n", "projects/a.yaml:2: byte 0xe9 is not UTF-8."),
    ("projects/a.yaml", "name: a".encode("utf-16"), "projects/a.yaml:1: byte 0xff is not UTF-8."),
    ("projects/a.yaml", b"name: a\x00b", "projects/a.yaml: this is not valid YAML: unacceptable character #x0000"),
    ("projects/a.yaml", b"a: &x [1]\nb: *x\n", "projects/a.yaml:1: tags and anchors are not used in settings."),
    ("projects/a.yaml", b"b: *x\n", "projects/a.yaml:1: anchors and aliases are not used in settings."),
    (
        "projects/a.yaml",
        b"!!python/object/apply:os.system [id]",
        "projects/a.yaml:1: tags and anchors are not used in settings.",
    ),
    ("projects/a.yaml", b"a: 1\n---\nb: 2\n", "projects/a.yaml:2: a second document starts here."),
    ("projects/a.yaml", b"? [a]\n: 2\n", "projects/a.yaml:1: a list or a block is used as a key."),
    ("projects/a.yaml", b"- " * 100_000, "projects/a.yaml:1: this is nested more than 20 deep."),
    ("projects/a.yaml", b"[" * 200_000, "projects/a.yaml:1: this is nested more than 20 deep."),
    ("projects/a.yaml", b"a" * 300_000, "projects/a.yaml: the file is larger than 262144 bytes."),
    ("projects/a.yaml", b"- 1\n", "projects/a.yaml:1: [1] is not a block of keys and values."),
    ("projects/a.yaml", b"hello\n", "projects/a.yaml:1: 'hello' is not a block of keys and values."),
    ("projects/a.yml", b"name: a\n", "projects/a.yml: project files end in .yaml. Nothing was changed. Rename it to a.yaml."),
    ("releases/local.yaml", b"", "releases/local.yaml: the file is empty."),
    ("releases/local.yaml", b"a: b: c\n", "releases/local.yaml:1: this is not valid YAML:"),
]


@pytest.mark.parametrize(("name", "content", "said"), FILES, ids=lambda part: repr(part)[:40])
def test_file_that_cannot_be_read(checkout, name: str, content: bytes, said: str) -> None:
    """A file that is no proper YAML is one line that names it, with the line if there is one."""
    checkout.write(name, content)
    [line] = checkout.mistakes()
    assert line.startswith(said)
    assert FORM.fullmatch(line)


def test_folder_in_place_of_a_file(checkout) -> None:
    """A folder with a project's name is named as such."""
    (checkout.root / "projects" / "a.yaml").mkdir()
    assert checkout.mistakes()[0].startswith("projects/a.yaml: the file cannot be read (Is a directory).")


def test_file_name_cannot_forge_a_line(checkout) -> None:
    """A file's name with a line break or with bytes that are no text is shown on one line."""
    checkout.write("projects/a\nb.yaml", b"")
    checkout.write("projects/\udcff.yaml", b"")
    lines = checkout.mistakes()
    assert lines[0].startswith("projects/'\\udcff.yaml': the file is empty.")
    assert lines[1].startswith("projects/'a\\nb.yaml': the file is empty.")


def test_all_mistakes_of_all_files_at_once(checkout) -> None:
    """One error lists every mistake of every file, each once, in the order of files and lines."""
    checkout.environment["servers"]["app"].update(volume_gb=5, type="cx1")
    checkout.add_project("guestbook", lambda project: project.update(port="x", domains=["a_b.test", "c_d.test"]))
    checkout.add_project("shop", _put("image", None))
    checkout.write("projects/z.yaml", b"")
    checkout.add_releases(guestbook={"serving": [_release(weight=1)]})
    lines = checkout.mistakes()
    places = [re.split(r": |(?<=l):\d+: ", line.partition(" is ")[0])[:3] for line in lines]
    assert [(place[0], place[1].split(".")[-1]) for place in places] == [
        ("Pulumi.local.yaml", "type"),
        ("Pulumi.local.yaml", "volume_gb"),
        ("projects/guestbook.yaml", "port"),
        ("projects/guestbook.yaml", "name"),
        ("projects/guestbook.yaml", "name"),
        ("projects/shop.yaml", "image"),
        ("projects/z.yaml", "the file"),
        ("releases/local.yaml", "serving"),
    ]


def test_line_numbers_are_right(checkout) -> None:
    """The number is that of the line with the mistake, or of the block that lacks something."""
    checkout.write(
        "projects/shop.yaml",
        b"name: shop\nowner: me\n\nimage: shop\nport: 99999\nhealth:\n  interval_s: 9\ndomains:\n  - a b\n",
    )
    assert [line.rpartition(".yaml:")[2][:30].split(" ")[:2] for line in checkout.mistakes()] == [
        ["5:", "port:"],
        ["6:", "health.path:"],
        ["9:", "domains[0].name:"],
    ]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "Pulumi.local.yaml: flotilla:environment: this is missing."),
        ({"environment": None}, "Pulumi.local.yaml: flotilla:environment: there is no value after the key."),
        ({"environment": "local"}, "Pulumi.local.yaml: flotilla:environment: 'local' is not a block of keys and values."),
    ],
)
def test_environment_that_is_none(checkout, config: dict[str, Any], said: str) -> None:
    """A configuration without an environment is one clear line."""

    with pytest.raises(SettingsError) as raised:
        load("local", checkout.root, config)
    assert str(raised.value).startswith(said)


def test_misspelt_configuration_key(checkout) -> None:
    """A key beside `environment` is unknown, and the nearest one is named."""

    with pytest.raises(SettingsError) as raised:
        load("local", checkout.root, {"enviroment": {}})
    assert "Pulumi.local.yaml: flotilla:enviroment: unknown key. Nothing was changed. Write `environment`" in str(raised.value)
