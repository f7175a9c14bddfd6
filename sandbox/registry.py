"""
The instance's image registry: one container, its images on a volume, TLS by the sandbox's authority.

This machine's Docker pushes to it over loopback; the machines know it as registry.flotilla.test on their uplink.
"""

from __future__ import annotations

import hashlib
import io
import ssl
import tarfile
import time
import urllib.error
import urllib.request
from typing import Any

from ops.errors import FlotillaError
from ops.progress import step
from sandbox import images, ports
from sandbox.addresses import REGISTRY_HOST, REGISTRY_PORT
from sandbox.instance import Instance

DATA = "/var/lib/docker-registry"
TLS_FOLDER = "/etc/docker/registry/tls"
USER_ID = 5000  # the registry's user in its image
CONFIGURATION_LABEL = "flotilla.configuration"
READY_TIMEOUT_S = 30
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def start(instance: Instance, client: Any) -> None:
    """
    Have the registry answer; its container is made anew when its image or certificate changed, its images stay.

    Raises: FlotillaError when the port is taken, or the registry does not answer within 30 s.
    """
    container = _find(client, instance)
    if container is not None and container.labels.get(CONFIGURATION_LABEL) != _configuration(instance):
        container.remove(force=True)
        container = None
    if is_answering(instance):
        return
    if container is None or container.status != "running":
        _require_port(instance)
    container = container or _create(instance, client)
    with step("start the registry"):
        container.start()
        _wait(instance, container)


def stop(instance: Instance, client: Any) -> None:
    """
    Stop the container; what was pushed stays.
    """
    container = _find(client, instance)
    if container is not None and container.status == "running":
        container.stop(timeout=5)


def is_answering(instance: Instance) -> bool:
    """
    True when this instance's registry, and no other one, answers over TLS.
    """
    try:
        trust = ssl.create_default_context(cafile=str(instance.ca_certificate))
        with urllib.request.urlopen(f"https://{instance.registry_push_address}/v2/", timeout=2, context=trust) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def has(instance: Instance, image: str) -> bool:
    """
    True if the registry can serve this image, which is a reference by digest.
    """
    repository, _, digest = image.partition("/")[2].partition("@")
    url = f"https://{instance.registry_push_address}/v2/{repository}/manifests/{digest}"
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": MANIFEST_TYPE})
    try:
        trust = ssl.create_default_context(cafile=str(instance.ca_certificate))
        with urllib.request.urlopen(request, timeout=2, context=trust) as response:  # noqa: S310
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _create(instance: Instance, client: Any) -> Any:
    from sandbox.cloud.machines import networks  # brings the Docker library along, which is slow to import

    networks.ensure(client, instance.network_name, instance.labels)
    volume = instance.name("registry")
    client.volumes.create(volume, labels=instance.labels)
    container = client.containers.create(
        images.tag(images.REGISTRY),
        name=instance.registry_name,
        hostname="registry",
        labels=instance.labels | {CONFIGURATION_LABEL: _configuration(instance)},
        volumes={volume: {"bind": DATA, "mode": "rw"}},
        ports={f"{REGISTRY_PORT}/tcp": (instance.services_ip, REGISTRY_PORT)},
        network=instance.network_name,
        networking_config={instance.network_name: client.api.create_endpoint_config(aliases=[REGISTRY_HOST])},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
    )
    container.put_archive(TLS_FOLDER, _certificates(instance))
    return container


def _certificates(instance: Instance) -> bytes:
    """
    Certificate and key, readable by the registry's user only: copied in, so that the authority's folder is mounted nowhere.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in (instance.services_certificate, instance.services_key):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            entry.mode = 0o444 if path == instance.services_certificate else 0o400
            entry.uid = entry.gid = USER_ID
            tar.addfile(entry, io.BytesIO(path.read_bytes()))
    return archive.getvalue()


def _configuration(instance: Instance) -> str:
    """
    Changes when the container would have to be made differently.
    """
    parts = [images.tag(images.REGISTRY).encode(), instance.services_certificate.read_bytes(), str(instance.block).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _require_port(instance: Instance) -> None:
    if not ports.is_free(instance.services_ip, REGISTRY_PORT):
        taken = ports.Taken(instance.services_ip, REGISTRY_PORT, "tcp", ports.holder(instance.services_ip, REGISTRY_PORT))
        raise FlotillaError(
            f"{taken}: taken, so the sandbox's registry cannot listen there. The sandbox was not started. "
            f"Stop what holds it, then run `flotilla sandbox start`."
        )


def _wait(instance: Instance, container: Any) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if is_answering(instance):
            return
        container.reload()
        if container.status == "exited":
            break
        time.sleep(0.1)
    last = container.logs(tail=3).decode(errors="replace").strip() or "nothing"
    raise FlotillaError(
        f"{instance.registry_name}: the registry does not answer on {instance.registry_push_address}; it printed: {last}. "
        f"No image can be published. Run `flotilla sandbox logs registry`, then `flotilla sandbox start` again."
    )


def _find(client: Any, instance: Instance) -> Any | None:
    from docker.errors import NotFound

    try:
        return client.containers.get(instance.registry_name)
    except NotFound:
        return None
