"""What `make dist` has for Windows, and its life as a service of Wine's service manager: installed, upgraded, stopped, removed. What Wine
cannot prove (the account's rights, recovery, the event log's window) is listed in docs/windows.md."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request
import zipfile

import matrix
import tree_sitter_powershell
from machine import REPOSITORY, eventually
from tree_sitter import Language, Parser
from wine import DRIVE, Session, run, wine

DIST = REPOSITORY / "target/dist"
[ZIP] = DIST.glob("*.windows-amd64.zip")
UNPACKED = DRIVE / "unpacked"
PROGRAM = DRIVE / "Program Files/logagent-exporter/logagent-exporter.exe"
CONFIG = DRIVE / "ProgramData/logagent-exporter/logagent-exporter.yml"
PORT = 10978
POWERSHELL = Parser(Language(tree_sitter_powershell.language()))


def faults(script):
    """Where PowerShell's grammar does not fit, in lines."""
    # The grammar has no method of a block without parentheses.
    script = re.sub(r"\.Where(\{[^}]*\})", r".Where(\1)", script)
    found, waiting = [], [POWERSHELL.parse(script.encode()).root_node]
    while waiting:
        node = waiting.pop()
        if node.type == "ERROR" or node.is_missing:
            found.append(f"line {node.start_point[0] + 1}: {node.text.decode()[:80]!r}")
        waiting.extend(node.children)
    return found


def healthy(port=PORT):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5).status == 200
    except OSError:
        return False


def registered():
    """What the service manager keeps of the service, by name."""
    told = wine("reg", "query", r"HKLM\System\CurrentControlSet\Services\logagent-exporter", check=False)
    return dict(re.findall(r"^    (\w+)    REG_\w+    (.*?)\r?$", told, re.MULTILINE))


class Archive(unittest.TestCase):
    def test_it_has_what_the_other_archives_have_and_each_editor_can_show_it(self):
        with zipfile.ZipFile(ZIP) as archive:
            names = {name.partition("/")[2] for name in archive.namelist()}
            self.assertEqual({name.partition("/")[0] for name in archive.namelist()}, {ZIP.stem})
            self.assertEqual(names, {
                "logagent-exporter.exe", "install.ps1", "logagent-exporter.yml", "_logagent-exporter.ps1", "windows.md", "LICENSE",
                "licenses.txt", "CHANGELOG.md", "README.md"})
            for name in names - {"logagent-exporter.exe"}:
                text = archive.read(f"{ZIP.stem}/{name}")
                self.assertEqual(text.count(b"\n"), text.count(b"\r\n"), name)
                self.assertNotIn(b"\r\r", text, name)
            self.assertIn(b"windows-service", archive.read(f"{ZIP.stem}/licenses.txt"))
            for script in ("install.ps1", "_logagent-exporter.ps1"):
                self.assertEqual(faults(archive.read(f"{ZIP.stem}/{script}").decode()), [], script)
        self.assertIn(f"{hashlib.sha256(ZIP.read_bytes()).hexdigest()}  {ZIP.name}", (DIST / "sha256sums.txt").read_text())
        self.assertIn("windows-service", (DIST / f"{ZIP.stem}.cdx.json").read_text())

    def test_its_size_is_that_of_the_support_matrix(self):
        matrix.compare(self, {"zip for Windows": ZIP.stat().st_size})

    def test_the_parser_finds_faults(self):
        self.assertNotEqual(faults("if (Get-Service x { 1 }"), [])

    def test_what_runbooks_have_typed_on_windows_is_powershell(self):
        seen = 0
        for page in sorted((REPOSITORY / "alerts/runbooks").glob("*.md")):
            _, there, after = page.read_text().partition("PowerShell")
            for command in re.findall(r"`([^`]+)`", after.split("\n\n`logagent-exporter")[0]) if there else ():
                if not re.match(r"[A-Z][a-z]+-[A-Z]|\[IO|w32tm |curl.exe |certutil |sc.exe ", command):
                    continue
                seen += 1
                # It has no lists of bare words either. Values in brackets are filled in on a host.
                command = re.sub(r"(?<= )[A-Za-z]+(?:, [A-Za-z]+)+", lambda words: re.sub(r"\w+", r"'\g<0>'", words[0]), command)
                with self.subTest(page.name, command=command):
                    self.assertEqual(faults(re.sub(r"\\?<[a-z_]+\\?>", "'x'", command)), [])
        self.assertGreater(seen, 100)


