"""The image in a real dockerd beside an agent of the host, as the README says to run it."""

import io
import shutil
import tarfile
import unittest

import tools
import yaml
from docker import DockerHost
from machine import REPOSITORY, eventually, prometheus_sees, series
from readme import printed, uninstalls

[IMAGE] = tools.DIST.glob("*.linux-amd64.image.tar.gz")

# A minimal Logtail, as a process of the host, with a config that only root may read.
LOGTAIL = """
mkdir -p /usr/local/ilogtail /etc/ilogtail/users && cp /bin/dash /usr/local/ilogtail/ilogtail
cat > /usr/local/ilogtail/ilogtail_config.json <<'END'
{"config_server_address": "http://logtail.cn-hangzhou.log.aliyuncs.com",
 "data_server_list": [{"cluster": "cn-hangzhou", "endpoint": "cn-hangzhou.log.aliyuncs.com"}]}
END
chmod 600 /usr/local/ilogtail/ilogtail_config.json
ALIYUN_LOGTAIL_USER_DEFINED_ID=web setsid /usr/local/ilogtail/ilogtail -c \
    '/usr/local/ilogtail/ilogtail -c "sleep infinity; :"; :' >/dev/null 2>&1 &
"""

HOST = "--pid host --network host --read-only --volume /:/host/root:ro,rslave"
QUICK = "--env LOGAGENT_EXPORTER_PROBE_TIMEOUT=500ms"
POWERS = "--cap-drop ALL --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH"
# Loads the image, and runs it.
LOAD, RUN = printed("docker load").split(" &&\n  ")
PTRACE, DAC_READ_SEARCH = 1 << 19, 1 << 2
STARTUP_PARAMETERS = 'logagent_prerequisite_status{{agent="logtail",prerequisite="startup_parameters",status="{}"}}'


