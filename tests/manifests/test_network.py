"""Who reaches whom: services, policies, the ingress and the gateway."""

from __future__ import annotations

from pathlib import Path

import yaml

from pipeline.settings import Settings
from tests.deployment import ROOT, built, defaults
from tests.manifests.objects import Object, of, one


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