class Service(Session):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shutil.rmtree(UNPACKED, ignore_errors=True)
        with zipfile.ZipFile(ZIP) as archive:
            archive.extractall(UNPACKED)
        cls.exporter = UNPACKED / ZIP.stem / "logagent-exporter.exe"

    def setUp(self):
        wine(self.exporter, "service", "uninstall", check=False)
        shutil.rmtree(CONFIG.parent, ignore_errors=True)
        self.addCleanup(wine, self.exporter, "service", "uninstall", check=False)

    def scraped(self):
        """Waits until a real Prometheus has scraped the service."""
        subprocess.run([REPOSITORY / "scripts/test-deps"], check=True)
        work = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        scrape = (REPOSITORY / "deploy/prometheus/scrape.yml").read_text()
        (work / "scrape.yml").write_text(scrape.replace("127.0.0.1:10077", f"127.0.0.1:{PORT}").replace("15s", "1s"))
        server = subprocess.Popen(
            [REPOSITORY / ".cache/prometheus/prometheus", f"--config.file={work}/scrape.yml", f"--storage.tsdb.path={work}/data",
             f"--web.listen-address=127.0.0.1:{PORT + 2}"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        query = urllib.parse.urlencode({"query": 'logagent_exporter_build_info{job="logagent-exporter"} and on(instance) up == 1'})

        def found():
            try:
                answer = urllib.request.urlopen(f"http://127.0.0.1:{PORT + 2}/api/v1/query?{query}", timeout=5)
            except OSError:
                return None
            return json.load(answer)["data"]["result"]

        [series] = eventually("a scrape", found)
        self.assertEqual(series["metric"]["target"], "x86_64-pc-windows-gnu")

    def test_a_life_as_a_service(self):
        said = wine(self.exporter, "service", "install", f"--web.listen-address=127.0.0.1:{PORT}")
        self.assertIn("logagent-exporter is running", said)
        eventually("it is ready", healthy)
        kept = registered()
        self.assertEqual(kept["ObjectName"], r"NT SERVICE\logagent-exporter")
        self.assertEqual(kept["Start"], "0x2", "with the system")
        self.assertEqual(
            kept["ImagePath"],
            r'"C:\Program Files\logagent-exporter\logagent-exporter.exe" '
            rf"--config.file=C:\ProgramData\logagent-exporter\logagent-exporter.yml --web.listen-address=127.0.0.1:{PORT}")
        source = wine("reg", "query", r"HKLM\System\CurrentControlSet\Services\EventLog\Application\logagent-exporter")
        self.assertIn("EventCreate.exe", source)
        self.assertEqual(PROGRAM.read_bytes(), self.exporter.read_bytes())
        self.assertTrue(CONFIG.read_text().startswith("#"), "a config that expects nothing")
        self.scraped()

        wine(self.exporter, "service", "stop")
        self.assertFalse(healthy())
        wine(self.exporter, "service", "stop")
        wine(self.exporter, "service", "start")
        eventually("it is ready again", healthy)
        wine(self.exporter, "service", "start")

        # `check` asks the running service over its pipe: it does not report what the service's config does not contain.
        CONFIG.write_text("agents: [{kind: logtail, name: by-config}]\n")
        asked = json.loads(wine(self.exporter, "check", "--format=json", check=False))
        self.assertNotIn("by-config", [agent["name"] for agent in asked["agents"]])
        looked = json.loads(wine(self.exporter, "check", "--format=json", "--local", "--probe.timeout=1s", check=False))
        self.assertNotEqual(asked["taken_at"], looked["taken_at"])

        # An upgrade keeps flags and config.
        CONFIG.write_text("agents: []\n")
        wine(self.exporter, "service", "install")
        eventually("it is ready after an upgrade", healthy)
        self.assertEqual(registered()["ImagePath"], kept["ImagePath"])
        self.assertEqual(CONFIG.read_text(), "agents: []\n")
        wine(self.exporter, "service", "install", f"--web.listen-address=127.0.0.1:{PORT + 1}")
        eventually("it is ready with other flags", lambda: healthy(PORT + 1))
        self.assertFalse(healthy())

        said = wine(self.exporter, "service", "uninstall")
        self.assertIn("logagent-exporter is removed", said)
        self.assertFalse(healthy(PORT + 1))
        eventually("the service is gone", lambda: not registered())
        self.assertFalse(PROGRAM.exists())
        self.assertTrue(CONFIG.exists(), "the config is kept")

    def test_what_cannot_be_is_said_before_anything_is_installed(self):
        for arguments, said in (
            (["service", "install", "--web.listen-address=x"], "it has no port"),
            (["service", "start"], "service install"),
        ):
            ran = run(self.exporter, *arguments)
            self.assertNotEqual(ran.returncode, 0)
            self.assertIn(said, ran.stderr.decode())
        self.assertEqual(registered(), {})
        self.assertFalse(PROGRAM.exists())


if __name__ == "__main__":
    unittest.main()
