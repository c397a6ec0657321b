"""The workflow that publishes a release: as its schema says, and calling only what there is."""

import pathlib
import re
import subprocess
import sys
import unittest

from machine import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))


class Workflow(unittest.TestCase):
    def test_every_workflow_is_as_its_schema_says(self):
        self.assertTrue(WORKFLOWS)
        checker = pathlib.Path(sys.executable).parent / "check-jsonschema"
        process = subprocess.run([checker, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(process.returncode, 0, process.stdout)

    def test_every_target_that_is_called_is_one_of_the_makefile(self):
        targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
        called = [name for path in WORKFLOWS for name in re.findall(r"\bmake ([a-z-]+)", path.read_text())]
        self.assertTrue(called)
        self.assertEqual(set(called) - set(targets), set())


if __name__ == "__main__":
    unittest.main()
