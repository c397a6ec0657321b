"""The Ansible role before ansible-lint, with the rules for what is published."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from machine import REPOSITORY

PROGRAMS = pathlib.Path(sys.executable).parent


class Role(unittest.TestCase):
    def test_ansible_lint_finds_nothing(self):
        with tempfile.TemporaryDirectory() as home:
            process = subprocess.run(
                [PROGRAMS / "ansible-lint", "--offline", "--strict", "--profile=production", "--nocolor", "deploy/ansible"], cwd=REPOSITORY,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                env={**os.environ, "ANSIBLE_HOME": home, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"})
        self.assertEqual(process.returncode, 0, process.stdout)
        self.assertRegex(process.stdout, r"Passed: 0 failure\(s\), 0 warning\(s\)")


if __name__ == "__main__":
    unittest.main()
