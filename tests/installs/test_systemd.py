"""The unit under a real systemd: readiness, reload, watchdog, restart, sandbox, and that it still sees agents."""

import os
import pathlib
import re
import unittest

from machine import LOGTAIL, REPOSITORY, Machine, eventually

EXPORTER = pathlib.Path(os.environ.get("EXPORTER") or REPOSITORY / "target/x86_64-unknown-linux-musl/release/logagent-exporter")
UNITS = REPOSITORY / "deploy/systemd"
DROP_INS = "/etc/systemd/system/logagent-exporter.service.d"

STARTUP_PARAMETERS = 'logagent_prerequisite_status{{agent="logtail",prerequisite="startup_parameters",status="{}"}}'
EVENTS = ("process_exit", "process_start", "file", "address", "clock")
PTRACE, DAC_READ_SEARCH = 1 << 19, 1 << 2


def machine():
    """A machine with the binary and the unit, as someone puts them there by hand."""
    return Machine([(EXPORTER, "/usr/bin/logagent-exporter"),
                    (UNITS / "logagent-exporter.service", "/etc/systemd/system/logagent-exporter.service")])


def exposure(there):
    return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", there.run(
        "systemd-analyze security --no-pager logagent-exporter"))[1])


def documented(unit):
    """The exposure that SECURITY.md gives for a unit."""
    text = (REPOSITORY / "SECURITY.md").read_text()
    return float(re.search(rf"^\| {re.escape(unit)} \| ([0-9.]+) \|$", text, re.MULTILINE)[1])


def process(there):
    """Fields of /proc/PID/status of the service's main process."""
    pid = there.unit("logagent-exporter", "MainPID")["MainPID"]
    return dict(line.split(":\t", 1) for line in there.run(f"cat /proc/{pid}/status").splitlines())


