"""
Which images run: by digest, from a registry of one's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from policies.framework import UNKNOWN, Finding, Fixtures, Level, Option, Options, Resource, Rule, Stack, StackRule, text
from policies.framework.kinds import CONTAINER, FLEET, SERVICE

from .container import BOTH, DIGEST, container, of, service
from .references import cis_docker, cwe

HUB = "docker.io"


class Reference(NamedTuple):
    """
    `registry.example.com:5000/team/shop:1.2@sha256:...` in its parts; those that are not there are empty.
    """

    registry: str
    tag: str
    digest: str


def parse(image: str) -> Reference:
    """
    A reference as Docker reads it: the first part is a registry when it has a dot or a colon, or is `localhost`.
    """
    name, _, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    has_registry = bool(slash) and (re.search(r"[.:]", first) is not None or first == "localhost")
    tag = (rest if slash else name).rpartition("/")[2].partition(":")[2]
    return Reference(first if has_registry else HUB, tag, digest)


def _image(resource: Resource) -> str:
    image = of(resource, "image")
    return image if isinstance(image, str) else ""


def _by_tag(resource: Resource, options: Options) -> Iterator[str]:
    reference = parse(_image(resource))
    if reference.tag not in ("", "latest") and not reference.digest:
        yield f"its image is known by the tag `{reference.tag}` only, which may be another image tomorrow"


BY_TAG = Rule(
    id="image-by-tag",
    description="Images are known by digest, so that what was tested is what runs.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Write the reference as `name@sha256:...`; `flotilla sandbox publish` and the release files do.",
    references=(cwe(494, "download of code without integrity check"),),
    check=_by_tag,
    fixtures=Fixtures(
        passes=[service(), container(), service(image=f"registry.example.com:5000/shop:1.2@{DIGEST}")],
        fails=[service(image="registry.example.com:5000/shop:1.2"), container(image="redis:7")],
        unknown=[service(image=UNKNOWN)],
        absent=[Resource(type=SERVICE, props={"taskSpec": {}})],
        absent_fails=False,
    ),
)


def _latest(resource: Resource, options: Options) -> Iterator[str]:
    image = _image(resource)
    reference = parse(image)
    if image and reference.tag in ("", "latest") and not reference.digest:
        yield "its image is whatever is the latest when a node pulls it"


LATEST = Rule(
    id="image-latest",
    description="No image is `latest`, said or left unsaid.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Write the reference as `name@sha256:...`; `flotilla sandbox publish` and the release files do.",
    references=(cwe(494, "download of code without integrity check"),),
    check=_latest,
    fixtures=Fixtures(
        passes=[service(), container(), service(image="registry.example.com/shop:1.2")],
        fails=[service(image="registry.example.com/shop"), container(image="redis:latest")],
        unknown=[service(image=UNKNOWN)],
        absent=[Resource(type=CONTAINER, props={"name": "tool"})],
        absent_fails=False,
    ),
)


def fleet(**props: Any) -> Resource:
    """
    An example of the environment's component.
    """
    return Resource(type=FLEET, name="production", props=props)


def _foreign(stack: Stack, options: Options) -> Iterator[Finding]:
    own = text(stack.fleet.props, "registry") if stack.fleet else ""
    allowed = {own, *options["registries"]} - {""}
    for resource in stack.of(*BOTH):
        image = _image(resource)
        registry = parse(image).registry
        # Where nobody said which registry is one's own, the one that anybody may write to is still nobody's.
        if image and registry not in allowed and (allowed or registry == HUB):
            yield Finding(resource=resource, message=f"its image comes from {registry}")


FOREIGN = StackRule(
    id="image-from-unknown-registry",
    description="Images come from the environment's own registry.",
    level=Level.MANDATORY,
    types=(*BOTH, FLEET),
    remediation="Push it to `registry` of Pulumi.<stack>.yaml and refer to it there.",
    references=(cis_docker("4.2", "Ensure that containers use only trusted base images"),),
    options={"registries": Option((), "Registries that are trusted besides the environment's own.")},
    check=_foreign,
    fixtures=Fixtures(
        passes=[[fleet(registry="registry.example.com"), service(), container()], [service()]],
        fails=[
            [fleet(registry="registry.example.com"), service(image=f"ghcr.io/someone/shop@{DIGEST}")],
            [container(image=f"someone/shop@{DIGEST}")],
        ],
        unknown=[[fleet(registry="registry.example.com"), service(image=UNKNOWN)]],
        absent=[[fleet(registry="registry.example.com"), Resource(type=SERVICE, props={})]],
        absent_fails=False,
    ),
)

RULES = (BY_TAG, LATEST, FOREIGN)
