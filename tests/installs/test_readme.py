"""Every command that is printed to install or to remove is typed by a test."""

import pathlib
import re
import unittest

from readme import installs, printed, removes, uninstalls

SOURCES = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("test_*.py"))

# It takes a cluster.
NOT_TYPED = {"helm uninstall logagent-exporter --namespace logagent-exporter"}


def words(function):
    """What tests ask this function for."""
    return re.findall(rf"""\b{function}\(["']([^"']+)["']\)""", SOURCES)


class Printed(unittest.TestCase):
    def test_every_command_that_installs_is_typed_by_a_test(self):
        self.assertGreater(len(installs()), 5)
        self.assertEqual(set(installs()), {printed(word) for word in words("printed")})

    def test_every_command_that_removes_is_typed_by_a_test(self):
        typed = {uninstalls(word) for word in words("uninstalls")}
        self.assertEqual(set(removes()), typed | NOT_TYPED)
        self.assertFalse(typed & NOT_TYPED)


if __name__ == "__main__":
    unittest.main()
