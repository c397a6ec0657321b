"""The bill of materials, read by the library of those who specify its format."""

import json
import subprocess
import tomllib
import unittest

import tools
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from machine import REPOSITORY

TARGET = "x86_64-unknown-linux-musl"


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        [path] = tools.DIST.glob("*.linux-amd64.cdx.json")
        cls.text = path.read_text()
        cls.bom = Bom.from_json(json.loads(cls.text))

    def test_it_is_as_the_specification_says(self):
        self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_5).validate_str(self.text))
        about = self.bom.metadata.component
        self.assertEqual((about.name, about.version), ("logagent-exporter", "0.1.0"))

    def test_it_lists_every_crate_that_is_linked(self):
        tree = subprocess.run(
            ["cargo", "tree", "--locked", "--target", TARGET, "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", "logagent-exporter"],
            cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True).stdout
        # "name v1.2.3 (proc-macro)", or (*) where it is listed again.
        linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line} - {("logagent-exporter", "v0.1.0")}
        listed = {(component.name, f"v{component.version}") for component in self.bom.components}
        self.assertGreater(len(linked), 50)
        self.assertEqual(linked - listed, set())
        # cargo-cyclonedx resolves features for all targets at once, so it may list a crate that this target does not
        # need.
        lock = tomllib.loads((REPOSITORY / "Cargo.lock").read_text())
        locked = {(package["name"], f"v{package['version']}") for package in lock["package"]}
        self.assertEqual(listed - locked, set())
        self.assertLess(len(listed - linked), 12)

    def test_every_component_has_a_license_and_an_address_in_the_registry(self):
        for component in self.bom.components:
            self.assertTrue(component.licenses, component.name)
            self.assertEqual((component.purl.type, component.purl.name, component.purl.version), ("cargo", component.name, component.version))


if __name__ == "__main__":
    unittest.main()
