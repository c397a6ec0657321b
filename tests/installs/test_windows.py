"""The program for Windows under Wine, beside a stand-in Logtail that is a real service of Wine's service manager: the Windows rows of the
vendor's documents. What Wine cannot prove is listed in docs/windows.md."""

import datetime
import email.utils
import http.server
import json
import re
import shutil
import socket
import subprocess
import threading
import unittest
import urllib.request

from machine import PATIENCE, REPOSITORY, eventually
from wine import DRIVE, TARGET, WINDOWS, Session, remove, run, start, stop, wine

EXPORTER = TARGET / "debug/logagent-exporter.exe"
STAND_IN = REPOSITORY / ".cache/windows/logtail.exe"
MANUAL, DISABLED = "3", "4"
LOGTAIL = DRIVE / "Program Files/Alibaba/Logtail"
DATA = DRIVE / "LogtailData"
CONFIG = DRIVE / "exporter.yml"
ACCOUNT = "1234567890123456"


def check(*arguments):
    """The report of a look of this moment, and the exit code."""
    ran = run(EXPORTER, "check", "--local", "--format=json", "--probe.timeout=1s", *arguments)
    if ran.returncode not in (0, 1, 2, 3) or not ran.stdout:
        raise AssertionError(f"{ran.returncode}: {ran.stdout!r} {ran.stderr!r}")
    return json.loads(ran.stdout)


def problems(report):
    """Every standing problem of the one agent, by cause."""
    [agent] = report["agents"]
    return {problem["cause"]: problem for prerequisite in agent["prerequisites"] for problem in prerequisite["problems"]}


