"""Metrics, alert rules and traces reach who reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.deployment import ROOT, built
from tests.manifests.objects import Object, container, of, one


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
