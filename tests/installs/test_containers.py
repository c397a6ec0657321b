"""Agents in containers of a real dockerd and podman, beside an exporter on the host: images of each layout built from nothing, in the host's
network, in one of their own, and in none. Healthy ones are silent; of what is done to one, the documented cause is told with its name.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from docker import DockerHost
from machine import REPOSITORY, eventually

BUILT = REPOSITORY / "target" / "debug"
CONFIG = REPOSITORY / "tests/it/support/ilogtail_config.json"
ACCOUNT = "1234567890123456"
NAMES = {
    "100.115.4.10": "logtail.cn-hangzhou-intranet.log.aliyuncs.com",
    "100.115.4.11": "cn-hangzhou-intranet.log.aliyuncs.com",
    "100.115.4.13": "ali-cn-hangzhou-sls-admin.cn-hangzhou-intranet.log.aliyuncs.com",
    "169.254.0.55": "ap-guangzhou.cls.tencentyun.com",
}
NODE, POD, GATEWAY = "172.16.2.200", "172.20.0.7", "172.20.0.1"
HOST_NETWORK = "--network host"

# The tools' overlay cannot contain another one, and its limits cannot be raised.
PODMAN = "podman --storage-driver vfs --cgroup-manager cgroupfs --runtime runc --events-backend file"

# How each image's agent is started, and the environment of the commercial ones.
STARTS = {
    "logtail": "/usr/local/ilogtail/ilogtail",
    "loongcollector": "/usr/local/loongcollector/loongcollector -ilogtail_daemon_flag=false",
    "loglistener": "cd /usr/local/loglistener; bin/loglistener --conf=etc/loglistener.conf; bin/loglistenerm -d; "
                   "bin/loglisteneru -u --conf=etc/loglistener.conf",
}
VARIABLES = {
    "STAND_IN_IP": NODE, "ALIYUN_LOGTAIL_USER_ID": ACCOUNT, "ALIYUN_LOGTAIL_USER_DEFINED_ID": "web-fleet",
    "ALIYUN_LOGTAIL_CONFIG": "/etc/ilogtail/conf/cn-hangzhou-intranet/ilogtail_config.json",
}

# Both log services, on addresses of the host's loopback interface: the documented answer, over HTTP and HTTPS.
SERVICE = r"""
import http.server, ssl, threading
BODY = b'{"Error":{"Code":"OLSInvalidMethod","Message":"The script name is invalid : /","RequestId":"5DD39230BE9910FC6CF17609"}}'
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.send_header("x-log-requestid", "5DD39230BE9910FC6CF17609")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    do_HEAD = do_GET
    def log_message(self, *_):
        pass
plain = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Answer)
secure = http.server.ThreadingHTTPServer(("0.0.0.0", 443), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/service.pem", "/srv/service.key")
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=plain.serve_forever).start()
secure.serve_forever()
"""

AUTHORITY = """
mkdir -p /srv && cd /srv
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=authority -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=service -keyout service.key -out service.csr 2>/dev/null
printf 'subjectAltName=DNS:*.log.aliyuncs.com,DNS:*.cn-hangzhou-intranet.log.aliyuncs.com' >names
openssl x509 -req -in service.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 60 -extfile names -out service.pem 2>/dev/null
mkdir -p /etc/ssl/certs && cp ca.pem /etc/ssl/certs/ca-certificates.crt && cp ca.pem /var/lib/docker/ca.pem
"""


def libraries(program):
    """What the program is linked with, and what links it."""
    said = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [word for word in said.split() if word.startswith("/")]


def add_image(host, name, programs, texts):
    """An image of nothing but these programs, with what they are linked with, and these texts."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        # As in built images: podman keeps the mode of the root directory.
        root.chmod(0o755)
        for place, program in {"/bin/sh": "/bin/dash", "/bin/sleep": "/bin/sleep", "/bin/ln": "/bin/ln", **programs}.items():
            for there, here in [(place, program), *((library, library) for library in libraries(program))]:
                target = root / there.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(here, target)
        authority = (host.work / "docker" / "ca.pem").read_text()
        passwd = "root:x:0:0:root:/root:/bin/sh\n"
        for place, text in {"/etc/ssl/certs/ca-certificates.crt": authority, "/etc/passwd": passwd,
                            "/etc/nsswitch.conf": "hosts: files dns\n", **texts}.items():
            target = root / place.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        subprocess.run(["tar", "--create", "--file", host.work / "docker" / f"{name}.tar", "--directory", root, "."], check=True)
    host.run(f"docker import /var/lib/docker/{name}.tar {name}")


