"""What a user without privileges can do to the installed unit: each attack that once worked, by alice, who reads the answers too."""

import json
import os
import pathlib
import re
import shlex
import unittest

from machine import LOGTAIL, REPOSITORY, Machine, eventually

EXPORTER = pathlib.Path(os.environ.get("EXPORTER") or REPOSITORY / "target/x86_64-unknown-linux-musl/release/logagent-exporter")
UNIT = pathlib.Path(os.environ.get("UNIT") or REPOSITORY / "deploy/systemd/logagent-exporter.service")

OPTIONS = "/etc/default/logagent-exporter"
CONFIG = "/etc/logagent-exporter/logagent-exporter.yml"
# No name resolves there, which must be detected soon. A log level at which an invalid request is logged.
HASTE = ("LOGAGENT_EXPORTER_PROBE_TIMEOUT=500ms\nLOGAGENT_EXPORTER_PROBE_INTERVAL=2s\nLOGAGENT_EXPORTER_EVALUATION_INTERVAL=500ms\n"
         "LOGAGENT_EXPORTER_LOG_LEVEL=debug\n")
# A secret that only root may read, recognizable wherever it leaks; with what makes an agent quote a line of its config.
SECRET = "s3cr3t-of-root"
PRIVATE = f'{{"{SECRET}": "{SECRET}\t"}}\r\n{SECRET}\r\n'
AS_ALICE = "setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all"
URL = "http://127.0.0.1:10077"
PAGES = ("/metrics", "/api/v1/report", "/?lang=en", "/?lang=zh")

# Waits until its standard input ends, which a FIFO keeps open, so that no second process is needed.
WAITS = "read line"

# Writes a line for each time that one of the files is opened, by any process.
WATCH = """
import ctypes, os, struct, sys
libc, files = ctypes.CDLL(None), {}
events = libc.inotify_init()
for path in sys.argv[1:]:
    files[libc.inotify_add_watch(events, path.encode(), 0x20)] = path
print("ready", flush=True)
while True:
    data = os.read(events, 65536)
    while data:
        number, _, _, length = struct.unpack_from("iIII", data)
        print(files[number], flush=True)
        data = data[16 + length:]
"""

# Servers that an agent's config may name: an internal one, and one with an endless handshake.
SERVERS = f"""
import http.server, socket, struct, threading

class Internal(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200, "{SECRET}")
        self.send_header("X-Secret", "{SECRET}")
        self.end_headers()
        self.wfile.write(b"{SECRET}" * 100)

def endless():
    listener = socket.create_server(("127.0.0.1", 8443))
    while True:
        client, _ = listener.accept()
        try:
            client.recv(4096)
            # A message of 128 kB, of which the first record is sent.
            client.sendall(struct.pack("!BHHBBH", 22, 0x0303, 4, 2, 2, 0))
            client.recv(4096)
        except OSError:
            pass
        client.close()

def time():
    ntp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ntp.bind(("127.0.0.1", 123))
    for sent in __import__("itertools").cycle((b"\\0" * 8, b"\\xff" * 8)):
        question, client = ntp.recvfrom(512)
        # Mode 4, stratum 1; the client's own transmit timestamp as origin.
        answer = struct.pack("!BBbbIII", 0x24, 1, 6, -20, 0, 0, 0) + sent + question[40:48] + sent + sent
        ntp.sendto(answer, client)
        print("asked", flush=True)

threading.Thread(target=endless, daemon=True).start()
threading.Thread(target=time, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Internal).serve_forever()
"""


class Attacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.there = cls.enterClassContext(Machine([
            (EXPORTER, "/usr/bin/logagent-exporter"), (UNIT, "/etc/systemd/system/logagent-exporter.service")]))
        cls.there.run("useradd --create-home --uid 1000 alice && chmod 755 /home/alice")
        cls.there.run("for name in ilogtail loglistener; do cp /bin/dash /home/alice/$name; done; chown -R alice: /home/alice")
        cls.there.write("/root/private.json", PRIVATE)
        cls.there.run("cp /root/private.json /root/trace_pipe; chmod 700 /root; chmod 600 /root/*")

    def setUp(self):
        self.addCleanup(self.there.run, "systemctl stop ilogtail logagent-exporter; rm -rf /usr/local/ilogtail; systemctl reset-failed")
        # systemd may still know the unit of the previous test, although nothing is left of it.
        eventually("Logtail", lambda: self.there.succeeds(LOGTAIL) or self.there.run("systemctl status ilogtail; pgrep -a ilogtail; true")[:0])
        self.configured()

    def configured(self, config="{}", options=""):
        """The service with this config, after its first judgement."""
        self.there.write(CONFIG, config)
        self.there.write(OPTIONS, f"{HASTE}LOGAGENT_EXPORTER_CONFIG_FILE={CONFIG}\n{options}")
        self.there.run("systemctl daemon-reload && systemctl restart logagent-exporter")
        eventually("the first judgement", lambda: self.there.succeeds(f"curl --silent --fail {URL}/-/ready"))

    def alice(self, script):
        """What a shell of alice's says."""
        return self.there.run(f"exec {AS_ALICE} sh -c {shlex.quote('cd /home/alice; ' + script)}")

    def attack(self, script, name="attack"):
        """Goes on as alice, until the test is over."""
        self.there.write(f"/home/alice/{name}.sh", f"cd /home/alice\n{script}\nwait\nsleep infinity\n")
        self.addCleanup(self.there.run, f"systemctl stop {name} 2>/dev/null; true")
        self.there.run(f"systemd-run --quiet --collect --unit={name} --uid=1000 --gid=1000 --property=LimitNOFILE=65536 "
                       f"sh /home/alice/{name}.sh")

    def background(self, name, command):
        """Goes on as root, until the test is over; what it says is in /run/NAME."""
        self.addCleanup(self.there.run, f"systemctl stop {name} 2>/dev/null; true")
        self.there.run(f"systemd-run --quiet --collect --unit={name} --property=StandardOutput=truncate:/run/{name} {command}")

    def running(self, name, number):
        """Waits for so many processes of this name."""
        eventually(f"{number} × {name}", lambda: int(self.there.run(f"pgrep --count --exact {name} || true")) == number)

    def get(self, path):
        return self.alice(f"curl --silent --show-error --fail --max-time 10 '{URL}{path}'")

    def told(self):
        """All that alice can read of it."""
        return "\n".join(self.get(path) for path in PAGES)

    def report(self):
        return json.loads(self.get("/api/v1/report"))

    def agents(self):
        return [agent["name"] for agent in self.report()["agents"]]

    def not_believed(self):
        return sum(value for name, value in self.there.scrape().items() if name.startswith("logagent_processes_not_believed"))

    def stands(self, cause):
        return any(f'cause="{cause}"' in name for name, value in self.there.scrape().items()
                   if name.startswith("logagent_problem{") and value == 1)

    def evaluations(self):
        return self.there.scrape()['logagent_evaluations_total{trigger="timer"}']

    def after_further_evaluations(self):
        begun = self.evaluations()
        eventually("three further evaluations", lambda: self.evaluations() >= begun + 3)

    def process(self, field):
        pid = self.there.unit("logagent-exporter", "MainPID")["MainPID"]
        return int(self.there.run(f"awk '/^{field}:/ {{ print $2 }}' /proc/{pid}/status"))

    def ends_at_once(self):
        """SIGTERM is heard: the service ends by itself, before systemd loses its patience."""
        self.there.run("systemctl stop logagent-exporter")
        self.assertEqual(self.there.unit("logagent-exporter", "Result"), {"Result": "success"})

    def test_1_no_program_of_hers_chooses_a_file_that_is_read(self):
        watched = "/root/private.json /root/trace_pipe /usr/local/ilogtail/ilogtail_config.json"
        self.there.write("/run/watch.py", WATCH)
        self.background("watch", f"python3 /run/watch.py {watched}")
        eventually("files are watched", lambda: self.there.succeeds("grep --quiet ready /run/watch"))
        self.attack("""
            echo 'read line' > wait; mkfifo -m 600 waiting; exec 3<>waiting
            ln -sf /root/private.json app.conf; mkdir -p fake; ln -sf /root/private.json fake/ilogtail_config.json
            for file in /root/private.json /root/trace_pipe; do
                ALIYUN_LOGTAIL_CONFIG=$file ./ilogtail wait <&3 &
                ./loglistener wait -c $file <&3 &
            done
            ./loglistener wait -c /home/alice/app.conf <&3 &
            ALIYUN_LOGTAIL_SYS_CONF_DIR=/proc/1/root/root ./ilogtail wait <&3 &
            unshare --user --map-root-user --mount sh -c 'mount --bind /home/alice/fake /mnt && \
                mount --bind /home/alice /usr/local/ilogtail && cd / && \
                ALIYUN_LOGTAIL_CONFIG=/mnt/ilogtail_config.json exec /usr/local/ilogtail/ilogtail /usr/local/ilogtail/wait' <&3 &""")
        self.running("loglistener", 3)
        self.running("ilogtail", 6)
        self.after_further_evaluations()
        self.assertNotIn(SECRET, self.told())
        self.assertEqual(self.agents(), ["logtail"])
        opened = set(self.there.run("cat /run/watch").split()) - {"ready"}
        self.assertEqual(opened, {"/usr/local/ilogtail/ilogtail_config.json"}, "only the agent's own")
        self.assertEqual(self.not_believed(), 7)

    def test_2_running_the_agents_program_hides_nothing_and_redirects_nothing(self):
        self.there.write("/home/alice/other.json", '{"config_server_address": "http://alice.example"}')
        self.attack("""
            echo 'read line' > wait; mkfifo -m 600 masking; exec 3<>masking
            ALIYUN_LOGTAIL_CONFIG=/home/alice/other.json /usr/local/ilogtail/ilogtail wait <&3 &
            unshare --user --map-root-user --mount sh -c 'mount --bind /home/alice /usr/local/ilogtail && cd / && \
                exec /usr/local/ilogtail/ilogtail /usr/local/ilogtail/wait' <&3 &""")
        self.running("ilogtail", 4)
        self.after_further_evaluations()
        self.assertFalse(self.stands("not_running"))
        self.assertNotIn("alice.example", self.get("/api/v1/report").replace("/home/alice", ""))
        self.there.run("systemctl stop ilogtail")
        eventually("that the agent is gone", lambda: self.stands("not_running"))
        self.assertEqual(self.not_believed(), 2)

    def agent_of_alices(self, config):
        """She owns the installation and runs it, as the rule of trust allows, and writes its config."""
        self.there.run("systemctl stop ilogtail; chown -R alice: /usr/local/ilogtail")
        self.there.write("/usr/local/ilogtail/ilogtail_config.json", config)
        self.there.run("systemd-run --quiet --collect --unit=ilogtail --uid=1000 --gid=1000 "
                       "/usr/local/ilogtail/ilogtail -c '/usr/local/ilogtail/ilogtail -c \"sleep infinity; :\"; :'")

    def test_3_thousands_of_malformed_entries_hang_nothing(self):
        for number in 2_000, 60_000:
            entries = ", ".join(f'"!{entry}"' for entry in range(number))
            self.agent_of_alices(f'{{"config_servers": [{entries}]}}')
            self.configured()
            self.after_further_evaluations()
            scraped = self.there.scrape()
            self.assertEqual(scraped['logagent_limit_reached{limit="findings"}'], 1, number)
            self.get("/-/healthy")
            self.assertLess(len(self.told()), 1 << 20)
            # Half of what the unit allows it, which is not enforced on such a machine.
            self.assertLess(self.process("VmHWM"), 32 << 10, "KiB")
            self.ends_at_once()

    def test_4_six_hundred_processes_with_long_arguments_take_no_memory(self):
        before = self.process("VmRSS")
        self.attack("""
            echo 'read line' > wait; mkfifo -m 600 crowd; exec 3<>crowd
            argument=$(head -c 1000 /dev/zero | tr '\\0' x); set --
            for i in $(seq 255); do set -- "$@" $argument; done
            for i in $(seq 600); do ./loglistener wait "$@" <&3 & done""")
        self.running("loglistener", 600)
        self.after_further_evaluations()
        # 600 × 255 kB would be 150 MB.
        self.assertLess(self.process("VmHWM") - before, 2 << 10, "KiB")
        self.assertEqual(self.not_believed(), 600)

    def test_5_five_hundred_copies_are_no_agents_and_leave_nothing(self):
        def kept():
            return {name for name in self.there.scrape() if not name.startswith(("logagent_endpoint", "logagent_problem"))}

        before, length = kept(), len(self.get("/api/v1/report"))
        self.attack("""
            echo 'read line' > wait; mkfifo -m 600 copies; exec 3<>copies
            for i in $(seq 500); do mkdir -p copies.d/$i; ln -f ilogtail copies.d/$i/; copies.d/$i/ilogtail wait <&3 & done""")
        self.running("ilogtail", 502)
        self.after_further_evaluations()
        self.assertEqual(self.agents(), ["logtail"])
        self.assertEqual(self.not_believed(), 500)
        self.assertLessEqual(kept() - before, {'logagent_processes_not_believed{kind="logtail"}', 'logagent_limit_reached{limit="candidates"}'})
        self.assertLess(len(self.get("/api/v1/report")) - length, 64 << 10)
        self.there.run("systemctl stop attack")
        eventually("they are forgotten", lambda: self.not_believed() == 0)
        self.assertEqual((self.agents(), kept() - before), (["logtail"], set()))

    def status(self, *options):
        """What the answer begins with: its number."""
        return self.alice("curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' " + shlex.join(options))

    def raw(self, request):
        """The first line of the answer to these very bytes."""
        return self.alice(f"printf '{request}' | python3 -c 'import socket, sys; "
                          's = socket.create_connection(("127.0.0.1", 10077), 10); s.sendall(sys.stdin.buffer.read()); '
                          "print(s.recv(4096).decode().splitlines()[0])'")

    def test_6_she_reloads_nothing_and_no_page_reads_it(self):
        reload = f"{URL}/-/reload"
        before = self.there.scrape()["logagent_config_last_reload_success_timestamp_seconds"]
        self.assertEqual(self.status("--request", "POST", reload), "403")
        pid = self.there.unit("logagent-exporter", "MainPID")["MainPID"]
        self.assertIn("not permitted", self.alice(f"kill -HUP {pid} 2>&1 || true"))
        self.assertEqual(self.there.scrape()["logagent_config_last_reload_success_timestamp_seconds"], before)
        rebound = ("--header", "Host: evil.example:10077", "--header", "Origin: http://evil.example:10077")
        for page in PAGES:
            self.assertEqual(self.status(*rebound, f"{URL}{page}"), "421", page)
            self.assertEqual(self.status("--header", "Host: evil.example", "--header", "Sec-Fetch-Site: same-origin", f"{URL}{page}"), "421")
        for hosts in "", "Host: a\\r\\nHost: b\\r\\n":
            self.assertIn(" 400 ", self.raw(f"GET /metrics HTTP/1.1\\r\\n{hosts}\\r\\n"))

    def test_6_reloads_that_are_allowed_are_few_and_forget_nothing(self):
        self.configured(options="LOGAGENT_EXPORTER_WEB_ENABLE_LIFECYCLE=true\n")
        for site in "cross-site", "same-site":
            self.assertEqual(self.status("--request", "POST", "--header", f"Sec-Fetch-Site: {site}", f"{URL}/-/reload"), "403")
        eventually("a verdict of its endpoints", lambda: any("status=\"unknown\"" not in name and value == 1 for name, value in self.there.scrape().items()
                                                            if name.startswith('logagent_prerequisite_status{agent="logtail",prerequisite="network"')))
        self.there.run("systemctl stop ilogtail; rm -r /usr/local/ilogtail; mkdir /usr/local/ilogtail")
        eventually("a problem", lambda: self.stands("not_installed") or self.stands("not_running") or self.stands("installation_incomplete"))
        problems = {name for name, value in self.there.scrape().items() if name.startswith("logagent_problem{") and value == 1}
        self.attack(f"for i in $(seq 20); do (while :; do curl --silent --request POST {URL}/-/reload; done) & done")
        reloads = 'logagent_evaluations_total{trigger="reload"}'
        eventually("reloads", lambda: self.there.scrape().get(reloads, 0) >= 3)
        started = self.there.scrape()
        begun, first = float(self.there.run("cut -d' ' -f1 /proc/uptime")), started[reloads]
        eventually("further reloads", lambda: self.there.scrape()[reloads] >= first + 3)
        seconds = float(self.there.run("cut -d' ' -f1 /proc/uptime")) - begun
        last = self.there.scrape()
        self.assertLessEqual(last[reloads] - first, seconds + 2, "at most one a second")
        self.assertLessEqual(problems, {name for name, value in last.items() if value == 1})

    def test_7_a_journal_that_stands_still_stops_nothing(self):
        pid = self.there.unit("systemd-journald", "MainPID")["MainPID"]
        self.addCleanup(self.there.run, f"kill -CONT {pid}")
        self.there.run(f"kill -STOP {pid}")
        # Each is a line of the log.
        flood = ("import socket\nfor _ in range(2000):\n s = socket.create_connection((\"127.0.0.1\", 10077), 10)\n "
                 "s.sendall(b\"no request\\r\\n\\r\\n\")\n s.recv(4096)\n s.close()")
        def dropped():
            self.alice(f"python3 -c '{flood}'")
            return self.there.scrape()["logagent_log_lines_dropped_total"] > 0
        eventually("lines are dropped", dropped)
        self.after_further_evaluations()
        reloads = 'logagent_evaluations_total{trigger="reload"}'
        before = self.there.scrape().get(reloads, 0)
        self.there.run(f"kill -HUP {self.there.unit('logagent-exporter', 'MainPID')['MainPID']}")
        eventually("a reload", lambda: self.there.scrape().get(reloads, 0) > before)
        self.ends_at_once()

    def test_8_no_path_of_hers_is_a_command_and_no_control_character_is_told(self):
        odd = "/home/alice/$(printf 'a;id;b\\033[31m\\302\\233\\342\\200\\256\\a')"
        self.there.run("systemctl stop ilogtail; rm -r /usr/local/ilogtail; mkdir -p '/opt/a;id;b/$(id)' && chown -R alice: '/opt/a;id;b'")
        self.addCleanup(self.there.run, "rm -r '/opt/a;id;b'")
        self.attack(f"""
            echo 'read line' > wait; mkfifo -m 600 odd; exec 3<>odd
            mkdir -p "{odd}"; ln -f ilogtail "{odd}/"; "{odd}/ilogtail" wait <&3 &
            cp /bin/dash '/opt/a;id;b/$(id)/ilogtail'; printf '{{"config_server_address": "<region>\\t\\033]0;x\\007"' > '/opt/a;id;b/$(id)/ilogtail_config.json'
            '/opt/a;id;b/$(id)/ilogtail' wait <&3 &""")
        self.configured("agents: [{kind: logtail, install_dir: '/opt/a;id;b/$(id)', expect: {account_id: '1234567890123456', "
                        "machine_group_identifier: web, machine_group_ips: [10.0.0.1]}}]\n")
        self.running("ilogtail", 2)
        self.after_further_evaluations()
        told = self.told()
        self.assertIn("a;id;b", told)
        found = {f"U+{ord(letter):04X}" for letter in told
                 if (ord(letter) < 32 and letter not in "\n\t") or 127 <= ord(letter) < 160 or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
        self.assertEqual(found, set())
        [agent] = self.report()["agents"]
        remedies = [problem["remedy"] for each in agent["prerequisites"] for problem in each["problems"]]
        commands = [command for remedy in remedies for command in re.findall(r"`([^`]*)`", remedy) if "a;id;b" in command]
        self.assertTrue(commands, remedies)
        for command in commands:
            bare = re.sub(r"'[^']*'", "", command)
            self.assertNotIn(";id;", bare, command)
            self.assertNotIn("$(id)", bare, command)

    def test_9_servers_tell_nothing_through_it_and_no_impossible_time_is_believed(self):
        self.there.write("/run/servers.py", SERVERS)
        self.background("servers", "python3 /run/servers.py")
        eventually("they serve", lambda: self.there.succeeds("curl --silent http://127.0.0.1:8000/"))
        self.agent_of_alices(json.dumps({
            "config_server_address": "http://127.0.0.1:8000",
            "config_servers": ["http://alice:PW-of-alice", "http://127.0.0.1:8000/"],
            "data_server_list": [{"cluster": "a", "endpoint": "https://127.0.0.1:8443"}, {"cluster": "b", "endpoint": "http://127.0.0.1:8000"}]}))
        self.configured("detect: true\nclock: {ntp_servers: [127.0.0.1]}\n"
                        "agents: [{kind: custom, name: tls, endpoints: [{url: 'https://127.0.0.1:8443/'}]}]\n")
        eventually("times that cannot be", lambda: self.there.run("cat /run/servers").count("asked") >= 3)
        eventually("an endpoint that answers wrongly", lambda: self.stands("unexpected_response"))
        eventually("the handshake", lambda: "larger than 64 kB" in self.get("/api/v1/report"))
        self.after_further_evaluations()
        told = self.told()
        self.assertNotIn(SECRET, told)
        self.assertNotIn("PW-of-alice", told)
        self.assertNotIn('logagent_clock_offset_seconds{source="ntp"}', self.there.scrape())

    def test_its_own_socket_and_its_process_are_closed_to_her(self):
        pid = self.there.unit("logagent-exporter", "MainPID")["MainPID"]
        for deed in (f"cat /proc/{pid}/environ", f"ls /proc/{pid}/fd", f"readlink /proc/{pid}/exe", f"kill {pid}", "ls /run/logagent-exporter/",
                     "curl --silent --unix-socket /run/logagent-exporter/exporter.sock http://localhost/metrics"):
            self.assertFalse(self.there.succeeds(f"{AS_ALICE} {deed}"), deed)


if __name__ == "__main__":
    unittest.main()
