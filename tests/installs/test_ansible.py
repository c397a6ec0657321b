"""The Ansible role against a real systemd: a dry run changes nothing, the first run installs, the second changes nothing."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml
from machine import LOGTAIL, REPOSITORY, Machine, eventually
from readme import printed

COMMAND, PLAYBOOK = printed("ansible-playbook").split()


class Role(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.there = cls.enterClassContext(Machine())
        cls.there.run(LOGTAIL)
        cls.work = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def play(self, *arguments, **variables):
        """Numbers of the recap: ok, changed, failed, …"""
        inventory = {"all": {"hosts": {"web-1": {
            "ansible_host": self.there.leader, "ansible_connection": "nsenter", "ansible_become": False, "ansible_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3", "machine_group_ip": "172.16.2.200",
            "logagent_exporter_local_cache_path": str(self.work / "cache"), **variables}}}}
        (self.work / "inventory.yml").write_text(json.dumps(inventory))
        process = subprocess.run(
            [pathlib.Path(sys.executable).parent / COMMAND, PLAYBOOK, *arguments], cwd=REPOSITORY,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "ANSIBLE_INVENTORY": str(self.work / "inventory.yml"), "ANSIBLE_CONNECTION_PLUGINS": str(REPOSITORY / "tests/installs/connection_plugins"), "ANSIBLE_NOCOLOR": "1",
                 "ANSIBLE_LOCAL_TEMP": str(self.work / "local"), "ANSIBLE_HOME": str(self.work / "home"), "LC_ALL": "C.UTF-8"})
        self.said = process.stdout
        recap = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", process.stdout.rpartition("PLAY RECAP")[2])}
        recap["exit"] = process.returncode
        return recap

    def plays(self, *arguments, **variables):
        recap = self.play(*arguments, **variables)
        self.assertEqual((recap["exit"], recap.get("failed")), (0, 0), self.said)
        return recap["changed"]

    def test_a_life_with_the_role(self):
        self.assertGreater(self.plays("--check"), 0)
        self.assertFalse(self.there.succeeds("ls /usr/local/bin/logagent-exporter /etc/logagent-exporter"), "a dry run writes nothing")

        self.assertGreater(self.plays(), 0)
        self.assertEqual(self.there.run("systemctl is-active logagent-exporter; systemctl is-enabled logagent-exporter"), "active\nenabled")
        eventually("the agent", lambda: self.there.scrape().get('logagent_processes{agent="logtail",role="worker"}') == 1)
        config = yaml.safe_load(self.there.run("cat /etc/logagent-exporter/logagent-exporter.yml"))
        self.assertEqual(config["agents"][0]["expect"]["machine_group_ips"], ["172.16.2.200"], "as the inventory has it")

        before = self.there.unit("logagent-exporter", "MainPID")
        self.assertEqual(self.plays(), 0, self.said)
        self.assertEqual(self.plays("--check"), 0, self.said)
        self.assertEqual(self.there.unit("logagent-exporter", "MainPID"), before)

        self.assertEqual(self.plays(machine_group_ip="172.16.2.201"), 2, "the file, and the reload")
        self.assertIn("172.16.2.201", self.there.run("cat /etc/logagent-exporter/logagent-exporter.yml"))
        self.assertEqual(self.there.unit("logagent-exporter", "MainPID"), before, "a change of the config is a reload")

        self.assertEqual(self.plays(machine_group_ip="172.16.2.201", logagent_exporter_flags={"web.listen-address": ["127.0.0.1:10078", ":10077"]}), 2)
        self.assertNotEqual(self.there.unit("logagent-exporter", "MainPID"), before, "a change of flags is a restart")
        self.assertTrue(self.there.succeeds("curl --silent --fail http://127.0.0.1:10078/-/healthy"))

        # Facts are what tells the system: those of a host with Windows, as `setup` has them there.
        windows = {"ansible_facts": {"os_family": "Windows", "architecture": "64-bit"}, "machine_group_ip": "172.16.2.200"}
        self.assertNotEqual(self.play("--extra-vars", json.dumps(windows))["exit"], 0, self.said)
        self.assertIn("windows-amd64.zip", self.said)
        self.assertIn("service install", self.said)

        # Refused before anything is written: by the program itself, and by the specification of arguments.
        for refused in ({"logagent_exporter_config": {"agents": [{"kind": "logtial"}]}}, {"logagent_exporter_flags": "--log.level=debug"}):
            # As the strongest variables: the playbook's own config would win over the inventory's.
            self.assertNotEqual(self.play("--extra-vars", json.dumps(refused))["exit"], 0, self.said)
        self.assertNotIn("logtial", self.there.run("cat /etc/logagent-exporter/logagent-exporter.yml"))
        self.assertEqual(self.there.run("systemctl is-active logagent-exporter"), "active")


if __name__ == "__main__":
    unittest.main()
