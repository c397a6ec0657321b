"""A host with a real dockerd, in namespaces of its own; its agents are processes of that host."""

import pathlib
import shutil
import subprocess
import tempfile

import tools
from machine import PATIENCE, REPOSITORY, eventually


class DockerHost:
    """Leave it by `with`."""

    def __enter__(self):
        cache = REPOSITORY / ".cache"
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="docker-", dir=cache))
        self.log = self.work / "log"
        with self.log.open("wb") as log:
            self.unshare = subprocess.Popen(
                ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private",
                 REPOSITORY / "tests/installs/docker-host.sh", tools.ROOT, self.work],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            eventually("dockerd answers", self._answers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # When the first process of a PID namespace ends, so does every other; when unshare ends, so does the first.
        self.unshare.kill()
        try:
            self.unshare.wait(PATIENCE)
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def _answers(self):
        assert self.unshare.poll() is None, f"dockerd ended: {self.log.read_text()}"
        children = pathlib.Path(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children").read_text().split()
        if not children:
            return False
        [self.leader] = children
        return self.shell("docker version").returncode == 0

    def shell(self, script):
        """What became of a script there."""
        return subprocess.run(
            ["nsenter", "--target", self.leader, "--mount", "--net", "--pid", "--root", "--wd", "env", "--ignore-environment",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False)

    def run(self, script):
        """What a shell there says on both outputs; fails with it if the script does."""
        process = self.shell(script)
        assert process.returncode == 0, f"{script!r} exits {process.returncode}: {process.stdout}"
        return process.stdout.strip()

    def load(self, image, command):
        """Runs this command where the image's file is, and gives the name of what it loads."""
        shutil.copy(image, self.work / "docker")
        return self.run(f"cd /var/lib/docker && {command}").removeprefix("Loaded image: ")

    def status(self, container):
        """Fields of /proc/PID/status of a container's first process."""
        pid = self.run(f"docker inspect --format '{{{{.State.Pid}}}}' {container}")
        return dict(line.split(":\t", 1) for line in self.run(f"cat /proc/{pid}/status").splitlines())
