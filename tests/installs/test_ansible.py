"""The Ansible role against a real systemd: a dry run changes nothing, the first run installs, the second changes nothing; upgraded, removed."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

import tools
import yaml
from machine import LEFT, LOGTAIL, REPOSITORY, Machine, eventually
from readme import printed, uninstalls

INSTALL, REMOVE = printed("ansible-playbook"), uninstalls("ansible-playbook")
EXAMPLE = REPOSITORY / "deploy/ansible/inventory.example.yml"


class Role(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.there = cls.enterClassContext(Machine(tools.prometheus()))
        cls.there.run(LOGTAIL)
        cls.work = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        # Where a user runs it: in the source's directory, with a release in target/dist and an inventory.
        shutil.copytree(REPOSITORY / "deploy/ansible", cls.work / "deploy/ansible")
        (cls.work / "target").symlink_to(REPOSITORY / "target")

    def play(self, *arguments, command=INSTALL, inventory=None, **variables):
        """Numbers of the recap: ok, changed, failed, …"""
        inventory = inventory or yaml.safe_load(EXAMPLE.read_text())
        [group] = inventory["all"]["children"].values()
        group["hosts"]["web-1"] |= {
            "ansible_host": self.there.leader, "ansible_connection": "nsenter", "ansible_become": False, "ansible_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3", "logagent_exporter_local_cache_path": str(self.work / "cache"), **variables}
        (self.work / "inventory.yml").write_text(json.dumps(inventory))
        process = subprocess.run(
            [*shlex.split(command), *arguments], cwd=self.work,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1",
                 "ANSIBLE_CONNECTION_PLUGINS": str(REPOSITORY / "tests/installs/connection_plugins"),
                 "ANSIBLE_LOCAL_TEMP": str(self.work / "local"), "ANSIBLE_HOME": str(self.work / "home"), "LC_ALL": "C.UTF-8"})
        self.said = process.stdout
        recap = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", process.stdout.rpartition("PLAY RECAP")[2])}
        recap["exit"] = process.returncode
        return recap

    def plays(self, *arguments, **variables):
        recap = self.play(*arguments, **variables)
        self.assertEqual((recap["exit"], recap.get("failed")), (0, 0), self.said)
        return recap["changed"]

    def next_release(self):
        """The tarball of this release as that of the next one."""
        [old] = tools.DIST.glob("*.linux-amd64.tar.gz")
        with tarfile.open(old) as archive:
            archive.extractall(self.work / "next", filter="data")
        [directory] = (self.work / "next").iterdir()
        directory = directory.rename(directory.with_name("logagent-exporter-99.0.0.linux-amd64"))
        with (directory / "systemd/logagent-exporter.service").open("a") as unit:
            unit.write("# the next release\n")
        with tarfile.open(self.work / f"{directory.name}.tar.gz", "w:gz") as archive:
            archive.add(directory, directory.name)

    def test_a_life_with_the_role(self):
        self.assertGreater(self.plays("--check"), 0)
        self.assertFalse(self.there.succeeds("ls /usr/local/bin/logagent-exporter /etc/logagent-exporter"), "a dry run writes nothing")

        self.assertGreater(self.plays(), 0)
        self.assertEqual(self.there.run("systemctl is-active logagent-exporter; systemctl is-enabled logagent-exporter"), "active\nenabled")
        eventually("the agent", lambda: self.there.scrape().get('logagent_processes{agent="logtail",role="worker"}') == 1)
        self.there.prometheus()
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

        # Facts determine the system; these are the facts of a Windows host, as `setup` returns them.
        windows = {"ansible_facts": {"os_family": "Windows", "architecture": "64-bit"}, "machine_group_ip": "172.16.2.200"}
        self.assertNotEqual(self.play("--extra-vars", json.dumps(windows))["exit"], 0, self.said)
        self.assertIn("windows-amd64.zip", self.said)
        self.assertIn("service install", self.said)

        # Refused before anything is written: by the program itself, and by the specification of arguments.
        for refused in ({"logagent_exporter_config": {"agents": [{"kind": "logtial"}]}}, {"logagent_exporter_flags": "--log.level=debug"}):
            # As extra variables, which take precedence: the playbook's own config would override the inventory's.
            self.assertNotEqual(self.play("--extra-vars", json.dumps(refused))["exit"], 0, self.said)
        self.assertNotIn("logtial", self.there.run("cat /etc/logagent-exporter/logagent-exporter.yml"))
        self.assertEqual(self.there.run("systemctl is-active logagent-exporter"), "active")

        # The next release: another version, another unit.
        before = self.there.unit("logagent-exporter", "MainPID")
        self.next_release()
        next_release = {"logagent_exporter_version": "99.0.0", "logagent_exporter_archive_dir": str(self.work)}
        self.assertGreater(self.plays("--extra-vars", json.dumps(next_release)), 0)
        self.assertIn("# the next release", self.there.run("systemctl cat logagent-exporter"))
        self.assertNotEqual(self.there.unit("logagent-exporter", "MainPID"), before, "the new binary runs")

        # Files that others have put next to its files are kept.
        others = ["/etc/logagent-exporter/web.yml", "/etc/systemd/system/logagent-exporter.service.d/override.conf"]
        for path in others:
            self.there.write(path, "# of others\n")
        self.assertGreater(self.plays("--check", command=REMOVE), 0)
        self.assertTrue(self.there.succeeds("systemctl is-active logagent-exporter"), "a dry run removes nothing")
        self.assertGreater(self.plays(command=REMOVE), 0)
        self.assertFalse(self.there.succeeds("systemctl is-active logagent-exporter || systemctl is-enabled logagent-exporter"))
        directories = [os.path.dirname(path) for path in others]
        self.assertEqual(sorted(self.there.run(LEFT).splitlines()), directories)
        self.assertEqual(self.there.run(f"find {' '.join(directories)} -type f").splitlines(), others)
        self.assertEqual(self.plays(command=REMOVE), 0, self.said)

        self.there.run(f"rm {' '.join(others)}")

    def test_where_the_inventory_says_nothing_nothing_is_expected(self):
        self.assertGreater(self.plays(inventory={"all": {"children": {"any": {"hosts": {"web-1": {}}}}}}), 0)
        eventually("the agent", lambda: self.there.scrape().get('logagent_processes{agent="logtail",role="worker"}') == 1)
        self.assertEqual(self.there.run("cat /etc/logagent-exporter/logagent-exporter.yml"), "# Agents are detected.")
        self.assertGreater(self.plays(command=REMOVE), 0)
        self.assertEqual(self.there.run(LEFT), "")


if __name__ == "__main__":
    unittest.main()
