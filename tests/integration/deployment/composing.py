"""What must be so in a compose file, as problems in words: none where all is well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mtf_entrypoints.http.listening import Listening
from tests.integration.deployment.reading import (
    DEPLOY,
    Document,
    command_problem,
    interpolated,
    interpolations,
    missing,
    name_problem,
)

OURS = "mtf-orchestrator:"
WORKER_DRAINS_S = 30
"""How long a worker finishes what it has begun; it says so itself (`mtf_entrypoints/temporal/worker.py`)."""
_TAG = re.compile(r"[\w./-]+:v?\d+\.\d+[\w.-]*(?:@sha256:[0-9a-f]{64})?")
_SECONDS = re.compile(r"(\d+)s")
_LEAST_STOP_S = {"serve": Listening().time_limit, "worker": WORKER_DRAINS_S, "postgres": 30}


def problems(document: Document) -> list[str]:
    """Everything that is wrong with a whole file."""
    found = [*_secrets_declared(document), *_variables(document)]
    for name, service in document["services"].items():
        checks = (_image, _hardened, _healthy, _mounted, _published, _secrets_used, _ends)
        found += [f"{name}: {problem}" for check in checks for problem in check(name, service, document)]
        if service.get("image", OURS).startswith(OURS):
            found += [f"{name}: {problem}" for problem in of_ours(service)]
    return found


def of_ours(service: Document) -> list[str]:
    """What is wrong with a process of mtf, or with what a second file adds to it."""
    found = [name_problem(name) for name in service.get("environment", {})]
    if "command" in service:
        found.append(command_problem(service["command"]))
    match service.get("healthcheck", {}).get("test"):
        case ["CMD", "mtf", *words]:
            found.append(command_problem(words))
    return [*filter(None, found), *_secrets_read(service)]


def _secrets_read(service: Document) -> Iterator[str]:
    """A secret is given to who reads it, and to nobody else."""
    read = {str(value) for name, value in service.get("environment", {}).items() if name.endswith("_FILE")}
    given = {f"/run/secrets/{name}" for name in service.get("secrets", ())}
    yield from (f"reads {path}, which it is not given" for path in sorted(read - given))
    yield from (f"is given {path}, which no variable names" for path in sorted(given - read))


def _image(name: str, service: Document, _: Document) -> Iterator[str]:
    image = service.get("image", "")
    if not image.startswith(OURS) and not _TAG.fullmatch(image):
        yield f"its image {image!r} is not pinned by a tag with a version"


def _hardened(name: str, service: Document, _: Document) -> Iterator[str]:
    wanted: dict[str, Any] = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }
    yield from (f"{key} is not {value}" for key, value in wanted.items() if service.get(key) != value)
    if not any(str(one).startswith("/tmp") for one in service.get("tmpfs", ())):
        yield "it has no place for temporary files"
    user = str(service.get("user", "10001" if service.get("image", "").startswith(OURS) else "0"))
    if user.partition(":")[0] in ("0", "root"):
        yield "it runs as root"
    if "privileged" in service or service.get("cap_add"):
        yield "it has more rights than it needs"


def _healthy(name: str, service: Document, document: Document) -> Iterator[str]:
    check = service.get("healthcheck")
    is_once = service.get("restart") == "no"
    if is_once and check != {"disable": True}:
        yield "it ends by itself, so nobody can ask how it is"
    if not is_once and not (check and check.get("test")):
        yield "nobody asks how it is"
    for other, wanted in service.get("depends_on", {}).items():
        against = document["services"].get(other)
        if against is None:
            yield f"it waits for {other}, which is not there"
        elif wanted["condition"] == "service_healthy" and not against.get("healthcheck", {}).get("test"):
            yield f"it waits for the health of {other}, which nobody asks for"
        elif (wanted["condition"] == "service_completed_successfully") != (against.get("restart") == "no"):
            yield f"it waits for {other} in the wrong way"


def _mounted(name: str, service: Document, document: Document) -> Iterator[str]:
    for volume in service.get("volumes", ()):
        source, _, rest = interpolated(volume).partition(":")
        if source.startswith("."):
            if missing(DEPLOY, source):
                yield f"{source} is not there"
            if not rest.endswith(":ro"):
                yield f"{source} may be written"
        elif source not in document.get("volumes", {}):
            yield f"the volume {source} is not declared"


def _published(name: str, service: Document, _: Document) -> Iterator[str]:
    yield from (
        f"{port} can be reached from other machines"
        for port in service.get("ports", ())
        if not str(port).startswith("127.0.0.1:")
    )


def _secrets_used(name: str, service: Document, document: Document) -> Iterator[str]:
    yield from (
        f"the secret {secret} is not declared"
        for secret in service.get("secrets", ())
        if secret not in document.get("secrets", {})
    )


def _secrets_declared(document: Document) -> Iterator[str]:
    used = {secret for service in document["services"].values() for secret in service.get("secrets", ())}
    yield from (f"the secret {name} is used by nobody" for name in sorted(document.get("secrets", {}).keys() - used))
    volumes = [volume for service in document["services"].values() for volume in service.get("volumes", ())]
    mounted = {str(volume).partition(":")[0] for volume in volumes}
    yield from (f"the volume {name} is used by nobody" for name in sorted(set(document.get("volumes", {})) - mounted))


def _variables(document: Document) -> Iterator[str]:
    yield from (
        problem
        for name in sorted(set(interpolations(document)))
        if not name.startswith("DEPLOY_") and (problem := name_problem(name))
    )


def _ends(name: str, service: Document, _: Document) -> Iterator[str]:
    """Who is told to stop has the time that its work needs."""
    if service.get("restart") == "no":
        return
    found = _SECONDS.fullmatch(str(service.get("stop_grace_period", "")))
    least = _LEAST_STOP_S.get(name, 10)
    if found is None or int(found[1]) <= least:
        given = service.get("stop_grace_period", "10s")
        yield f"it is killed {given} after it is told to stop; it may need {least:g} s"
