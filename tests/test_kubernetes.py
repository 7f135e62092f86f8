"""The manifests, offline: as kustomize makes them, by the schemas, and in step with the code."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.channels.registry import ServiceSettings
from bot.editing.settings import EditorsSettings
from tests.support import ROOT
from tests.support.containers import SERVICES, of_the_editors_alone, secret_names

pytestmark = pytest.mark.server  # kubectl

VERSION = "1.33"
"""Of Kubernetes, whose schemas they are held to."""

MANIFESTS = ROOT / "operations" / "kubernetes"
OPERATORS = ROOT / "docs" / "operators.md"
Manifest = dict[str, Any]


@pytest.fixture(scope="module", params=["base", "one-node"])
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """What `kubectl apply -k` would send."""
    kubectl = Path(sys.executable).with_name("kubectl")
    made = subprocess.run(
        [kubectl, "kustomize", MANIFESTS / request.param], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(made.stdout))


@pytest.fixture(scope="module")
def deployments(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The deployments by name."""
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == "Deployment"}


def pod_of(deployment: Manifest) -> Manifest:
    return dict(deployment["spec"]["template"]["spec"])


def containers_of(deployment: Manifest) -> Iterator[Manifest]:
    pod = pod_of(deployment)
    yield from [*pod.get("initContainers", []), *pod["containers"]]


def labels_of(deployment: Manifest) -> set[tuple[str, str]]:
    return set(deployment["spec"]["template"]["metadata"]["labels"].items())


def test_each_is_what_the_schema_says_and_nothing_more(manifests: list[Manifest]) -> None:
    assert {one["kind"] for one in manifests} >= {"Deployment", "Service", "NetworkPolicy"}
    for manifest in manifests:
        kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_whatever_selects_pods_selects_those_of_one_deployment(
    manifests: list[Manifest], deployments: dict[str, Manifest]
) -> None:
    for one in manifests:
        spec, name = one.get("spec", {}), one["metadata"]["name"]
        selector = spec.get("selector", {})
        wanted = selector.get("matchLabels", selector)
        if one["kind"] in {"Deployment", "Service", "PodDisruptionBudget"}:
            assert [n for n, d in deployments.items() if set(wanted.items()) <= labels_of(d)] == [name]
        if one["kind"] == "HorizontalPodAutoscaler":
            assert spec["scaleTargetRef"]["name"] == name
            assert "replicas" not in deployments[name]["spec"], "each apply would set it back"


def test_every_address_of_the_rasa_side_is_a_service(manifests: list[Manifest]) -> None:
    (settings,) = (one["data"] for one in manifests if one["kind"] == "ConfigMap")
    ports = {
        one["metadata"]["name"]: one["spec"]["ports"][0]["port"]
        for one in manifests
        if one["kind"] == "Service"
    }
    found = [re.fullmatch(r"http://([a-z]+):(\d+)", url) for url in settings["RASA_URL"].split(",")]
    named = {match[1]: int(match[2]) for match in found if match}
    assert named == {name: ports[name] for name in ("trainer", "runner")}
    assert next(iter(named)) == "trainer"


def test_every_setting_is_one_and_no_secret_stands_there(
    manifests: list[Manifest], deployments: dict[str, Manifest]
) -> None:
    known = {name.upper() for kind in (ServiceSettings, EditorsSettings) for name in kind.model_fields}
    (settings,) = (one["data"] for one in manifests if one["kind"] == "ConfigMap")
    written = set(settings)
    for deployment in deployments.values():
        for container in containers_of(deployment):
            written |= {one["name"] for one in container.get("env", [])}
    assert written <= known
    assert not written & secret_names()
    assert not [one for one in manifests if one["kind"] == "Secret"]


def test_who_talks_with_the_platforms_and_who_writes_content_share_no_secret(
    deployments: dict[str, Manifest],
) -> None:
    secrets = {
        name: [source["secretRef"]["name"] for source in containers["envFrom"] if "secretRef" in source]
        for name, deployment in deployments.items()
        for containers in pod_of(deployment)["containers"]
    }
    assert secrets == {"bot": ["bot"], "editors": ["editors"], "trainer": ["rasa"], "runner": ["rasa"]}


