"""The artefacts for arm64: each says so, and the program runs there, as far as an emulator tells."""

import json
import re
import subprocess
import tarfile
import unittest
import urllib.request

import tools
from machine import REPOSITORY, series

BINARY = REPOSITORY / "target/aarch64-unknown-linux-musl/release/logagent-exporter"


class Arm64(unittest.TestCase):
    def test_the_program_is_static_and_serves_metrics(self):
        self.assertIn(b"\xb7\x00", BINARY.read_bytes()[18:20], "ELF's number of this machine")
        said = subprocess.run(["readelf", "--program-headers", BINARY], check=True, capture_output=True, text=True).stdout
        self.assertNotIn("INTERP", said, "nothing else is loaded")
        process = subprocess.Popen(["qemu-aarch64-static", BINARY, "--web.listen-address=127.0.0.1:0", "--probe.timeout=1s"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            # Checks the address, not the message.
            address = next(found[1] for line in process.stdout if (found := re.search(r"http://(localhost:\d+|127\.0\.0\.1:\d+)/metrics", line)))
            text = urllib.request.urlopen(f"http://{address}/metrics", timeout=60).read().decode()
        finally:
            process.terminate()
            self.assertEqual(process.wait(60), 0)
            process.stdout.close()
        info = next(name for name in series(text) if name.startswith("logagent_exporter_build_info"))
        self.assertIn('target="aarch64-unknown-linux-musl"', info)

    def test_the_packages_and_the_image_are_of_this_architecture(self):
        self.assertEqual(tools.run("dpkg-deb --field /dist/*_arm64.deb Architecture").splitlines()[0], "arm64")
        self.assertEqual(tools.run("rpm --query --package --queryformat '%{ARCH}\\n' /dist/*.aarch64.rpm").splitlines()[0], "aarch64")
        [image] = tools.DIST.glob("*.linux-arm64.image.tar.gz")
        with tarfile.open(image) as archive:
            config = json.load(archive.extractfile("config.json"))
        self.assertEqual((config["architecture"], config["os"]), ("arm64", "linux"))
        [tarball] = tools.DIST.glob("*.linux-arm64.tar.gz")
        with tarfile.open(tarball) as archive:
            name = next(name for name in archive.getnames() if name.endswith("/logagent-exporter"))
            self.assertEqual(archive.extractfile(name).read(), BINARY.read_bytes())


if __name__ == "__main__":
    unittest.main()
