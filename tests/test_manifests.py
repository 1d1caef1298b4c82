"""The manifests, without a cluster: both overlays and the one with KEDA, built by kubectl. `make e2e` runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from pipeline.queue.connection import connect
from pipeline.queue.lease import Lease
from pipeline.queue.thumbnails import QUEUE, RQ_MARGIN_SECONDS, VIEWS, ThumbnailQueue
from pipeline.settings import Settings
from tests.deployment import ROOT, built, compose, defaults, seconds, settings_read

OVERLAYS = ("kind", "kind-keda", "production")
OURS = ("web", "worker", "dashboard")
CUSTOM = {"ScaledObject", "TriggerAuthentication", "PodMonitor", "PrometheusRule"}
KUBERNETES = "1.34"

Object = dict[str, Any]


@pytest.fixture(scope="module", params=OVERLAYS)
def objects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """Every object of one overlay."""
    return built(request.param, tmp_path_factory.mktemp("k8s"))


@pytest.fixture(scope="module")
def kind(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    return built("kind", tmp_path_factory.mktemp("k8s"))


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    return built("production", tmp_path_factory.mktemp("k8s"))


def of(objects: list[Object], kind: str, name: str | None = None) -> list[Object]:
    """The objects of a kind, of one name or of all."""
    return [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]


def one(objects: list[Object], kind: str, name: str) -> Object:
    """The object of this kind and name; generated names may end in a hash."""
    (found,) = [o for o in of(objects, kind) if o["metadata"]["name"].startswith(name)]
    return found


def pod(deployment: Object) -> Object:
    """The pod that a Deployment makes."""
    spec: Object = deployment["spec"]["template"]["spec"]
    return spec


def container(objects: list[Object], name: str) -> Object:
    """The one container of a Deployment."""
    (found,) = pod(one(objects, "Deployment", name))["containers"]
    assert found["name"] == name
    return dict(found)


def test_every_object_is_valid(objects: list[Object]) -> None:
    for document in objects:
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_every_object_is_in_the_namespace_and_says_what_it_is(objects: list[Object]) -> None:
    for document in objects:
        labels = document["metadata"].get("labels", {})
        if document["kind"] == "Namespace":
            assert document["metadata"]["name"] == "image-gallery"
            assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
            continue
        assert document["metadata"]["namespace"] == "image-gallery"
        if document["kind"] not in ("ConfigMap", "Secret"):
            assert labels["app.kubernetes.io/name"] == "image-gallery"
        if document["kind"] == "Deployment":
            inside = document["spec"]["template"]["metadata"]["labels"]
            assert inside["app.kubernetes.io/part-of"] == "image-gallery"
            assert inside["app.kubernetes.io/component"] == document["metadata"]["name"]


def test_every_pod_is_confined(objects: list[Object]) -> None:
    for deployment in of(objects, "Deployment"):
        spec = pod(deployment)
        assert spec["enableServiceLinks"] is False
        assert spec["automountServiceAccountToken"] is False
        assert spec["serviceAccountName"] == deployment["metadata"]["name"]
        whole = spec["securityContext"]
        assert whole["runAsNonRoot"] is True
        assert whole["runAsUser"] > 0
        assert whole["runAsGroup"] > 0
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in spec["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
    for account in of(objects, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_web_and_worker_share_the_user_and_the_volume(objects: list[Object]) -> None:
    specs = [pod(one(objects, "Deployment", name)) for name in ("web", "worker")]
    assert specs[0]["securityContext"] == specs[1]["securityContext"]
    user = specs[0]["securityContext"]
    assert user["runAsUser"] == user["runAsGroup"] == user["fsGroup"]
    for name in ("web", "worker"):
        assert f"USER {user['runAsUser']}:{user['runAsGroup']}" in (ROOT / f"Dockerfile.{name}").read_text()
        assert {"name": "images", "mountPath": "/data"} in container(objects, name)["volumeMounts"]


def test_every_container_asks_for_room_and_is_bounded_in_memory(objects: list[Object]) -> None:
    for deployment in of(objects, "Deployment"):
        for each in pod(deployment)["containers"]:
            assert set(each["resources"]["requests"]) == {"cpu", "memory"}
            assert set(each["resources"]["limits"]) == {"memory"}, "a processor's limit only throttles"


def test_compose_and_the_manifests_bound_memory_alike(kind: list[Object]) -> None:
    for name, service in compose().items():
        assert container(kind, name)["resources"]["limits"]["memory"] == service["mem_limit"].replace("m", "Mi")


def test_compose_and_the_manifests_start_redis_alike(kind: list[Object]) -> None:
    theirs = [part.replace("$$", "$") for part in compose()["redis"]["command"]]
    assert container(kind, "redis")["command"] == theirs
    config = (ROOT / "k8s/base/redis.conf").read_text().splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(config)
    limit = int(container(kind, "redis")["resources"]["limits"]["memory"].removesuffix("Mi"))
    (most,) = [int(line.split()[1].removesuffix("mb")) for line in config if line.startswith("maxmemory ")]
    assert most <= 0.7 * limit


def test_two_redis_servers_never_share_a_volume(kind: list[Object]) -> None:
    deployment = one(kind, "Deployment", "redis")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "redis"}} in pod(deployment)["volumes"]


def test_probes_mean_something(objects: list[Object]) -> None:
    web = container(objects, "web")
    assert web["startupProbe"]["httpGet"]["path"] == web["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"
    worker = container(objects, "worker")
    assert "$GALLERY_HEARTBEAT_FILE" in worker["livenessProbe"]["exec"]["command"][-1]
    assert "redis" not in str(worker["livenessProbe"])
    for deployment in of(objects, "Deployment", "redis"):
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert "grep -qx PONG" in pod(deployment)["containers"][0][name]["exec"]["command"][-1]
    for deployment in of(objects, "Deployment"):
        for each in pod(deployment)["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(each)


def test_pods_are_given_the_time_they_need_to_stop(objects: list[Object]) -> None:
    web = one(objects, "Deployment", "web")
    assert web["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    pause = container(objects, "web")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod(web)["terminationGracePeriodSeconds"] >= pause + 30 + 5
    settings = one(objects, "ConfigMap", "gallery-settings")["data"]
    grace = pod(one(objects, "Deployment", "worker"))["terminationGracePeriodSeconds"]
    assert grace > int(settings["GALLERY_JOB_TIMEOUT"]) + RQ_MARGIN_SECONDS
    assert grace == seconds(compose()["worker"]["stop_grace_period"])


def test_what_the_manifests_set_are_settings(objects: list[Object]) -> None:
    names = set(one(objects, "ConfigMap", "gallery-settings")["data"])
    for name in OURS:
        names |= {each["name"] for each in container(objects, name)["env"]}
    assert names <= settings_read()


def test_what_the_base_sets_is_the_default_but_for_what_a_cluster_needs(kind: list[Object]) -> None:
    data = one(kind, "ConfigMap", "gallery-settings")["data"]
    usual = defaults()
    assert int(data["GALLERY_JOB_TIMEOUT"]) == usual.job_timeout
    assert int(data["GALLERY_MAX_UPLOAD_MB"]) * 1024 * 1024 == usual.max_upload_bytes
    assert int(data["GALLERY_MAX_MEGAPIXELS"]) == usual.max_megapixels
    assert int(data["GALLERY_WEB_THREADS"]) == usual.web_threads


def test_secrets_come_from_the_secret_alone(objects: list[Object]) -> None:
    secret = one(objects, "Secret", "gallery-secrets")
    for deployment in of(objects, "Deployment"):
        for variable in pod(deployment)["containers"][0].get("env", ()):
            if variable["name"] in secret["data"]:
                assert variable["valueFrom"]["secretKeyRef"]["name"] == secret["metadata"]["name"]
    assert "/k8s/overlays/*/secret.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_gallery_is_reached_through_its_service_and_redis_and_dashboard_are_inside(kind: list[Object]) -> None:
    service = one(kind, "Service", "gallery-service")["spec"]
    assert service["type"] == "NodePort"
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080}]
    (mapping,) = yaml.safe_load((ROOT / "k8s/kind.yaml").read_text())["nodes"][0]["extraPortMappings"]
    assert mapping["containerPort"] == service["ports"][0]["nodePort"]
    assert mapping["listenAddress"] == "127.0.0.1"
    for name in ("redis", "dashboard"):
        assert one(kind, "Service", name)["spec"].get("type", "ClusterIP") == "ClusterIP"


def test_callers_keep_their_addresses_on_kind(kind: list[Object]) -> None:
    assert one(kind, "Service", "gallery-service")["spec"]["externalTrafficPolicy"] == "Local"
    assert "GALLERY_HOSTS" not in one(kind, "ConfigMap", "gallery-settings")["data"]  # so it answers to local names


def test_production_lets_the_ingress_controller_in_and_believes_it_alone(production: list[Object]) -> None:
    (rule,) = one(production, "NetworkPolicy", "web")["spec"]["ingress"]
    (source,) = rule["from"]
    assert set(source) == {"namespaceSelector"}
    settings = one(production, "ConfigMap", "gallery-settings")["data"]
    proxies = Settings.from_environment(settings).trusted_proxies
    assert proxies
    assert all(network.is_private for network in proxies)


def test_services_and_policies_and_budgets_select_the_pods_they_mean(objects: list[Object]) -> None:
    labels = [deployment["spec"]["template"]["metadata"]["labels"] for deployment in of(objects, "Deployment")]
    selectors = [service["spec"]["selector"] for service in of(objects, "Service")]
    selectors += [budget["spec"]["selector"]["matchLabels"] for budget in of(objects, "PodDisruptionBudget")]
    selectors += [policy["spec"]["podSelector"].get("matchLabels", {}) for policy in of(objects, "NetworkPolicy")]
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels), selector


def test_the_network_denies_by_default(objects: list[Object]) -> None:
    deny = one(objects, "NetworkPolicy", "deny-by-default")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in of(objects, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", ()):
            assert rule["to"], "an egress to everywhere"
            assert rule["ports"]
        component = policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/component")
        if "Ingress" in policy["spec"]["policyTypes"] and component != "web":
            assert all(rule["from"] for rule in policy["spec"].get("ingress", ())), "an ingress from everywhere"
        assert component != "dashboard"


def test_pods_spread_where_they_can_and_budgets_let_nodes_be_drained(objects: list[Object]) -> None:
    for name in ("web", "worker"):
        (spread,) = pod(one(objects, "Deployment", name))["topologySpreadConstraints"]
        assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
        assert one(objects, "PodDisruptionBudget", name)["spec"]["maxUnavailable"] == 1


def test_replicas_are_left_to_who_scales(objects: list[Object]) -> None:
    for name in ("web", "worker"):
        assert "replicas" not in one(objects, "Deployment", name)["spec"]


def test_kind_asks_for_what_its_storage_has(kind: list[Object]) -> None:
    for claim in of(kind, "PersistentVolumeClaim"):
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
        assert "storageClassName" not in claim["spec"]


def test_production_shares_its_volume_between_nodes_and_pins_its_images(production: list[Object]) -> None:
    (claim,) = of(production, "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["spec"]["storageClassName"]
    for name in OURS:
        assert "@sha256:" in container(production, name)["image"]


def test_production_has_no_redis_of_its_own_and_asks_everybody_for_a_token(production: list[Object]) -> None:
    assert not of(production, "Deployment", "redis")
    assert not of(production, "Service", "redis")
    assert one(production, "ConfigMap", "gallery-settings")["data"]["GALLERY_OPEN"] == "0"
    token = next(each for each in container(production, "web")["env"] if each["name"] == "GALLERY_TOKEN")
    assert token["valueFrom"]["secretKeyRef"]["optional"] is False


def test_production_lets_whole_forms_through_over_tls(production: list[Object]) -> None:
    ingress = one(production, "Ingress", "gallery")
    hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
    assert hosts == {host for entry in ingress["spec"]["tls"] for host in entry["hosts"]}
    size = int(ingress["metadata"]["annotations"]["nginx.org/client-max-body-size"].removesuffix("m")) * 1024 * 1024
    assert size >= 4 * defaults().max_upload_bytes
    assert not [name for name in ingress["metadata"]["annotations"] if name.startswith("nginx.ingress.kubernetes.io")]
    assert one(production, "HorizontalPodAutoscaler", "web")["spec"]["minReplicas"] == 2


def test_a_route_of_the_gateway_api_takes_the_place_of_the_ingress(tmp_path: Path, production: list[Object]) -> None:
    built("production", tmp_path)
    overlay = tmp_path / "k8s/overlays/production/kustomization.yaml"
    text = overlay.read_text()
    overlay.write_text(text.replace("  # - ../../components/gateway", "  - ../../components/gateway"))
    objects = built("production", tmp_path)
    kinds = {document["kind"] for document in objects}
    assert {document["kind"] for document in production} - kinds == {"Ingress"}
    route = one(objects, "HTTPRoute", "gallery")
    assert route["metadata"]["namespace"] == "image-gallery"
    assert route["spec"]["hostnames"] == [
        rule["host"] for rule in one(production, "Ingress", "gallery")["spec"]["rules"]
    ]
    (rule,) = route["spec"]["rules"]
    assert rule["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    (backend,) = rule["backendRefs"]
    service = one(objects, "Service", backend["name"])
    assert backend["port"] in [port["port"] for port in service["spec"]["ports"]]


def test_traces_are_sent_to_a_collector_that_only_web_and_workers_reach(
    tmp_path: Path, production: list[Object]
) -> None:
    built("production", tmp_path)
    overlay = tmp_path / "k8s/overlays/production/kustomization.yaml"
    text = overlay.read_text()
    overlay.write_text(text.replace("  # - ../../components/tracing", "  - ../../components/tracing"))
    objects = built("production", tmp_path)
    endpoint = one(objects, "ConfigMap", "gallery-settings")["data"].pop("OTEL_EXPORTER_OTLP_ENDPOINT")
    settings = [one(each, "ConfigMap", "gallery-settings")["data"] for each in (objects, production)]
    assert settings[0] == settings[1]
    assert len(objects) == len(production) + 1
    policy = one(objects, "NetworkPolicy", "to-collector")["spec"]
    (rule,) = policy["egress"]
    (to,) = rule["to"]
    namespace = to["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert endpoint == f"http://collector.{namespace}.svc:{rule['ports'][0]['port']}"
    assert policy["podSelector"]["matchExpressions"][0]["values"] == ["web", "worker"]


def test_keda_counts_both_queues_and_always_leaves_one_worker(tmp_path: Path, production: list[Object]) -> None:
    for objects in (built("kind-keda", tmp_path), production):
        scaled = one(objects, "ScaledObject", "worker")["spec"]
        assert scaled["minReplicaCount"] == 1
        counted = [trigger["metadata"]["listName"] for trigger in scaled["triggers"]]
        nobody = connect("redis://127.0.0.1:1", timeout=1)
        queue = ThumbnailQueue(nobody, defaults().job_timeout, Lease(nobody, lambda: "a volume"))
        assert counted == [queue.rq.key, queue.views.rq.key] == [f"rq:queue:{QUEUE}", f"rq:queue:{VIEWS}"]
        secret = one(objects, "Secret", "gallery-secrets")
        (reference,) = one(objects, "TriggerAuthentication", "redis")["spec"]["secretTargetRef"]
        assert reference["name"] == secret["metadata"]["name"]
        assert reference["key"] in secret["data"]


def test_keda_asks_the_redis_outside_about_both_queues(production: list[Object]) -> None:
    places = [dict(trigger["metadata"]) for trigger in one(production, "ScaledObject", "worker")["spec"]["triggers"]]
    assert {place.pop("listName") for place in places} == {f"rq:queue:{QUEUE}", f"rq:queue:{VIEWS}"}
    assert places[0] == places[1]
    assert places[0]["enableTLS"] == "true"
    assert "image-gallery" not in places[0]["address"]


def test_the_overlay_of_ones_own_in_the_documentation_can_be_built(tmp_path: Path, production: list[Object]) -> None:
    release = tmp_path / "release"
    built("production", release)
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    (tmp_path / "mine").mkdir()
    text = page.partition("```yaml\n# mine/kustomization.yaml\n")[2].partition("```")[0]
    (tmp_path / "mine" / "kustomization.yaml").write_text(text)
    done = subprocess.run(["kubectl", "kustomize", tmp_path / "mine"], capture_output=True, text=True, check=True)
    mine = [document for document in yaml.safe_load_all(done.stdout) if document]
    assert len(mine) == len(production)
    assert one(mine, "Ingress", "gallery")["spec"]["rules"][0]["host"] == "pictures.example.org"
    assert container(mine, "web")["image"] == container(production, "web")["image"]
    assert one(mine, "ConfigMap", "gallery-settings")["data"]["GALLERY_TRUSTED_PROXIES"] == "10.42.0.0/16"


def test_the_steps_in_the_documentation_wait_for_what_make_kind_up_waits_for(kind: list[Object]) -> None:
    waited = "for name in redis web worker dashboard; do"
    assert {deployment["metadata"]["name"] for deployment in of(kind, "Deployment")} == set(waited[12:-4].split())
    for name in ("README.md", "docs/kubernetes.md", "k8s/deploy.mk"):
        assert waited in (ROOT / name).read_text(), name


@pytest.mark.parametrize("name", ["alerts", "objectives"])
def test_the_operator_is_given_the_rules_that_are_tested(name: str, production: list[Object]) -> None:
    rules = yaml.safe_load((ROOT / "monitoring" / f"{name}.yml").read_text())
    assert one(production, "PrometheusRule", f"gallery-{name}")["spec"] == rules, "run k8s/rules"


def test_prometheus_reads_ports_that_are_there_and_is_let_in(production: list[Object]) -> None:
    for monitor in of(production, "PodMonitor"):
        ports = {port["name"] for port in container(production, monitor["metadata"]["name"])["ports"]}
        read = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
        assert read <= ports
        (rule,) = one(production, "NetworkPolicy", f"prometheus-to-{monitor['metadata']['name']}")["spec"]["ingress"]
        assert {port["port"] for port in rule["ports"]} == read
