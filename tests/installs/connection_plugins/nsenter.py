"""Ansible's way into a machine of tests/installs: the namespaces of its first process."""

DOCUMENTATION = """
name: nsenter
short_description: into the namespaces of a process
description: runs commands by nsenter
version_added: "1.0"
options:
  pid:
    description: the process
    vars: [{name: ansible_host}]
    required: true
"""

import shlex
import subprocess

from ansible.plugins.connection import ConnectionBase


class Connection(ConnectionBase):
    transport = "nsenter"
    has_pipelining = True

    def _connect(self):
        self._connected = True
        return self

    def _run(self, script, **options):
        inside = ["nsenter", "--target", str(self.get_option("pid")), "--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        return subprocess.run([*inside, "sh", "-c", script], check=False, **options)

    def exec_command(self, cmd, in_data=None, sudoable=True):
        process = self._run(cmd, input=in_data or b"", capture_output=True)
        return process.returncode, process.stdout, process.stderr

    def put_file(self, in_path, out_path):
        with open(in_path, "rb") as file:
            self._run(f"cat > {shlex.quote(out_path)}", stdin=file).check_returncode()

    def fetch_file(self, in_path, out_path):
        with open(out_path, "wb") as file:
            self._run(f"cat {shlex.quote(in_path)}", stdout=file).check_returncode()

    def close(self):
        self._connected = False