class LogService(http.server.BaseHTTPRequestHandler):
    """The log service as an agent meets it on loopback: the documented answer, and a Date that may be wrong."""

    ahead = datetime.timedelta()

    def date_time_string(self, timestamp=None):
        return email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc) + self.ahead, usegmt=True)

    def do_GET(self):
        body = b'{"Error":{"Code":"OLSInvalidMethod","Message":"The script name is invalid : /","RequestId":"5D"}}'
        self.send_response(405)
        self.send_header("x-log-requestid", "5D")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Windows(Session):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shutil.rmtree(LOGTAIL, ignore_errors=True)
        (LOGTAIL / "1.6.1.0").mkdir(parents=True)
        subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "-s", "-o", STAND_IN, REPOSITORY / "tests/windows/logtail.c"], check=True)
        for name in ("logtail_daemon.exe", "1.6.1.0/ilogtail_worker.exe"):
            shutil.copy(STAND_IN, LOGTAIL / name)

    def setUp(self):
        # Leftovers of an interrupted run start with the session.
        for service in ("LogtailDaemon", "LogtailWorker"):
            remove(service)
        shutil.rmtree(DATA, ignore_errors=True)
        (DATA / "users").mkdir(parents=True)
        (DATA / "users" / ACCOUNT).touch()
        (DATA / "user_defined_id").write_text("web-fleet\n")
        (LOGTAIL / "ilogtail_config.json").write_text(json.dumps({
            "config_server_address": "http://logtail.cn-hangzhou.log.aliyuncs.com",
            "data_server_list": [{"cluster": "cn-hangzhou", "endpoint": "cn-hangzhou.log.aliyuncs.com"}],
        }))
        (LOGTAIL / "app_info.json").write_text(json.dumps({"ip": "127.0.0.1", "logtail_version": "1.6.1.0", "hostname": "w"}))
        CONFIG.write_text("agents:\n  - kind: logtail\n    expect:\n"
                          f"      account_id: \"{ACCOUNT}\"\n      machine_group_identifier: web-fleet\n")
        wine("sc", "create", "LogtailDaemon", "binPath=", r"C:\Program Files\Alibaba\Logtail\logtail_daemon.exe", "start=", "auto")
        self.addCleanup(remove, "LogtailDaemon")
        start("LogtailDaemon")

    def judged(self):
        return problems(check(r"--config.file=C:\exporter.yml"))

    def assert_remedy(self, problem, command):
        self.assertIn(command, problem["remedy"])
        for foreign in ("systemctl", "sudo", "/etc/init.d"):
            self.assertNotIn(foreign, problem["remedy"])

    def test_a_service_that_runs_with_its_worker_has_no_problem_of_processes_or_identity(self):
        report = eventually("both processes", lambda: (found := check(r"--config.file=C:\exporter.yml"))
                            and "not_running" not in problems(found) and "worker_missing" not in problems(found) and found)
        [agent] = report["agents"]
        status = {prerequisite["id"]: prerequisite["status"] for prerequisite in agent["prerequisites"]}
        for prerequisite in ("installed", "processes", "user_identifier", "custom_identifier", "startup_parameters"):
            self.assertEqual(status[prerequisite], "ok", agent)
        self.assertEqual(agent["version"], "1.6.1.0")

    def test_a_service_that_is_stopped_is_named_with_what_to_type(self):
        stop("LogtailDaemon")
        found = eventually("service_not_running", lambda: self.judged().get("service_not_running"))
        self.assert_remedy(found, "Start-Service LogtailDaemon")
        self.assert_remedy(self.judged()["not_running"], r"C:\Program Files\Alibaba\Logtail\logtail_*.log")
        self.assertEqual(self.judged()["not_running"]["explained_by"], "service_not_running")
        start("LogtailDaemon")
        eventually("it runs again", lambda: "service_not_running" not in self.judged())

    def test_an_address_that_the_host_has_not_or_the_group_does_not_expect_is_named(self):
        (LOGTAIL / "app_info.json").write_text(json.dumps({"ip": "192.0.2.7", "logtail_version": "1.6.1.0"}))
        self.assertIn("ip_not_on_host", self.judged())
        (LOGTAIL / "app_info.json").write_text(json.dumps({"ip": "", "logtail_version": "1.6.1.0"}))
        self.assertIn("ip_empty", self.judged())

    def test_an_agent_in_the_directory_of_32_bits_is_found_and_one_that_is_gone_is_missed(self):
        there = DRIVE / "Program Files (x86)/Alibaba/Logtail"
        stop("LogtailDaemon")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(there, ignore_errors=True)
        LOGTAIL.rename(there)
        self.addCleanup(there.rename, LOGTAIL)
        CONFIG.write_text("detect: true\n")
        [agent] = check(r"--config.file=C:\exporter.yml")["agents"]
        self.assertEqual((agent["kind"], agent["version"]), ("logtail", "1.6.1.0"))
        away = DRIVE / "away"
        there.rename(away)
        self.addCleanup(away.rename, there)
        CONFIG.write_text("agents: [{kind: logtail}]\n")
        self.assert_remedy(self.judged()["not_installed"], "Get-Service LogtailDaemon")

    def test_a_service_that_is_disabled_is_told_from_one_that_is_stopped(self):
        wine(STAND_IN, "LogtailDaemon", DISABLED)
        # While it is running, only the next start fails.
        found = eventually("service_not_enabled", lambda: self.judged().get("service_not_enabled"))
        self.assert_remedy(found, "Set-Service LogtailDaemon -StartupType Automatic")
        stop("LogtailDaemon")
        found = eventually("service_disabled", lambda: self.judged().get("service_disabled"))
        self.assert_remedy(found, "Set-Service LogtailDaemon -StartupType Automatic")
        self.assertEqual(self.judged()["not_running"]["explained_by"], "service_disabled")
        self.assertNotIn("service_not_running", self.judged())
        wine(STAND_IN, "LogtailDaemon", MANUAL)
        eventually("it is stopped only", lambda: "service_not_running" in self.judged())

    def test_before_1_0_one_of_two_services_that_is_stopped_is_named(self):
        (LOGTAIL / "app_info.json").write_text(json.dumps({"ip": "127.0.0.1", "logtail_version": "0.5.1.0"}))
        wine("sc", "create", "LogtailWorker", "binPath=", r"C:\Program Files\Alibaba\Logtail\logtail_daemon.exe", "start=", "auto")
        self.addCleanup(remove, "LogtailWorker")
        wine("taskkill", "/f", "/im", "ilogtail_worker.exe", check=False)
        found = eventually("service_not_running", lambda: self.judged().get("service_not_running"))
        self.assertEqual({seen["name"]: seen["value"] for seen in found["evidence"]}, {"service": "LogtailWorker", "state": "Stopped"})
        self.assert_remedy(found, "Start-Service LogtailWorker")

    def test_before_1_0_a_service_that_is_not_there_is_missed(self):
        (LOGTAIL / "app_info.json").write_text(json.dumps({"ip": "127.0.0.1", "logtail_version": "0.5.1.0"}))
        wine("taskkill", "/f", "/im", "ilogtail_worker.exe", check=False)
        found = eventually("service_not_running", lambda: self.judged().get("service_not_running"))
        self.assertEqual({seen["name"]: seen["value"] for seen in found["evidence"]}["service"], "LogtailWorker")

    def test_wrong_identity_files_are_named_with_the_documents_paths(self):
        (DATA / "users" / ACCOUNT).unlink()
        (DATA / "user_defined_id").write_text("db-fleet\n")
        found = self.judged()
        self.assertIn(r"C:\LogtailData\users", json.dumps(found["user_identifier_missing"]["evidence"]).replace("\\\\", "\\"))
        self.assert_remedy(found["user_identifier_missing"], "New-Item -ItemType File")
        self.assert_remedy(found["custom_identifier_mismatch"], "-Path 'C:\\LogtailData\\user_defined_id'")

    def test_what_powershell_5_1_writes_is_no_identifier(self):
        for written, encoding in (("web-fleet\r\n".encode("utf-16"), "UTF-16"), ("web-fleet\n".encode("utf-8-sig"), "UTF-8 with a byte order mark")):
            (DATA / "user_defined_id").write_bytes(written)
            found = self.judged()["custom_identifier_mismatch"]
            [told] = [seen["value"] for seen in found["evidence"] if seen["name"] == "encoding"]
            self.assertTrue(told.startswith(encoding) and "PowerShell 5.1" in told, told)
            self.assert_remedy(found, "1. Save the file as UTF-8 without a byte order mark")
            self.assert_remedy(found, "`Format-Hex -Path 'C:\\LogtailData\\user_defined_id'`")
            self.assert_remedy(found, "[IO.File]::WriteAllText(")

    def test_an_identifier_as_notepad_and_add_content_write_it_is_one(self):
        (DATA / "user_defined_id").write_bytes(b"web-fleet\r\n")
        self.assertFalse({"custom_identifier_mismatch", "custom_identifier_malformed"} & set(self.judged()))
        (DATA / "user_defined_id").write_bytes(b"web-\tfleet\r\n")
        self.assertIn("custom_identifier_mismatch", self.judged())

    def test_a_config_as_powershell_5_1_writes_it_is_rejected_as_the_agent_does_and_one_with_crlf_is_not(self):
        config = (LOGTAIL / "ilogtail_config.json").read_text()
        for written, told in ((config.encode("utf-16"), "is UTF-16 text"), (config.encode("utf-8-sig"), "UTF-8 byte order mark")):
            (LOGTAIL / "ilogtail_config.json").write_bytes(written)
            found = self.judged()["config_invalid"]
            self.assertIn(told, json.dumps(found["evidence"]))
            self.assert_remedy(found, "[IO.File]::WriteAllText('C:\\Program Files\\Alibaba\\Logtail\\ilogtail_config.json'")
        # The agent opens the file as text, so a line break is one byte, also before the opening brace.
        for written in (config.replace("{", "{\r\n", 1), f"\r\n{config}"):
            (LOGTAIL / "ilogtail_config.json").write_bytes(written.encode())
            self.assertNotIn("config_invalid", self.judged())
        (LOGTAIL / "ilogtail_config.json").write_bytes(f"\r{config}".encode())
        self.assertIn("carriage return", json.dumps(self.judged()["config_invalid"]["evidence"]))

    def test_the_exporters_own_config_may_have_a_byte_order_mark_and_crlf(self):
        text = CONFIG.read_text().replace("\n", "\r\n")
        for written in (text.encode(), text.encode("utf-8-sig")):
            CONFIG.write_bytes(written)
            self.assertIn(": ok", wine(EXPORTER, "config", "check", r"C:\exporter.yml"))
        CONFIG.write_bytes(text.encode("utf-16"))
        ran = run(EXPORTER, "config", "check", r"C:\exporter.yml")
        self.assertEqual(ran.returncode, 1)
        self.assertIn(b"is UTF-16; save it as UTF-8", ran.stderr)

    def serve(self, **attributes):
        """A log service of this test alone; its port."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (LogService,), attributes))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port

    def servers(self, config, data):
        """Has the agent's config name these ports of loopback."""
        (LOGTAIL / "ilogtail_config.json").write_text(json.dumps({
            "config_server_address": f"http://127.0.0.1:{config}", "data_server_port": data,
            "data_server_list": [{"cluster": "cn-hangzhou", "endpoint": "127.0.0.1"}]}))

    def test_endpoints_are_probed_and_one_that_refuses_is_named_with_what_to_type(self):
        port = self.serve()
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            refused = closed.getsockname()[1]
            self.servers(port, refused)
            found = self.judged()["connection_refused"]
        told = {seen["name"]: seen["value"] for seen in found["evidence"]}
        self.assertEqual(told["url"], f"http://127.0.0.1:{refused}")
        self.assert_remedy(found, f"`curl.exe -v -m 10 --noproxy '*' 'http://127.0.0.1:{refused}'`")
        self.servers(port, port)
        self.assertNotIn("connection_refused", self.judged())

    def test_the_clock_is_compared_with_that_of_the_service(self):
        port = self.serve(ahead=datetime.timedelta(hours=1))
        self.servers(port, port)
        self.assert_remedy(self.judged()["clock_skewed"], "w32tm /resync")
        # What the document says where the clock cannot be corrected; the daemon has been started since.
        text = (LOGTAIL / "ilogtail_config.json").read_text()
        (LOGTAIL / "ilogtail_config.json").write_text(text.replace("{", '{"enable_log_time_auto_adjust": true, ', 1))
        stop("LogtailDaemon")
        start("LogtailDaemon")
        eventually("the wrong clock is allowed for", lambda: "clock_skewed_adjusted" in self.judged())
        port = self.serve()
        self.servers(port, port)
        self.assertFalse({"clock_skewed", "clock_skewed_adjusted", "clock_offset_high"} & set(self.judged()))

    def test_it_serves_metrics_and_sees_a_change_of_a_file_without_waiting(self):
        command = [WINDOWS, "run", EXPORTER, r"--config.file=C:\exporter.yml", "--web.listen-address=127.0.0.1:0", "--probe.timeout=1s"]
        exporter = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(exporter.stderr.close)
        self.addCleanup(exporter.wait, 60)
        self.addCleanup(exporter.kill)
        address = next(found[1] for line in exporter.stderr if (found := re.search(r"http://([\d.:a-z]+)/metrics", line)))

        def scrape():
            return urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE).read().decode()

        def led_by_files(text):
            return int(re.search(r'^logagent_evaluations_total\{trigger="file"\} (\d+)$', text, re.MULTILINE)[1])
        eventually("the first cycle", lambda: 'logagent_status{agent="logtail"' in scrape())
        text = scrape()
        self.assertIn('target="x86_64-pc-windows-gnu"', text)
        self.assertIn('logagent_event_source_up{source="file"} 1', text)
        self.assertIn('logagent_event_source_up{source="process_start"} 0', text)
        # The first evaluation comes from the start of file watching.
        before = eventually("files are watched", lambda: led_by_files(scrape()))
        (DATA / "user_defined_id").write_text("db-fleet\n")
        # By the event, not by the timer. The next evaluation reads what could not be read in time on a busy machine.
        eventually("the change", lambda: led_by_files(scrape()) > before)
        eventually("the cause", lambda: 'cause="custom_identifier_mismatch"' in scrape())

    def test_flags_of_linux_are_errors_of_usage(self):
        ran = run(EXPORTER, "check", "--path.rootfs=/")
        self.assertEqual(ran.returncode, 3)
        self.assertIn(b"--path.rootfs: Windows has one root", ran.stderr)


if __name__ == "__main__":
    unittest.main()