class Containers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(DockerHost())
        cls.host.run(AUTHORITY)
        for name in ("logagent-exporter", "examples/stand-in"):
            shutil.copy(BUILT / name, cls.host.work / "docker")
        (cls.host.work / "docker" / "service.py").write_text(SERVICE)
        addresses = "".join(f"ip address add {address}/32 dev lo\n" for address in NAMES)
        hosts = "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for address, name in NAMES.items())
        cls.host.run(f"{addresses}set -e; ip link add eth0 type veth peer name wire; ip address add {NODE}/24 dev eth0; ip link set eth0 up; ip link set wire up\n"
                     f"ip route add default via 172.16.2.1 dev eth0; printf '{hosts}' >/etc/hosts; echo 'hosts: files' >/etc/nsswitch.conf\n"
                     "setsid python3 /var/lib/docker/service.py >/dev/null 2>&1 &")
        eventually("the service answers", lambda: cls.host.shell("curl --silent --insecure https://100.115.4.10").returncode == 0)
        (cls.host.work / "docker" / "shared").mkdir()
        cls.host.run(f"docker network create --subnet 172.20.0.0/24 --gateway {GATEWAY} pods")
        stand_in, config = BUILT / "examples/stand-in", CONFIG.read_text()
        add_image(cls.host, "exporter", {"/logagent-exporter": BUILT / "logagent-exporter"}, {})
        cls.host.run("mkfifo /var/lib/docker/shared/hungry")
        # Logtail as in its image, and with the region's config at the path that a variable names.
        add_image(cls.host, "logtail", {"/usr/local/ilogtail/ilogtail": stand_in},
                  {"/usr/local/ilogtail/ilogtail_config.json": config,
                   "/etc/ilogtail/conf/cn-hangzhou-intranet/ilogtail_config.json": config})
        cls_config = "proxy_host = ap-guangzhou.cls.tencentyun.com\nsecret_id = AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA\n" \
                     "secret_key = Gu5t9xGARNpq86cd98joQYCN3Cozk1qA\ngroup_ip =\ngroup_label = web-fleet\n"
        # The community edition has its own name, and no daemon.
        add_image(cls.host, "loongcollector", {"/usr/local/loongcollector/loongcollector": stand_in},
                  {"/usr/local/loongcollector/conf/instance_config/local/loongcollector_config.json": config})
        add_image(cls.host, "loglistener",
                  {f"/usr/local/loglistener/bin/{name}": stand_in for name in ("loglistener", "loglistenerm", "loglisteneru")}, {})
        (cls.host.work / "docker" / "shared" / "loglistener.conf").write_text(cls_config)

    def setUp(self):
        self.addCleanup(self.host.shell, "kill $(cat /run/exporter.pid); docker rm --force $(docker ps --all --quiet)")

    def agent(self, name, options=HOST_NETWORK, last="exec sleep 1000", image="logtail", run="docker run", **variables):
        """Starts an agent in a container of this name."""
        if image == "loglistener":
            options += " --volume /var/lib/docker/shared:/usr/local/loglistener/etc:ro"
        else:
            variables = {**VARIABLES, **variables}
        told = " ".join(f"--env '{variable}={value}'" for variable, value in variables.items())
        self.host.run(f"{run} --detach --name {name} {options} {told} {image} /bin/sh -c '{STARTS[image]}; {last}'")

    def own_network(self, names=True):
        """A network of its own, in which the services' names are known or not."""
        known = " ".join(f"--add-host {name}:{address}" for address, name in NAMES.items()) if names else ""
        return f"--network pods --ip {POD} {known}"

    def watch(self, *agents):
        """Runs the exporter, which expects these agents in containers of their names."""
        expected = "".join(f"  - {{name: {name}, kind: logtail, container: {name}, expect: {{account_id: '{ACCOUNT}', "
                           "machine_group_identifier: web-fleet, region: cn-hangzhou, network: intranet}}\n" for name in agents)
        config = "detect: true\n" + (f"agents:\n{expected}" if expected else "")
        (self.host.work / "docker" / "exporter.yml").write_text(config)
        self.host.run("setsid sh -c 'echo $$ >/run/exporter.pid; exec /var/lib/docker/logagent-exporter --config.file=/var/lib/docker/exporter.yml "
                      "--evaluation.interval=200ms --probe.interval=1s --probe.timeout=1s' >/run/exporter.log 2>&1 &")
        self.answers()

    def answers(self):
        """Waits for the first judgement."""
        eventually("the first judgement", lambda: self.host.shell("curl --silent --fail http://127.0.0.1:10077/-/ready").returncode == 0)

    def get(self, path):
        return self.host.run(f"curl --silent --show-error --fail http://127.0.0.1:10077{path}")

    def agents(self):
        """Each agent's root causes and what is unknown, as `prerequisite cause`, by its name."""
        report = json.loads(self.get("/api/v1/report"))
        told = {}
        for agent in report["agents"]:
            lines = told[agent["name"]] = []
            for prerequisite in agent["prerequisites"]:
                lines += [f"{prerequisite['id']} {problem['cause']}" for problem in prerequisite["problems"] if not problem["explained_by"]]
                lines += [f"{prerequisite['id']} unknown"] * (prerequisite["status"] == "unknown")
        return told

    def shows(self, expected):
        """Waits until exactly this is told, and stays."""
        last = None

        def settled():
            nonlocal last
            before, last = last, self.agents()
            return before == last == expected

        try:
            eventually("what is expected", settled)
        except AssertionError:
            self.assertEqual(last, expected)

    def tells(self, agent, *causes):
        """Waits until all of this is told of an agent, whatever else is."""
        eventually(f"{causes} of {agent}", lambda: set(causes) <= set(self.agents()[agent]))

    def remedy(self, agent, cause):
        report = json.loads(self.get("/api/v1/report"))
        [own] = [each for each in report["agents"] if each["name"] == agent]
        [remedy] = [problem["remedy"] for prerequisite in own["prerequisites"] for problem in prerequisite["problems"] if problem["cause"] == cause]
        return remedy

    def test_healthy_agents_are_silent_in_the_hosts_network_and_in_one_of_their_own(self):
        self.agent("on-the-node")
        self.agent("in-a-pod", self.own_network(), STAND_IN_IP=POD)
        self.agent("open", image="loongcollector", STAND_IN_VERSION="loongcollector_version=3.3.2 Community Edition",
                   ALIYUN_LOGTAIL_CONFIG="/usr/local/loongcollector/conf/instance_config/local/loongcollector_config.json")
        self.agent("cls", image="loglistener")
        self.watch("on-the-node", "in-a-pod")
        self.shows({"on-the-node": [], "in-a-pod": [], "logtail-open": ["startup_parameters community_edition"], "loglistener-cls": []})
        info = self.get("/metrics")
        for name in ("on-the-node", "in-a-pod", "open", "cls"):
            self.assertRegex(info, f'logagent_agent_info{{.*container="{name}"')
        self.assertIn('logagent_processes_expected{agent="on-the-node",role="daemon"} 1', info)
        self.assertNotIn('logagent_processes_expected{agent="logtail-open",role="daemon"} 1', info)

    def test_without_any_network_it_has_no_address_and_resolves_nothing(self):
        self.agent("alone", "--network none", STAND_IN_IP="")
        self.watch("alone")
        self.tells("alone", "ip ip_missing", "network resolver_failure")

    def test_another_account_and_an_identifier_that_was_not_expanded(self):
        self.agent("shop", ALIYUN_LOGTAIL_USER_ID="9999999999999999", ALIYUN_LOGTAIL_USER_DEFINED_ID="$(GROUP)")
        self.agent("well")
        self.watch("shop", "well")
        self.shows({"shop": ["user_identifier user_identifier_mismatch", "custom_identifier identifier_unexpanded"], "well": []})
        self.assertIn("docker exec -it shop sh", self.remedy("shop", "identifier_unexpanded"))

    def test_an_address_that_is_not_the_containers(self):
        self.agent("shop", self.own_network(), STAND_IN_IP="10.9.9.9")
        self.agent("on-the-node", STAND_IN_IP=POD)
        self.watch("shop", "on-the-node")
        self.shows({"shop": ["ip ip_differs_from_hosts_binding"], "on-the-node": ["ip ip_not_on_host"]})

    def test_names_that_do_not_resolve_in_the_container_alone(self):
        self.agent("shop", self.own_network(names=False) + " --dns 127.0.0.1", STAND_IN_IP=POD)
        self.agent("well")
        self.watch("shop", "well")
        self.shows({"shop": ["network resolver_failure"], "well": []})

    def test_a_first_process_that_is_killed_for_lack_of_memory(self):
        self.agent("shop", "--network host --memory 48m --memory-swap 48m",
                   last="while ! [ -e /go ]; do sleep 0.1; done; x=0123456789; while :; do x=$x$x; done")
        self.watch("shop")
        self.shows({"shop": []})
        self.host.run("docker exec shop /bin/sh -c ': >/go'")
        eventually("that it is killed", lambda: self.host.run("docker inspect --format '{{.State.Running}} {{.State.OOMKilled}}' shop") == "false true")
        self.tells("shop", "processes not_running")
        self.assertIn("docker logs --tail 50 shop", self.remedy("shop", "not_running"))

    def test_a_worker_that_is_killed_for_lack_of_memory(self):
        self.agent("shop", "--network host --memory 48m --memory-swap 48m --volume /var/lib/docker/shared:/shared", STAND_IN_EATS="/shared/hungry")
        self.watch("shop")
        self.shows({"shop": []})
        self.host.run("echo >/var/lib/docker/shared/hungry")
        self.tells("shop", "processes worker_missing")
        eventually("of what the worker died", lambda: "killed for lack of memory" in self.remedy("shop", "worker_missing"))
        self.host.run("pkill ilogtail")
        self.tells("shop", "processes not_running")
        eventually("of what it died", lambda: "killed for lack of memory" in self.remedy("shop", "not_running"))

    def test_a_container_that_starts_again_and_again(self):
        self.agent("shop")
        self.watch("shop")
        self.shows({"shop": []})
        for count in (1, 2, 3):
            self.host.run("docker restart --time 0 shop")
            restarts = f'logagent_process_restarts_total{{agent="shop",role="worker"}} {count}'
            eventually("that the restart is counted", lambda told=restarts: told in self.get("/metrics"))
        self.tells("shop", "processes crash_loop")

    def test_two_that_collect_the_same_node(self):
        self.agent("logtail-ds", "--network host --volume /:/logtail_host:ro")
        self.agent("loongcollector-ds", "--network host --volume /:/logtail_host:ro")
        self.agent("sidecar")
        self.watch("logtail-ds", "loongcollector-ds", "sidecar")
        both = ["installed agents_coexist"]
        self.shows({"logtail-ds": both, "loongcollector-ds": both, "sidecar": []})

    def test_an_image_named_like_an_agent_is_believed_for_itself_alone(self):
        config = CONFIG.read_text().replace("hangzhou", "of-the-host")
        self.host.run(f"cat >/etc/secret.json <<'END'\n{config}\nEND\n")
        own = "/usr/local/ilogtail/ilogtail_config.json"
        links = "; ".join(f"ln -sf {target} /usr/local/ilogtail/{name}" for name, target in {
            "ilogtail_config.json": "/etc/secret.json", "app_info.json": "/proc/1/root/etc/secret.json",
            "user_log_config.json": "../../../../../../etc/secret.json"}.items())
        # The links take the place of what the agent has written.
        written = "while ! [ -e /usr/local/ilogtail/app_info.json ]; do sleep 0.1; done"
        self.agent("ilogtail", last=f"{written}; {links}; exec sleep 1000", ALIYUN_LOGTAIL_CONFIG=own, STAND_IN_IP="")
        self.watch()
        self.tells("logtail-ilogtail", "startup_parameters config_missing", "ip ip_record_missing")
        self.assertEqual(list(self.agents()), ["logtail-ilogtail"])
        for path in ("/api/v1/report", "/metrics", "/"):
            self.assertNotIn("of-the-host", self.get(path))

    def test_one_that_shares_the_hosts_processes_is_judged_by_its_own_files(self):
        self.agent("shop", "--network host --pid host")
        self.watch("shop")
        self.shows({"shop": []})

    def exporter(self, options):
        """Runs the exporter in a container."""
        self.host.run(f"docker run --detach --name exporter --read-only --cap-drop ALL {options} exporter /logagent-exporter "
                      "--evaluation.interval=200ms --probe.interval=1s --probe.timeout=1s")
        self.answers()

    def test_in_the_agents_pod_the_exporter_sees_that_agent_alone(self):
        self.agent("logtail")
        self.agent("other")
        self.exporter("--pid container:logtail --network container:logtail --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH "
                      "--env POD_NAME=web-0 --env POD_NAMESPACE=shop")
        self.assertEqual(list(self.agents()), ["logtail-shop"])
        self.assertNotIn("installed installation_incomplete", self.agents()["logtail-shop"])

    def test_in_a_container_that_sees_no_process_but_its_own_none_is_called_gone(self):
        self.host.run("mkdir -p /usr/local/ilogtail && cp /var/lib/docker/stand-in /usr/local/ilogtail/ilogtail && /usr/local/ilogtail/ilogtail")
        self.addCleanup(self.host.run, "pkill ilogtail; rm -r /usr/local/ilogtail")
        # Also behind Docker's own init, which is not that of the host.
        for init in ("", "--init"):
            with self.subTest(init):
                self.exporter(f"{init} --cap-add SYS_ADMIN --cap-add SYS_CHROOT --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH --network host "
                              "--volume /:/host/root:ro,rslave --env LOGAGENT_EXPORTER_PATH_ROOTFS=/host/root "
                              "--env LOGAGENT_EXPORTER_PATH_PROCFS=/proc")
                eventually("that its helper runs", lambda: "logagent-helper" in self.host.run("docker top exporter -o pid,comm"))
                self.assertEqual("docker-init" in self.host.run("docker top exporter -o pid,comm"), bool(init))
                self.assertIn("processes unknown", self.agents()["logtail"])
                self.host.run("docker rm --force exporter")

    def test_beside_podman(self):
        self.addCleanup(self.host.shell, f"{PODMAN} pod rm --all --force --time 0; {PODMAN} rm --all --force --time 0")
        self.host.run(f"{PODMAN} import /var/lib/docker/logtail.tar logtail")
        self.host.run(f"{PODMAN} network create --subnet 172.21.0.0/24 --gateway 172.21.0.1 shops")
        # All containers of this pod are in the host's network; its first one holds its namespaces, and has no agent.
        self.host.run(f"{PODMAN} pod create --name shop --network host --infra-image logtail --infra-command '/bin/sleep 1000'")
        limits = "--ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --pids-limit 0"
        bridged = self.own_network().replace(f"--network pods --ip {POD}", "--network shops --ip 172.21.0.7")
        run = f"{PODMAN} run"
        self.agent("on-the-node", f"--network host {limits}", run=run)
        self.agent("alone", f"--network none {limits}", run=run, STAND_IN_IP="")
        self.agent("bridged", f"{bridged} {limits}", run=run, STAND_IN_IP="172.21.0.7")
        self.agent("astray", f"{bridged.replace('.0.7', '.0.8')} {limits}", run=run, STAND_IN_IP="172.21.0.9")
        self.agent("in-the-pod", f"--pod shop {limits}", run=run)
        self.watch("on-the-node", "alone", "bridged", "astray", "in-the-pod")
        # Podman writes the host's names into the container, which cannot reach them.
        self.tells("alone", "ip ip_missing", "network intranet_endpoint_unreachable")
        self.tells("astray", "ip ip_differs_from_hosts_binding")
        self.assertEqual(sorted(self.agents()), ["alone", "astray", "bridged", "in-the-pod", "on-the-node"])
        for name in ("on-the-node", "bridged", "in-the-pod"):
            eventually(f"{name} is well", lambda well=name: self.agents()[well] == [])
        self.assertIn("podman exec -it alone sh", self.remedy("alone", "ip_missing"))
        self.assertRegex(self.get("/metrics"), 'logagent_agent_info{.*container="in-the-pod"')


if __name__ == "__main__":
    unittest.main()
