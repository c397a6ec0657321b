"""A machine of a test's own: a clean Debian under a real systemd as PID 1, in namespaces, without any other network.

Each boot starts from the clean root, and forgets at its end what was done to it.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ROOT = REPOSITORY / ".cache" / "machines" / "debian"

# The time limit for any step, even if both cores are busy. No test measures time with it.
PATIENCE = 120

# Agents in miniature: a shell under the agent's name, as daemon and worker, and files that only root may read.
LOGTAIL = """
mkdir -p /usr/local/ilogtail /etc/ilogtail/users && cp /bin/dash /usr/local/ilogtail/ilogtail
cat > /usr/local/ilogtail/ilogtail_config.json <<'END'
{"config_server_address": "http://logtail.cn-hangzhou.log.aliyuncs.com",
 "data_server_list": [{"cluster": "cn-hangzhou", "endpoint": "cn-hangzhou.log.aliyuncs.com"}]}
END
chmod 600 /usr/local/ilogtail/ilogtail_config.json
systemd-run --quiet --unit=ilogtail --setenv=ALIYUN_LOGTAIL_USER_DEFINED_ID=web \
    /usr/local/ilogtail/ilogtail -c '/usr/local/ilogtail/ilogtail -c "sleep infinity; :"; :'
"""

# Prints the files of the exporter that exist on a machine.
LEFT = r"find / -xdev \( -path /proc -o -path /sys -o -path /dist -o -path /tmp \) -prune -o -name '*logagent*' -print"


def eventually(what, attempt):
    """What `attempt` gives once it is true; fails if that never happens."""
    deadline = time.monotonic() + PATIENCE
    while True:
        outcome = attempt()
        if outcome:
            return outcome
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE} s, last {outcome!r}")
        time.sleep(0.1)


def series(text):
    """Value of each series of an exposition, by its name and labels as they stand there."""
    found = re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def prometheus_sees(shell):
    """Waits until the Prometheus that `shell` reaches has scraped the exporter, and the agent's worker in it."""
    def value(query):
        said = shell(f"curl --silent --get --data-urlencode 'query={query}' http://127.0.0.1:9090/api/v1/query").stdout
        result = json.loads(said)["data"]["result"] if said.startswith("{") else []
        return result and result[0]["value"][1]

    eventually("a scrape", lambda: value('up{job="logagent-exporter"}') == "1")
    eventually("the agent in Prometheus", lambda: value('logagent_processes{role="worker"}') == "1")


class Machine:
    """A booted machine; leave it by `with`."""

    def __init__(self, binds=()):
        """`binds`: pairs of a path here and one there, to be read there."""
        self.directory = tempfile.TemporaryDirectory(prefix="machine-")
        self.console = pathlib.Path(self.directory.name) / "console"
        command = [
            "systemd-nspawn", f"--directory={ROOT}", "--boot", "--register=no", "--keep-unit", "--console=pipe",
            "--volatile=overlay", "--private-network", "--quiet", "--system-call-filter=adjtimex clock_adjtime",
        ]
        command += [f"--bind-ro={here}:{there}" for here, there in binds]
        # A separate hierarchy of control groups: hosts mount different versions.
        script = 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'
        with self.console.open("wb") as console:
            self.nspawn = subprocess.Popen(
                ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", script, "sh", *command],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )

    def __enter__(self):
        try:
            self.leader = eventually("systemd is started", self._leader)
            state = eventually("systemd has booted", self._state)
            assert state == "running", f"{state}: {self.run('systemctl --failed')}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        leader = None if self.nspawn.poll() is not None else self._leader()
        if leader:
            os.kill(int(leader), signal.SIGRTMIN + 4)  # systemd's own signal for a clean end
        try:
            self.nspawn.wait(PATIENCE if leader else 0)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()
        self.directory.cleanup()

    def _leader(self):
        assert self.nspawn.poll() is None, f"systemd-nspawn ended: {self.console.read_text()}"
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        named = [pid for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"]
        return named[0] if named else None

    def _state(self):
        said = self._shell("systemctl is-system-running --wait").stdout.strip()
        return said if said in ("running", "degraded", "maintenance") else None

    def _shell(self, script, stdin=""):
        variables = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
        return subprocess.run(
            ["nsenter", "--target", self.leader, "--all", "env", "--ignore-environment", *variables, "sh", "-c", script],
            input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False,
        )

    def run(self, script, stdin=""):
        """What a shell there says on both outputs; fails with it if the script does."""
        process = self._shell(script, stdin)
        assert process.returncode == 0, f"{script!r} exits {process.returncode}: {process.stdout}"
        return process.stdout.strip()

    def succeeds(self, script):
        """Whether a shell there exits 0."""
        return self._shell(script).returncode == 0

    def unit(self, name, *properties):
        """Properties of a unit, by name."""
        said = self.run(f"systemctl show {name} " + " ".join(f"--property={key}" for key in properties))
        return dict(line.split("=", 1) for line in said.splitlines())

    def write(self, path, text):
        """A file there, with its directories."""
        self.run(f"mkdir -p {os.path.dirname(path)} && cat > {path}", stdin=text)

    def prometheus(self):
        """Starts /usr/bin/prometheus with /etc/scrape.yml, and waits until it has seen the exporter and the agent."""
        self.run("systemd-run --quiet --unit=prometheus --property=DynamicUser=yes --property=StateDirectory=prometheus"
                 " prometheus --config.file=/etc/scrape.yml --storage.tsdb.path=/var/lib/prometheus --web.listen-address=127.0.0.1:9090")
        prometheus_sees(self._shell)

    def get(self, path):
        """Body of the exporter's answer to a GET."""
        return self.run(f"curl --silent --show-error --fail --max-time 10 http://127.0.0.1:10077{path}")

    def scrape(self):
        """Value of each series that a scrape gives."""
        return series(self.get("/metrics"))
