"""What is built for glibc: names are found wherever the host's name service finds them. The static one knows files and DNS only."""

import json
import pathlib
import subprocess
import tarfile
import tempfile
import unittest

import tools
from machine import REPOSITORY

STATIC = REPOSITORY / "target/x86_64-unknown-linux-musl/release/logagent-exporter"

# A source of names: a name service module that resolves one name.
MODULE = r"""
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <nss.h>
#include <string.h>
#include <arpa/inet.h>
enum nss_status _nss_onename_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat, char *buffer, size_t length,
                                              int *errnop, int *herrnop, int32_t *ttlp) {
    (void)ttlp;
    if (strcmp(name, "only.by.module") != 0 || length < sizeof **pat + 32) {
        *errnop = ENOENT;
        *herrnop = HOST_NOT_FOUND;
        return NSS_STATUS_NOTFOUND;
    }
    struct gaih_addrtuple *found = *pat ? *pat : (void *)(((uintptr_t)buffer + 15) & ~(uintptr_t)15);
    memset(found, 0, sizeof *found);
    found->name = (char *)name;
    found->family = AF_INET;
    found->addr[0] = inet_addr("127.0.0.1");
    *pat = found;
    return NSS_STATUS_SUCCESS;
}
"""

# In a separate network and mount namespace: a server on port 8000, and a name service that asks the module.
SCRIPT = """
ip link set lo up
mount --bind {work}/nsswitch.conf /etc/nsswitch.conf
python3 -m http.server --bind 127.0.0.1 8000 >/dev/null 2>&1 &
server=$!
until curl --silent --output /dev/null http://127.0.0.1:8000/; do sleep 0.1; done
LD_LIBRARY_PATH={work} {program} check --local --config.file={work}/exporter.yml --format=json || true
kill $server
"""


class Glibc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        [tarball] = tools.DIST.glob("*.linux-amd64-glibc.tar.gz")
        with tarfile.open(tarball) as archive:
            archive.extractall(cls.work, filter="data")
        [cls.directory] = cls.work.glob("logagent-exporter-*")
        (cls.work / "module.c").write_text(MODULE)
        subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", cls.work / "libnss_onename.so.2", cls.work / "module.c"], check=True)
        (cls.work / "nsswitch.conf").write_text("passwd: files\nhosts: files onename\n")
        (cls.work / "exporter.yml").write_text(
            "agents: [{kind: custom, name: one, endpoints: [{url: 'http://only.by.module:8000/', expect_status: [200]}]}]\n")

    def network(self, program):
        """What is said of the network prerequisite where this program looks."""
        process = subprocess.run(["unshare", "--mount", "--net", "sh", "-ec", SCRIPT.format(work=self.work, program=program)],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
        self.assertEqual(process.returncode, 0, process.stderr)
        [agent] = json.loads(process.stdout)["agents"]
        return next(each for each in agent["prerequisites"] if each["id"] == "network")

    def test_it_resolves_as_the_hosts_name_service_does(self):
        self.assertEqual(self.network(self.directory / "logagent-exporter")["status"], "ok")

    def test_the_static_one_cannot_and_does_not_pretend_to_know(self):
        said = self.network(STATIC)
        self.assertEqual(said["status"], "unknown", said)
        self.assertIn("onename", json.dumps(said["unknown"]))

    def test_it_is_of_the_host_and_asks_for_no_newer_glibc_than_documented(self):
        said = subprocess.run(["readelf", "--version-info", self.directory / "logagent-exporter"], check=True, capture_output=True, text=True).stdout
        versions = {tuple(map(int, word.removeprefix("GLIBC_").split("."))) for word in said.split() if word.startswith("GLIBC_2")}
        documented = (REPOSITORY / "docs/installing.md").read_text()
        self.assertIn("glibc {}.{}".format(*max(versions)), documented)


if __name__ == "__main__":
    unittest.main()