class Unit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.there = cls.enterClassContext(machine())
        cls.there.run(LOGTAIL)
        # No name resolves there: that must be detected soon.
        cls.there.write("/etc/default/logagent-exporter", "LOGAGENT_EXPORTER_PROBE_TIMEOUT=500ms\n")

    def setUp(self):
        self.there.run(f"rm -rf {DROP_INS}; systemctl daemon-reload; systemctl reset-failed logagent-exporter || true")
        self.there.run("systemctl restart logagent-exporter")

    def restarted_with(self, lines):
        self.there.write(f"{DROP_INS}/test.conf", f"[Service]\n{lines}\n")
        self.there.run("systemctl daemon-reload && systemctl restart logagent-exporter")

    def judged(self):
        """A scrape after the first complete evaluation."""
        eventually("the first judgement", lambda: self.there.succeeds("curl --silent --fail http://127.0.0.1:10077/-/ready"))
        return self.there.scrape()

    def sees(self, name, value):
        eventually(f"{name} {value}", lambda: self.there.scrape().get(name) == value)

    def test_started_means_that_it_serves(self):
        self.assertIn("logagent_agents 1", self.there.get("/metrics"))

    def test_its_status_tells_what_it_found(self):
        eventually("the status", lambda: self.there.unit("logagent-exporter", "StatusText")["StatusText"].startswith("1 agent: "))

    def test_it_sees_the_agent_and_reads_what_only_root_may(self):
        self.sees('logagent_processes{agent="logtail",role="daemon"}', 1)
        self.sees('logagent_processes{agent="logtail",role="worker"}', 1)
        self.assertEqual(self.judged()[STARTUP_PARAMETERS.format("ok")], 1)
        self.assertNotIn("CAP_", self.there.get("/api/v1/report"), "nothing is missing that a capability would grant")

    def test_the_kernel_still_tells_of_its_clock_and_of_changes(self):
        scraped = self.judged()
        self.assertIn('logagent_clock_offset_seconds{source="kernel"}', scraped)
        for source in EVENTS:
            self.assertEqual(scraped.get(f'logagent_event_source_up{{source="{source}"}}'), 1, source)

    def test_check_and_healthcheck_ask_the_service_over_its_socket(self):
        self.judged()
        said = self.there.run("logagent-exporter healthcheck; logagent-exporter check --format=json 2>&1 || true")
        self.assertTrue(said.startswith("{"), said)
        self.assertEqual(self.there.run("stat -c %a /run/logagent-exporter").strip(), "700")
        local = self.there.run("logagent-exporter check --local --probe.timeout=500ms --format=json || true")
        self.assertTrue(local.startswith("{"), local)
        self.there.run("systemctl stop logagent-exporter")
        said = self.there.run("logagent-exporter check --lang=en 2>&1 || true")
        self.assertIn("no exporter could be asked on this host", said)
        self.assertFalse(self.there.succeeds("logagent-exporter healthcheck"))

    def test_it_serves_on_the_sockets_of_a_socket_unit(self):
        self.there.write("/etc/systemd/system/logagent-exporter.socket",
                         "[Socket]\nListenStream=127.0.0.1:10079\nListenStream=/run/web.sock\n")
        self.addCleanup(self.there.run, "systemctl stop logagent-exporter.socket; rm /etc/systemd/system/logagent-exporter.socket")
        self.there.write(f"{DROP_INS}/test.conf", "[Service]\nEnvironment=LOGAGENT_EXPORTER_WEB_SYSTEMD_SOCKET=true\n")
        self.there.run("systemctl daemon-reload && systemctl stop logagent-exporter && "
                       "systemctl start logagent-exporter.socket && systemctl start logagent-exporter")
        for there in "http://127.0.0.1:10079", "--unix-socket /run/web.sock http://localhost":
            self.assertIn("logagent_agents", self.there.run(f"curl --silent --fail {there}/metrics"))
        self.assertFalse(self.there.succeeds("curl --silent http://127.0.0.1:10077/metrics"), "nothing else is listened on")
        # After a restart the sockets are unchanged.
        self.there.run("systemctl restart logagent-exporter")
        self.assertIn("logagent_agents", self.there.run("curl --silent --fail http://127.0.0.1:10079/metrics"))

    def test_a_reload_keeps_the_process_and_reads_the_config_anew(self):
        self.there.write("/etc/logagent-exporter/logagent-exporter.yml", "agents: [{kind: custom, name: one}]\n")
        self.restarted_with("Environment=LOGAGENT_EXPORTER_CONFIG_FILE=/etc/logagent-exporter/logagent-exporter.yml")
        before = self.there.unit("logagent-exporter", "MainPID", "NRestarts")
        self.sees('logagent_status{agent="one",status="ok"}', 0)
        self.there.write("/etc/logagent-exporter/logagent-exporter.yml", "agents: [{kind: custom, name: two}]\n")
        self.there.run("systemctl reload logagent-exporter")
        eventually("the new agent", lambda: 'agent="two"' in self.there.get("/metrics"))
        self.assertEqual(self.there.unit("logagent-exporter", "MainPID", "NRestarts"), before)

    def test_killed_it_comes_back(self):
        before = self.there.unit("logagent-exporter", "MainPID")["MainPID"]
        self.there.run(f"kill -KILL {before}")
        eventually("a restart", lambda: self.there.unit("logagent-exporter", "NRestarts")["NRestarts"] == "1")
        eventually("it serves", lambda: self.there.succeeds("curl --silent --fail http://127.0.0.1:10077/-/healthy"))

    def test_the_watchdog_ends_one_that_stands_still_and_no_other(self):
        self.restarted_with("WatchdogSec=2s")
        pid = self.there.unit("logagent-exporter", "MainPID")["MainPID"]
        # Only events trigger the loop: it stays alive for longer than the watchdog's timeout without any.
        self.there.run("sleep 5")
        self.assertEqual(self.there.unit("logagent-exporter", "MainPID", "NRestarts"), {"MainPID": pid, "NRestarts": "0"})
        self.there.run(f"kill -STOP {pid}")
        eventually("a restart", lambda: self.there.unit("logagent-exporter", "NRestarts")["NRestarts"] == "1")
        self.assertIn("Watchdog timeout", self.there.run("journalctl --no-pager --unit logagent-exporter"))

    def test_it_stops_at_once_and_without_complaint(self):
        self.there.run("systemctl stop logagent-exporter")
        self.assertEqual(self.there.unit("logagent-exporter", "Result", "ActiveState"), {"Result": "success", "ActiveState": "inactive"})

    def test_it_has_two_powers_and_no_more(self):
        status = process(self.there)
        self.assertNotIn("0", status["Uid"].split())
        for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[kind], 16), PTRACE | DAC_READ_SEARCH, kind)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertEqual(exposure(self.there), documented("as installed, with the two capabilities"))
        self.assertLessEqual(exposure(self.there), 2.5)

    def test_without_capabilities_it_runs_and_says_what_it_could_not_read(self):
        self.there.run(f"mkdir -p {DROP_INS}")
        self.there.write(f"{DROP_INS}/without-capabilities.conf", (UNITS / "without-capabilities.conf").read_text())
        self.there.run("systemctl daemon-reload && systemctl restart logagent-exporter")
        status = process(self.there)
        self.assertEqual({int(status[kind], 16) for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb")}, {0})
        self.assertEqual(exposure(self.there), documented("with `deploy/systemd/without-capabilities.conf`"))
        self.assertLessEqual(exposure(self.there), 1.9)
        self.assertEqual(self.judged()[STARTUP_PARAMETERS.format("unknown")], 1)
        self.assertIn("CAP_DAC_READ_SEARCH", self.there.get("/api/v1/report"))

    def test_the_drop_in_for_old_systemd_leaves_no_filter_of_system_calls(self):
        self.there.write(f"{DROP_INS}/old-systemd.conf", (UNITS / "old-systemd.conf").read_text())
        self.there.run("systemctl daemon-reload && systemctl restart logagent-exporter")
        self.assertEqual(self.there.unit("logagent-exporter", "SystemCallFilter")["SystemCallFilter"], "~", "nothing is denied")
        self.assertIn("logagent_agents 1", self.there.get("/metrics"))

    def test_on_a_kernel_as_old_as_3_10_it_sees_the_agent_and_polls_what_it_is_not_told(self):
        # System calls added after 3.10 that a program may use: all of them are missing.
        newer = ("openat2 pidfd_open pidfd_send_signal pidfd_getfd statx getrandom memfd_create renameat2 execveat copy_file_range preadv2 "
                 "pwritev2 membarrier rseq clone3 close_range faccessat2 epoll_pwait2 io_uring_setup futex_waitv mlock2 bpf userfaultfd seccomp")
        self.restarted_with("SystemCallFilter=\nSystemCallErrorNumber=ENOSYS\nSystemCallFilter=~" + newer)
        scraped = self.judged()
        for role in ("daemon", "worker"):
            self.assertEqual(scraped[f'logagent_processes{{agent="logtail",role="{role}"}}'], 1)
        self.assertEqual(scraped[STARTUP_PARAMETERS.format("ok")], 1)
        works = {source: scraped[f'logagent_event_source_up{{source="{source}"}}'] for source in EVENTS}
        self.assertEqual(works, {**dict.fromkeys(EVENTS, 1), "process_exit": 0})

    def test_systemd_listens_for_it_and_closes_the_path_to_others(self):
        self.there.run("systemctl stop logagent-exporter")
        self.there.write("/etc/systemd/system/logagent-exporter.socket", (UNITS / "logagent-exporter.socket").read_text())
        try:
            self.there.write(f"{DROP_INS}/test.conf", "[Service]\nEnvironment=LOGAGENT_EXPORTER_WEB_SYSTEMD_SOCKET=true\n")
            self.there.run("systemctl daemon-reload && systemctl start logagent-exporter.socket logagent-exporter")
            self.assertIn("logagent_agents 1", self.there.get("/metrics"))
            self.assertIn("logagent_agents 1", self.there.run("curl --silent --unix-socket /run/logagent-exporter.sock http://localhost/metrics"))
            self.assertFalse(self.there.succeeds("setpriv --reuid 1234 --regid 1234 --clear-groups curl --silent --unix-socket /run/logagent-exporter.sock http://localhost/"))
            pid = self.there.unit("logagent-exporter", "MainPID")["MainPID"]
            self.there.run(f"kill -KILL {pid}")
            # While it is stopped, the socket queues clients.
            self.assertIn("logagent_agents 1", self.there.get("/metrics"))
        finally:
            self.there.run("systemctl stop logagent-exporter.socket logagent-exporter; rm /etc/systemd/system/logagent-exporter.socket; systemctl daemon-reload")

    def test_nothing_can_be_written_and_its_runtime_directory_is_closed_to_others(self):
        pid = self.there.unit("logagent-exporter", "MainPID")["MainPID"]
        inside = f"nsenter --target {pid} --mount --"
        for place in ("/", "/etc", "/usr", "/home", "/root", "/var/lib", "/sys/kernel", "/proc/sys/kernel"):
            self.assertFalse(self.there.succeeds(f"{inside} touch {place}/written"), place)
        self.assertEqual(self.there.run("stat --dereference --format=%a /run/logagent-exporter"), "700")


if __name__ == "__main__":
    unittest.main()
