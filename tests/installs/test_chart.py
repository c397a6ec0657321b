"""The Helm chart, rendered by Helm's own library: as committed, valid for each Kubernetes version, whatever the values are.

UPDATE=1 writes deploy/kubernetes and the golden files anew; read the diff.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import unittest

import helm_python
import kubernetes_validate
import yaml
from readme import printed

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "deploy/helm/logagent-exporter"
PLAIN = REPOSITORY / "deploy/kubernetes"
GOLDEN = REPOSITORY / "tests/installs/golden"
VERSIONS = [f"1.{minor}" for minor in range(25, 38)]
OPERATOR = ("ServiceMonitor", "PodMonitor", "PrometheusRule")

FULL = {
    "fullnameOverride": "watch", "namespaceOverride": "elsewhere", "commonLabels": {"team": "{{ .Release.Name }}"},
    "global": {"imageRegistry": "registry.example.com", "imagePullSecrets": [{"name": "pull"}]},
    "image": {"digest": "sha256:" + "0" * 64}, "priorityClassName": "system-node-critical",
    "config": {"agents": [{"kind": "logtail", "expect": {"region": "cn-hangzhou", "account_id": "1234567890123456"}}]},
    "extraArgs": ["--log.level=debug"], "env": {"LOGAGENT_EXPORTER_LOG_FORMAT": "json", "NUMBER": 1},
    "dnsConfig": {"nameservers": ["192.0.2.1"]},
    "serviceMonitor": {"enabled": True, "additionalLabels": {"release": "prometheus"},
                       "relabelings": [{"action": "labeldrop", "regex": "pod"}],
                       "metricRelabelings": [{"action": "drop", "sourceLabels": ["__name__"], "regex": "process_.*"}]},
    "podMonitor": {"enabled": True, "namespace": "monitoring"},
    "prometheusRule": {"enabled": True, "dashboardBase": "https://grafana.corp.example"},
    "grafanaDashboards": {"enabled": True, "annotations": {"folder": "logs"}},
    "networkPolicy": {"enabled": True, "from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]},
    "extraHostVolumeMounts": [{"name": "data", "hostPath": "/data", "mountPath": "/host/root/data", "mountPropagation": "HostToContainer"}],
    "configmaps": [{"name": "web-config", "mountPath": "/etc/web"}], "secrets": [{"name": "tls", "mountPath": "/etc/tls"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "In", "values": ["logs"]}]}]}}},
    "podAnnotations": {"a/b": "c"}, "podLabels": {"d": "e"}, "daemonsetAnnotations": {"f": "g"},
    "extraManifests": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-more"}}],
}

# Words with a special meaning in YAML, and text that would end a line, a string or a template.
ODD = 'yes: "no" {{ fail "rendered" }} \n- #\'\t\u4e2d'
HOSTILE = {
    "commonLabels": {"on": "yes", "version": "1.0"}, "config": {"labels": {"cluster": ODD, "null": "~"}},
    "extraArgs": ["--log.level=debug # not a comment", "--a='b\"c'"], "env": {"ODD": ODD, "YES": True, "OCTAL": "010"},
    "podAnnotations": {"odd": ODD}, "service": {"annotations": {"odd": ODD, "number": "1e3"}},
    "nodeSelector": {"pool": "true"}, "namespaceOverride": "1234", "priorityClassName": "null",
    "serviceMonitor": {"enabled": True, "jobLabel": "on"}, "podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True, "namespace": "0x1"},
    "extraHostVolumeMounts": [{"name": "no", "hostPath": "/a b: c", "mountPath": "/x #y"}], "serviceAccount": {"annotations": {"role": ODD}},
}


def render(values=None, name="logagent-exporter", namespace="logagent-exporter"):
    """Every object, in the order of the files."""
    chart = helm_python.Chart.load(CHART)
    chart.validate_schema(values)
    rendered = chart.render(values, name=name, namespace=namespace)
    files = [text for path, text in sorted(rendered.items()) if path.endswith(".yaml")]
    return [document for text in files for document in yaml.safe_load_all(text) if document]


def of_kind(documents, kind):
    [document] = [document for document in documents if document["kind"] == kind]
    return document


def dumped(documents):
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=120)


class Chart(unittest.TestCase):
    def committed(self, path, text):
        if os.environ.get("UPDATE"):
            path.write_text(text)
        self.assertEqual(path.read_text(), text, f"{path} is not what the chart renders; UPDATE=1 make test-chart writes it")

    def valid(self, documents):
        for document in documents:
            if document["kind"] not in OPERATOR:
                for version in VERSIONS:
                    kubernetes_validate.validate(document, version, strict=True)
        monitors = [document for document in documents if document["kind"] in OPERATOR]
        process = subprocess.run(["node", REPOSITORY / "tests/installs/operator.mjs"], input=json.dumps(monitors), text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(process.returncode, 0, process.stdout)
        self.assertEqual(process.stdout.strip(), f"{len(monitors)} valid")

    def test_the_plain_manifests_are_what_the_chart_renders(self):
        documents = render()
        for document in documents:
            # These are not made by Helm.
            for metadata in (document["metadata"], document.get("spec", {}).get("template", {}).get("metadata", {})):
                for label in ("helm.sh/chart", "app.kubernetes.io/managed-by"):
                    metadata.get("labels", {}).pop(label, None)
        self.valid(documents)
        self.committed(PLAIN / "logagent-exporter.yaml", "# Rendered from deploy/helm with its default values: UPDATE=1 make test-chart\n" + dumped(documents))
        kustomization = yaml.safe_load((PLAIN / "kustomization.yaml").read_text())
        for resource in kustomization["resources"]:
            for document in yaml.safe_load_all((PLAIN / resource).read_text()):
                if document["kind"] != "Namespace":
                    self.assertEqual(document["metadata"]["namespace"], kustomization["namespace"])

    def test_the_sidecar_is_valid_and_may_do_as_much_as_the_daemonset(self):
        documents = list(yaml.safe_load_all((PLAIN / "sidecar.yaml").read_text()))
        self.valid(documents)
        pod = of_kind(documents, "Deployment")["spec"]["template"]["spec"]
        self.assertTrue(pod["shareProcessNamespace"])
        [sidecar] = [container for container in pod["containers"] if container["name"] == "logagent-exporter"]
        [exporter] = of_kind(render(), "DaemonSet")["spec"]["template"]["spec"]["containers"]
        self.assertEqual(sidecar["image"], exporter["image"])
        self.assertEqual(sidecar["securityContext"]["capabilities"], exporter["securityContext"]["capabilities"])
        config = yaml.safe_load(of_kind(documents, "ConfigMap")["data"]["logagent-exporter.yml"])
        self.assertIn(config["agents"][0]["container"], [container["name"] for container in pod["containers"]])

    def test_with_every_value_set_it_is_valid_and_as_before(self):
        documents = render(FULL, name="release")
        self.valid(documents)
        # The contents of rules and dashboards are tested elsewhere.
        short = [document for document in documents if document["kind"] != "PrometheusRule" and "dashboard" not in document["metadata"]["name"]]
        self.committed(GOLDEN / "chart-full.yaml", dumped(short))
        rules = [document for document in documents if document["kind"] == "PrometheusRule"]
        names = [group["name"] for rule in rules for group in rule["spec"]["groups"]]
        self.assertEqual(len(names), len(set(names)))
        self.assertGreater(sum(len(group["rules"]) for rule in rules for group in rule["spec"]["groups"]), 80)
        self.assertNotIn("grafana.example.com", json.dumps(rules))
        dashboards = [document for document in documents if document["metadata"].get("labels", {}).get("grafana_dashboard")]
        self.assertEqual(sorted(name for document in dashboards for name in document["data"]),
                         sorted(f"logagent-{path.name}" for path in (REPOSITORY / "dashboards").glob("*.json")))
        for document in dashboards:
            for text in document["data"].values():
                self.assertIn("panels", json.loads(text))

    def test_the_printed_command_is_one_of_helm_and_gives_valid_objects(self):
        parser = argparse.ArgumentParser()
        for option in ("name", "chart", "--namespace", "--set"):
            parser.add_argument(option)
        parser.add_argument("--create-namespace", action="store_true")
        said = parser.parse_args(shlex.split(printed("helm install"))[2:])
        self.assertEqual((REPOSITORY / said.chart).resolve(), CHART)
        key, value = said.set.split("=")
        outer, inner = key.split(".")
        documents = render({outer: {inner: value}}, name=said.name, namespace=said.namespace)
        self.valid(documents)
        self.assertIn(f"{value}/logagent-exporter:", json.dumps(of_kind(documents, "DaemonSet")))

    def test_hostile_values_arrive_as_they_are(self):
        documents = render(HOSTILE)
        self.valid(documents)
        pod = of_kind(documents, "DaemonSet")["spec"]["template"]
        [container] = pod["spec"]["containers"]
        self.assertEqual({variable["name"]: variable.get("value") for variable in container["env"]},
                         {"NODE_NAME": None, "ODD": ODD, "YES": "true", "OCTAL": "010"})
        self.assertEqual(container["args"][-2:], HOSTILE["extraArgs"])
        self.assertEqual(pod["metadata"]["annotations"]["odd"], ODD)
        self.assertLessEqual(HOSTILE["service"]["annotations"].items(), of_kind(documents, "Service")["metadata"]["annotations"].items())
        self.assertEqual(yaml.safe_load(of_kind(documents, "ConfigMap")["data"]["logagent-exporter.yml"]), HOSTILE["config"])

    def test_values_that_cannot_be_are_refused(self):
        for values in ({"tolerationz": []}, {"service": {"port": "10077"}}, {"service": {"port": 0}}, {"image": {"digest": "latest"}},
                       {"serviceMonitor": {"interval": "often"}}, {"env": {"A": {"valueFrom": {}}}}, {"hostPID": "yes"}):
            with self.assertRaises(helm_python.HelmError, msg=values):
                helm_python.Chart.load(CHART).validate_schema(values)

    def test_every_value_has_its_place_in_the_schema(self):
        def compare(values, schema, path):
            for key, value in values.items():
                self.assertIn(key, schema["properties"], path)
                if isinstance(value, dict) and "properties" in schema["properties"][key]:
                    compare(value, schema["properties"][key], f"{path}.{key}")

        schema = json.loads((CHART / "values.schema.json").read_text())
        compare(yaml.safe_load((CHART / "values.yaml").read_text()), schema, "values")

    def test_a_change_of_the_config_starts_the_pods_anew(self):
        def checksum(config):
            return of_kind(render({"config": config}), "DaemonSet")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

        self.assertNotEqual(checksum({"detect": True}), checksum({"detect": False}))

    def test_lint_finds_nothing_and_the_version_is_that_of_the_program(self):
        report = helm_python.lint(CHART, {}, strict=True)
        self.assertEqual([message for message in report["messages"] if message["severity"] > 1] + report["errors"], [])
        version = re.search(r'^version = "(.*)"', (REPOSITORY / "Cargo.toml").read_text(), re.MULTILINE)[1]
        self.assertEqual(yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"], version)


if __name__ == "__main__":
    unittest.main()