def as_docker(spec, image):
    """A pod's specification as a command of Docker: namespaces, user, capabilities, mounts, variables, arguments."""
    [container] = spec["containers"]
    security = container["securityContext"]
    host_paths = {volume["name"]: volume["hostPath"]["path"] for volume in spec["volumes"]}
    options = ["--pid host"] * spec["hostPID"] + ["--network host"] * spec["hostNetwork"]
    options += ["--read-only"] * security["readOnlyRootFilesystem"]
    options += ["--security-opt no-new-privileges"] * (not security["allowPrivilegeEscalation"])
    options += [f"--user {spec['securityContext']['runAsUser']}:{spec['securityContext']['runAsGroup']}"]
    options += [f"--cap-drop {name}" for name in security["capabilities"]["drop"]]
    options += [f"--cap-add {name}" for name in security["capabilities"]["add"]]
    options += [f"--memory {container['resources']['limits']['memory'].removesuffix('i')}"]
    # HostToContainer is what Docker calls rslave.
    options += [f"--volume {host_paths[mount['name']]}:{mount['mountPath']}:ro,rslave" for mount in container["volumeMounts"]]
    return " ".join(["docker run --detach --name logagent-exporter", *options, image, *container["args"]])


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(DockerHost())
        cls.image = cls.host.load(IMAGE, LOAD)
        cls.host.run(LOGTAIL)

    def started(self, command):
        """Runs a container by this command, until the test is over; its metrics after the first judgement."""
        command = command.replace("docker run", f"docker run {QUICK}", 1)
        self.addCleanup(self.host.run, "docker rm --force logagent-exporter")
        self.host.run(command)
        eventually("the first judgement", lambda: self.host.shell("curl --silent --fail http://127.0.0.1:10077/-/ready").returncode == 0)
        return series(self.host.run("curl --silent http://127.0.0.1:10077/metrics"))

    def capabilities(self):
        return int(self.host.status("logagent-exporter")["CapEff"], 16)

    def test_as_documented_it_sees_the_agent_of_the_host_and_reads_what_only_root_may(self):
        scraped = self.started(RUN)
        for role in ("daemon", "worker"):
            self.assertEqual(scraped[f'logagent_processes{{agent="logtail",role="{role}"}}'], 1)
        self.assertEqual(scraped[STARTUP_PARAMETERS.format("ok")], 1)
        self.assertNotIn("CAP_", self.host.run("curl --silent http://127.0.0.1:10077/api/v1/report"))
        self.assertEqual(self.capabilities(), PTRACE | DAC_READ_SEARCH)
        status = self.host.status("logagent-exporter")
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        said = self.host.shell(printed("docker exec"))
        self.assertIn(said.returncode, (0, 1, 2), said.stdout)
        self.assertRegex(said.stdout, "(?m)^. logtail.*: (ok|failing)")

    def prometheus(self):
        """A real Prometheus on the host, which has seen the exporter and the agent."""
        shutil.copy(REPOSITORY / "deploy/prometheus/scrape.yml", self.host.work / "docker")
        self.addCleanup(self.host.shell, "kill $(cat /run/prometheus.pid)")
        self.host.run("setsid sh -c 'echo $$ > /run/prometheus.pid; exec prometheus --config.file=/var/lib/docker/scrape.yml"
                      " --storage.tsdb.path=/run/prometheus --web.listen-address=127.0.0.1:9090' > /run/prometheus.log 2>&1 &")
        prometheus_sees(self.host.shell)

    def next_release(self):
        """The same image under the next version, as a file in the directory of the first one; gives its name."""
        name = IMAGE.name.replace("0.1.0", "99.0.0")
        with tarfile.open(IMAGE) as old, tarfile.open(self.host.work / "docker" / name, "w:gz") as new:
            for member in old:
                data = old.extractfile(member).read()
                if member.name in ("config.json", "manifest.json"):
                    data = data.replace(b"0.1.0", b"99.0.0")
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
        return name

    def test_a_life_of_the_container(self):
        self.started(RUN)
        self.prometheus()
        self.host.run(f"cd /var/lib/docker && docker load --input {self.next_release()}")
        self.host.run("docker rm --force logagent-exporter")
        eventually("nobody serves", lambda: self.host.shell("curl --silent http://127.0.0.1:10077/").returncode != 0)
        self.host.run(RUN.replace("0.1.0", "99.0.0").replace("docker run", f"docker run {QUICK}", 1))
        version = "docker inspect --format '{{index .Config.Labels \"org.opencontainers.image.version\"}}' logagent-exporter"
        self.assertEqual(self.host.run(version), "99.0.0")
        prometheus_sees(self.host.shell)
        self.host.run(uninstalls("docker "))
        self.assertEqual(self.host.run("docker ps --all --quiet; pgrep logagent || true"), "")

    def test_as_the_daemonset_runs_it_it_sees_the_agent_of_the_node(self):
        manifests = yaml.safe_load_all((REPOSITORY / "deploy/kubernetes/logagent-exporter.yaml").read_text())
        [spec] = [one["spec"]["template"]["spec"] for one in manifests if one["kind"] == "DaemonSet"]
        scraped = self.started(as_docker(spec, self.image))
        for role in ("daemon", "worker"):
            self.assertEqual(scraped[f'logagent_processes{{agent="logtail",role="{role}"}}'], 1)
        self.assertEqual(scraped[STARTUP_PARAMETERS.format("ok")], 1)
        self.assertEqual(self.capabilities(), PTRACE | DAC_READ_SEARCH)
        self.prometheus()

    def test_as_nobody_it_runs_and_says_what_it_could_not_read(self):
        scraped = self.started(f"docker run --detach --name logagent-exporter {HOST} {self.image}")
        self.assertEqual(self.host.status("logagent-exporter")["Uid"].split()[0], "65532")
        self.assertEqual(scraped[STARTUP_PARAMETERS.format("unknown")], 1)
        self.assertIn("CAP_DAC_READ_SEARCH", self.host.run("curl --silent http://127.0.0.1:10077/api/v1/report"))

    def test_docker_gives_a_user_other_than_root_no_capability(self):
        self.started(f"docker run --detach --name logagent-exporter {POWERS} {HOST} {self.image}")
        self.assertEqual(self.capabilities(), 0)

    def test_docker_asks_the_program_itself_whether_it_is_healthy(self):
        self.started(RUN.replace("docker run", "docker run --health-interval 1s", 1))
        health = "docker inspect --format '{{.State.Health.Status}}' logagent-exporter"
        eventually("that it is healthy", lambda: self.host.run(health).strip() == "healthy")

    def test_without_the_hosts_root_directory_it_ends_and_says_what_to_mount(self):
        process = self.host.shell(f"docker run --rm --network host {self.image}")
        self.assertEqual(process.returncode, 1)
        self.assertIn("--volume /:/host/root:ro,rslave", process.stdout)

    def test_the_image_holds_one_program_and_says_what_it_is(self):
        labels = self.host.run(f"docker image inspect --format '{{{{json .Config.Labels}}}}' {self.image}")
        self.assertIn('"org.opencontainers.image.licenses":"Apache-2.0"', labels)
        said = self.host.run(f"docker run --rm --read-only --cap-drop ALL --network none {self.image} --version")
        self.assertTrue(said.startswith("logagent-exporter, version "), said)
        files = self.host.run(f"id=$(docker create {self.image}); docker export $id | tar t; docker rm $id >/dev/null").split()
        self.assertLessEqual({"logagent-exporter", "LICENSE", "licenses.txt"}, set(files))
        self.assertNotIn("bin/sh", files)


if __name__ == "__main__":
    unittest.main()
