"""The mixin, evaluated by a real jsonnet: as alerts/ and dashboards/ are, and as its configuration says."""

import json
import pathlib
import re
import tempfile
import unittest

import _gojsonnet
import tools
import yaml
from machine import REPOSITORY

CHANGED = {"jobSelector": "agents", "clusterLabel": "k8s_cluster", "fleetShare": "0.2", "fleetAgents": "7", "runbookBase": "https://wiki.example.com/r",
           "dashboardBase": "https://graphs.example.com", "dashboardTags": ["mine"]}
# The label in a query: not part of a metric's name, of a variable or of another word.
LABEL = re.compile(r"(?<![\w$:-])cluster(?![\w:])")



def evaluated(config):
    """What the mixin gives with this configuration; promtool has checked its rules."""
    given = json.loads(_gojsonnet.evaluate_snippet("shop.jsonnet", f"""
        local mixin = (import 'mixin/mixin.libsonnet') + {{ _config+:: {json.dumps(config)} }};
        {{ 'alerts.json': mixin.prometheusAlerts, 'rules.json': mixin.prometheusRules }} + mixin.grafanaDashboards""",
        jpathdir=[str(REPOSITORY)]))
    with tempfile.TemporaryDirectory() as directory:
        for name in ("alerts.json", "rules.json"):
            # Prometheus reads YAML, and JSON is valid YAML.
            (pathlib.Path(directory) / name).write_text(json.dumps(given[name]))
        tools.run("promtool check rules /work/alerts.json /work/rules.json", [(directory, "/work")])
    return given


def rules(document):
    return [rule for group in document["groups"] for rule in group["rules"]]


def strings(value):
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def read(path):
    return yaml.safe_load((REPOSITORY / path).read_text())


class Mixin(unittest.TestCase):
    def test_by_default_it_is_what_the_repository_has(self):
        given = evaluated({"dashboardTags": []})
        self.assertEqual(given["alerts.json"], read("alerts/logagent-causes.rules.yml"))
        self.assertEqual(given["rules.json"], read("alerts/logagent.rules.yml"))
        for name in ("fleet", "host", "exporter"):
            self.assertEqual(given[f"logagent-{name}.json"], read(f"dashboards/{name}.json"), name)

    def test_in_chinese_it_has_the_chinese_alerts(self):
        self.assertEqual(evaluated({"language": "zh"})["alerts.json"], read("alerts/zh/logagent-causes.rules.yml"))

    def test_every_setting_arrives_and_nothing_else_changes(self):
        before, after = evaluated({}), evaluated(CHANGED)
        for name in ("alerts.json", "rules.json"):
            self.assertEqual([rule.get("alert", rule.get("record")) for rule in rules(after[name])],
                             [rule.get("alert", rule.get("record")) for rule in rules(before[name])])
        said = json.dumps(after)
        for gone in ("grafana.example.com", "alerts/runbooks", ".*logagent.*"):
            self.assertNotIn(gone, said)
        for name in ("wiki.example.com/r/", "graphs.example.com/d/"):
            self.assertIn(name, said)
        expressions = [rule["expr"] for name in ("alerts.json", "rules.json") for rule in rules(after[name])]
        for expression in expressions:
            self.assertIsNone(LABEL.search(expression), expression)
        fleet = " ".join(rule["expr"] for rule in rules(after["alerts.json"]) if rule.get("alert", "").startswith("LogAgentFleet"))
        self.assertIn(">= 7", fleet)
        self.assertIn("> 0.2", " ".join(expressions))
        self.assertNotIn("> 0.05", " ".join(expressions))
        for rule in rules(after["alerts.json"]):
            for text in rule.get("annotations", {}).values():
                self.assertNotIn("abels.cluster", text)
        for name in ("logagent-fleet.json", "logagent-host.json", "logagent-exporter.json"):
            self.assertIn("mine", after[name]["tags"])
            queries = [text for text in strings(after[name]) if "logagent_" in text]
            self.assertTrue(queries)
            for text in queries:
                self.assertIsNone(LABEL.search(text), text)


if __name__ == "__main__":
    unittest.main()
