"""The program for Windows under Wine, beside a stand-in Logtail that is a real service of Wine's service manager: the Windows rows of the
vendor's documents. What Wine cannot prove is listed in docs/windows.md."""

import json
import os
import re
import shutil
import subprocess
import time
import unittest
import urllib.request

from machine import REPOSITORY

PREFIX = REPOSITORY / ".cache/windows/prefix"
DRIVE = PREFIX / "drive_c"
EXPORTER = REPOSITORY / "target/x86_64-pc-windows-gnu/debug/logagent-exporter.exe"
LOGTAIL = DRIVE / "Program Files/Alibaba/Logtail"
DATA = DRIVE / "LogtailData"
CONFIG = DRIVE / "exporter.yml"
ACCOUNT = "1234567890123456"


def wine(*arguments, check=True):
    """Runs a program of Windows; what it prints."""
    ran = subprocess.run([REPOSITORY / "scripts/windows", "run", *arguments], capture_output=True, timeout=120, check=False)
    if check and ran.returncode != 0:
        raise AssertionError(f"{arguments}: {ran.returncode}: {ran.stdout!r} {ran.stderr!r}")
    return ran.stdout.decode("utf-8", "replace")


def check(*arguments):
    """The report of a look of this moment, and the exit code."""
    command = [REPOSITORY / "scripts/windows", "run", EXPORTER, "check", "--local", "--format=json", "--probe.timeout=1s", *arguments]
    ran = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if ran.returncode not in (0, 1, 2, 3) or not ran.stdout:
        raise AssertionError(f"{ran.returncode}: {ran.stdout!r} {ran.stderr!r}")
    return json.loads(ran.stdout)


def problems(report):
    """Every standing problem of the one agent, by cause."""
    [agent] = report["agents"]
    return {problem["cause"]: problem for prerequisite in agent["prerequisites"] for problem in prerequisite["problems"]}


def eventually(what, look):
    """What `look` gives once it is true, within 30 s."""
    deadline = time.monotonic() + 30
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within 30 s")
        time.sleep(0.2)


class Windows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wine("cmd", "/c", "echo", "made")
        shutil.rmtree(LOGTAIL, ignore_errors=True)
        (LOGTAIL / "1.6.1.0").mkdir(parents=True)
        stand_in = REPOSITORY / ".cache/windows/logtail.exe"
        subprocess.run(["x86_64-w64-mingw32-gcc", "-O2", "-s", "-o", stand_in, REPOSITORY / "tests/windows/logtail.c"], check=True)
        for name in ("logtail_daemon.exe", "1.6.1.0/ilogtail_worker.exe"):
            shutil.copy(stand_in, LOGTAIL / name)

    def setUp(self):
        wine("sc", "stop", "LogtailDaemon", check=False)
        wine("sc", "delete", "LogtailDaemon", check=False)
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
        wine("sc", "start", "LogtailDaemon")
        self.addCleanup(wine, "sc", "stop", "LogtailDaemon", check=False)

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
        wine("sc", "stop", "LogtailDaemon")
        found = eventually("service_not_running", lambda: self.judged().get("service_not_running"))
        self.assert_remedy(found, "Start-Service LogtailDaemon")
        self.assertEqual(self.judged()["not_running"]["explained_by"], "service_not_running")
        wine("sc", "start", "LogtailDaemon")
        eventually("it runs again", lambda: "service_not_running" not in self.judged())

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
        for written in ("web-fleet\r\n".encode("utf-16"), "web-fleet\n".encode("utf-8-sig")):
            (DATA / "user_defined_id").write_bytes(written)
            self.assertIn("custom_identifier_mismatch", self.judged())

    def test_it_serves_metrics_and_sees_a_change_of_a_file_without_waiting(self):
        command = [REPOSITORY / "scripts/windows", "run", EXPORTER, r"--config.file=C:\exporter.yml", "--web.listen-address=127.0.0.1:0",
                   "--evaluation.interval=1h", "--probe.timeout=1s"]
        exporter = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(exporter.stderr.close)
        self.addCleanup(exporter.wait, 60)
        self.addCleanup(exporter.kill)
        address = next(found[1] for line in exporter.stderr if (found := re.search(r"http://([\d.:a-z]+)/metrics", line)))

        def scrape():
            return urllib.request.urlopen(f"http://{address}/metrics", timeout=30).read().decode()
        eventually("the first cycle", lambda: 'logagent_status{agent="logtail"' in scrape())
        text = scrape()
        self.assertIn('target="x86_64-pc-windows-gnu"', text)
        self.assertIn('logagent_event_source_up{source="file"} 1', text)
        self.assertIn('logagent_event_source_up{source="process_start"} 0', text)
        (DATA / "user_defined_id").write_text("db-fleet\n")
        eventually("the change", lambda: 'cause="custom_identifier_mismatch"' in scrape())

    def test_flags_of_linux_are_errors_of_usage(self):
        ran = subprocess.run([REPOSITORY / "scripts/windows", "run", EXPORTER, "check", "--path.rootfs=/"], capture_output=True, timeout=60)
        self.assertEqual(ran.returncode, 3)
        self.assertIn(b"--path.rootfs: Windows has one root", ran.stderr)

    def test_the_exporter_is_a_service_that_starts_and_stops(self):
        wine("sc", "delete", "logagent-exporter", check=False)
        shutil.copy(EXPORTER, DRIVE / "logagent-exporter.exe")
        wine("sc", "create", "logagent-exporter", "binPath=", r"C:\logagent-exporter.exe --web.listen-address=127.0.0.1:10977", "start=", "demand")
        self.addCleanup(wine, "sc", "delete", "logagent-exporter", check=False)
        wine("sc", "start", "logagent-exporter")

        def healthy():
            try:
                return urllib.request.urlopen("http://127.0.0.1:10977/-/ready", timeout=5).status == 200
            except OSError:
                return False
        eventually("it is ready", healthy)
        wine("sc", "stop", "logagent-exporter")
        eventually("it ends", lambda: not healthy())


if __name__ == "__main__":
    os.environ.setdefault("WINEDEBUG", "-all")
    unittest.main()