@pytest.mark.parametrize("name", ["bot", "editors", "rasa"])
def test_the_operators_page_makes_every_secret(name: str) -> None:
    text = OPERATORS.read_text("utf-8")
    assert f"kubectl create secret generic {name} " in text
    if name == "editors":
        assert "EDITORS_KEY" in of_the_editors_alone()


def test_each_starts_as_the_images_service_does(deployments: dict[str, Manifest]) -> None:
    image_of = {"trainer": "rasa", "runner": "rasa", "bot": "bot", "editors": "editors"}
    for name, deployment in deployments.items():
        for container in containers_of(deployment):
            assert container["image"] == SERVICES[image_of[name]]["image"]
        (container,) = pod_of(deployment)["containers"]
        service = "rasa-runner" if name == "runner" else image_of[name]
        assert container["args"] == SERVICES[service]["command"]


def test_each_is_kept_small_and_alive(deployments: dict[str, Manifest]) -> None:
    for deployment in deployments.values():
        pod = pod_of(deployment)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in containers_of(deployment):
            careful = container["securityContext"]
            assert careful["readOnlyRootFilesystem"] is True
            assert careful["allowPrivilegeEscalation"] is False
            assert careful["capabilities"] == {"drop": ["ALL"]}
            assert {"requests", "limits"} <= container["resources"].keys()
        for container in pod["containers"]:
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


def test_what_is_written_to_is_a_volume_and_every_volume_is_there(
    manifests: list[Manifest], deployments: dict[str, Manifest]
) -> None:
    claims = {one["metadata"]["name"] for one in manifests if one["kind"] == "PersistentVolumeClaim"}
    image_of = {"trainer": "rasa", "runner": "rasa", "bot": "bot", "editors": "editors"}
    for name, deployment in deployments.items():
        pod = pod_of(deployment)
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        (container,) = pod["containers"]
        mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
        composed = {volume.split(":")[1] for volume in SERVICES[image_of[name]]["volumes"]}
        assert mounted == composed | {"/tmp"}
        used = {mount["name"] for each in containers_of(deployment) for mount in each["volumeMounts"]}
        assert used == volumes.keys()
        for volume in volumes.values():
            assert volume.get("persistentVolumeClaim", {}).get("claimName") in {None, *claims}


def test_only_who_writes_may(deployments: dict[str, Manifest]) -> None:
    writes = {
        (mount["name"], name)
        for name, deployment in deployments.items()
        for container in containers_of(deployment)
        for mount in container["volumeMounts"]
        if mount["name"] in {"content", "models"} and not mount.get("readOnly")
    }
    assert writes == {("content", "editors"), ("models", "trainer")}


def test_the_rasa_side_is_reached_by_its_bots_alone_and_reaches_nothing_of_the_world(
    manifests: list[Manifest], deployments: dict[str, Manifest]
) -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in manifests if one["kind"] == "NetworkPolicy"}
    assert policies["nothing-comes-in"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    rasa = policies["rasa"]
    shut_in = set(rasa["podSelector"]["matchLabels"].items())
    assert {name for name, one in deployments.items() if shut_in <= labels_of(one)} == {"trainer", "runner"}
    (rule,) = rasa["ingress"]
    assert [one["podSelector"]["matchLabels"]["app"] for one in rule["from"]] == ["bot", "editors"]
    assert {port["port"] for rule in rasa["egress"] for port in rule["ports"]} == {5432, 53}


def test_a_runner_is_ready_when_it_has_the_published_model(deployments: dict[str, Manifest]) -> None:
    for name in ("trainer", "runner"):
        (container,) = pod_of(deployments[name])["containers"]
        command = container["readinessProbe"]["exec"]["command"]
        assert command == ["python", "nlu/ready.py"]
        assert (ROOT / command[1]).exists()


def test_they_grow_by_the_age_of_the_oldest_message(manifests: list[Manifest]) -> None:
    metrics = (ROOT / "bot" / "metrics.py").read_text("utf-8")
    scalers = [one for one in manifests if one["kind"] == "HorizontalPodAutoscaler"]
    assert {one["metadata"]["name"] for one in scalers} == {"bot", "runner"}
    for one in scalers:
        (name,) = (m["external"]["metric"]["name"] for m in one["spec"]["metrics"] if m["type"] == "External")
        assert f'"{name}"' in metrics
