"""Packages on a machine under a real systemd, scraped by a real Prometheus: installed, edited, upgraded, removed, purged."""

import pathlib
import subprocess
import tarfile
import tempfile
import unittest

import matrix
import tools
from machine import LEFT, LOGTAIL, REPOSITORY, Machine, eventually
from readme import printed, uninstalls

[DEB] = tools.DIST.glob("*_amd64.deb")
[RPM] = tools.DIST.glob("*.x86_64.rpm")
[TARBALL] = tools.DIST.glob("*.linux-amd64.tar.gz")

SUDO = REPOSITORY / ".cache/machines/sudo"

EDIT = "LOGAGENT_EXPORTER_LOG_LEVEL=debug"


# A package that stands in for the rest of a distribution.
BASE = r"""set -e
printf 'Name: base\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nProvides: /bin/sh\nBuildArch: noarch\n%%description\nx\n%%files\n' > /base.spec
rpmbuild --quiet --define '_topdir /build' -bb /base.spec
cp /build/RPMS/noarch/*.rpm /base/base.rpm"""

# An empty root, and a repository with the package and one in place of the rest of a distribution: a shell for the
# scriptlets.
DNF = r"""set -e
mkdir -p /r /repos /root2/bin /root2/lib64 /root2/lib /build
printf 'Name: base\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nProvides: /bin/sh\nBuildArch: noarch\n%%description\nx\n%%files\n' > /base.spec
rpmbuild --quiet --define '_topdir /build' -bb /base.spec 2>/dev/null
cp /build/RPMS/noarch/*.rpm /dist/{package} /r; createrepo_c --quiet /r
printf '[l]\nname=l\nbaseurl=file:///r\ngpgcheck=0\n' > /repos/l.repo
cp /bin/dash /root2/bin/sh; cp /bin/sed /bin/rm /root2/bin; cp /lib64/ld-linux-x86-64.so.2 /root2/lib64
cp /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/libselinux.so.1 /lib/x86_64-linux-gnu/libpcre2-8.so.0 /lib/x86_64-linux-gnu/libacl.so.1 /root2/lib
d() {{ dnf --quiet --assumeyes --installroot=/root2 --setopt=reposdir=/repos --setopt=module_platform_id=platform:el9 --releasever=9 --disableplugin='*' "$@"; }}
q() {{ rpm --root /root2 --query --queryformat 'shown: %{{VERSION}}-%{{RELEASE}}\n' logagent-exporter; }}
d install logagent-exporter; q
chroot /root2 /usr/bin/logagent-exporter --version | sed 's/ (.*//; s/^/shown: /'
mkdir /root2/proc && mount --bind /proc /root2/proc
chroot /root2 /usr/bin/logagent-exporter >/log 2>&1 &
exporter=$!
prometheus --config.file=/scrape.yml --storage.tsdb.path=/data --web.listen-address=127.0.0.1:9090 2>/prometheus.log &
up() {{ curl --silent --get --data-urlencode 'query=up{{job="logagent-exporter"}} == 1' http://127.0.0.1:9090/api/v1/query | grep --quiet '"1"'; }}
n=0; until up; do n=$((n + 1)); [ $n -lt 600 ] || {{ cat /log /prometheus.log; exit 1; }}; sleep 0.2; done; echo shown: scraped
kill $exporter; umount /root2/proc
echo '# edited' >> /root2/etc/sysconfig/logagent-exporter
cp /next/next.rpm /r; createrepo_c --quiet /r
d --refresh upgrade; tail -1 /root2/etc/sysconfig/logagent-exporter | sed 's/^/shown: /'; q
d remove logagent-exporter
test -e /root2/usr/bin/logagent-exporter || echo shown: removed
"""


def machine(*binds):
    """A machine with target/dist as /dist; there is no sudo on it, and everyone is root."""
    if not SUDO.exists():
        SUDO.parent.mkdir(parents=True, exist_ok=True)
        SUDO.write_text('#!/bin/sh\nexec "$@"\n')
        SUDO.chmod(0o755)
    return Machine([(tools.DIST, "/dist"), *tools.prometheus(), (SUDO, "/usr/bin/sudo"), *binds])


class Package:
    """What holds for each kind of package; `options` is where its flags are."""

    def installed(self, there, options):
        self.assertEqual(there.run("systemctl is-active logagent-exporter"), "active")
        self.assertEqual(there.run("systemctl is-enabled logagent-exporter"), "enabled")
        said = there.run("logagent-exporter config check /etc/logagent-exporter/logagent-exporter.yml")
        self.assertEqual(said, "/etc/logagent-exporter/logagent-exporter.yml: ok")
        variables = there.run("xargs -0 -n1 < /proc/$(systemctl show --property=MainPID --value logagent-exporter)/environ")
        self.assertIn("LOGAGENT_EXPORTER_CONFIG_FILE=/etc/logagent-exporter/logagent-exporter.yml", variables.splitlines(), options)
        for path in ("/usr/share/man/man1/logagent-exporter.1.gz", "/usr/share/bash-completion/completions/logagent-exporter"):
            self.assertTrue(there.succeeds(f"test -s {path}"), path)

    def typed(self, there):
        """What the README says to type next."""
        def diagnosis():
            said = there._shell(printed("sudo logagent-exporter check"))
            # 3: it has not evaluated everything yet.
            return said.returncode in (0, 1, 2) and said.stdout

        self.assertRegex(eventually("a diagnosis", diagnosis), "(?m)^. logtail.*: (ok|failing)")
        self.assertIn('logagent_agents 1\n', there.run(printed("curl ")) + "\n")

    def scraped(self, there):
        Package.typed(self, there)
        there.prometheus()

    def edited(self, there, options):
        there.run(f"echo {EDIT} >> {options}; echo 'detect: true' >> /etc/logagent-exporter/logagent-exporter.yml")

    def upgraded(self, there, options, before):
        self.assertIn(EDIT, there.run(f"cat {options}"))
        self.assertIn("detect: true", there.run("cat /etc/logagent-exporter/logagent-exporter.yml"))
        # dpkg does not wait until the service is ready.
        eventually("that it runs again", lambda: there.succeeds("systemctl is-active logagent-exporter"))
        self.assertNotEqual(there.unit("logagent-exporter", "MainPID")["MainPID"], before, "the new binary runs")


class Deb(unittest.TestCase, Package):
    def test_the_package_lives_as_it_should(self):
        options = "/etc/default/logagent-exporter"
        with machine() as there:
            there.run(LOGTAIL)
            there.run(f"cd /dist && {printed('apt-get')}")
            self.installed(there, options)
            self.scraped(there)
            self.edited(there, options)
            # The next release, which has another default file too.
            there.run(f"dpkg-deb --raw-extract /dist/{DEB.name} /tmp/next && echo '# new' >> /tmp/next{options}"
                      " && sed -i 's/^Version: .*/Version: 99.0.0-1/' /tmp/next/DEBIAN/control"
                      " && dpkg-deb --build /tmp/next /tmp/next.deb")
            before = there.unit("logagent-exporter", "MainPID")["MainPID"]
            there.run("dpkg --force-confdef --force-confold --install /tmp/next.deb")
            self.assertIn("99.0.0", there.run("dpkg-query --show logagent-exporter"))
            self.upgraded(there, options, before)
            there.run("dpkg --remove logagent-exporter")
            self.assertFalse(there.succeeds("systemctl is-active logagent-exporter"))
            self.assertTrue(there.succeeds(f"grep {EDIT} {options}"), "edits are kept until it is purged")
            there.run(uninstalls("apt-get"), stdin="y\n")
            self.assertEqual(there.run(LEFT), "")

    def test_what_the_administrator_switched_off_stays_off(self):
        with machine() as there:
            there.run("systemctl mask logagent-exporter")
            there.run(f"dpkg --install /dist/{DEB.name}")
            self.assertFalse(there.succeeds("systemctl is-active logagent-exporter"))

    def test_lintian_finds_nothing(self):
        said = tools.run(f"lintian --no-cfg --allow-root --fail-on error,warning --tag-display-limit 0 /dist/{DEB.name}")
        self.assertNotIn("W: ", said)


class Tarball(unittest.TestCase):
    def test_it_is_a_service_by_the_printed_command_and_gone_without_a_trace(self):
        with machine() as there:
            there.run(LOGTAIL)
            there.run(f"cd /dist && {printed('tar ')}")
            self.assertEqual(there.run("systemctl is-active logagent-exporter; systemctl is-enabled logagent-exporter"), "active\nenabled")
            Package.scraped(self, there)
            # The next release, by the first of the printed commands.
            before = there.unit("logagent-exporter", "MainPID")["MainPID"]
            unpack, _ = printed("tar ").split(" &&\n")
            there.run("cp -r /opt/logagent-exporter /tmp/next && echo '# the next release' >> /tmp/next/systemd/logagent-exporter.service"
                      f" && mkdir /tmp/release && tar --create --gzip --file /tmp/release/{TARBALL.name} --directory /tmp next")
            there.run(f"cd /tmp/release && {unpack} && systemctl daemon-reload && systemctl restart logagent-exporter")
            self.assertIn("# the next release", there.run("systemctl cat logagent-exporter"))
            self.assertNotEqual(there.unit("logagent-exporter", "MainPID")["MainPID"], before, "the new binary runs")
            there.run(uninstalls("/opt/"))
            self.assertEqual(there.run(LEFT), "")


class Sizes(unittest.TestCase):
    def test_they_are_those_of_the_support_matrix(self):
        [image], [chart] = tools.DIST.glob("*.linux-amd64.image.tar.gz"), tools.DIST.glob("*.chart.tgz")
        with tarfile.open(TARBALL) as archive:
            [program] = [member.size for member in archive if member.name.endswith("/logagent-exporter")]
        files = {"deb": DEB, "rpm": RPM, "tarball": TARBALL, "image": image, "chart, manifests": chart}
        sizes = {name: path.stat().st_size for name, path in files.items()} | {"program": program}
        matrix.compare(self, sizes)
        # The artefacts for Windows are compared in the tests for Windows.
        self.assertEqual({name for name, _ in matrix.told()} - set(sizes), {"zip for Windows"})


class Rpm(unittest.TestCase, Package):
    def next_release(self, directory):
        subprocess.run(
            [REPOSITORY / ".cache/tools/bin/cargo-generate-rpm", "--arch", "x86_64", "--auto-req", "disabled",
             "--payload-compress", "gzip", "--set-metadata", 'release = "2"', "--output", f"{directory}/next.rpm"],
            cwd=REPOSITORY, check=True)
        tools.run(BASE, writable=[(directory, "/base")])

    def test_the_package_lives_as_it_should(self):
        options = "/etc/sysconfig/logagent-exporter"
        with tempfile.TemporaryDirectory() as directory:
            self.next_release(directory)
            with machine((directory, "/next")) as there:
                there.run(LOGTAIL)
                # The rest of such a distribution; this machine's own packages are not in rpm's database.
                there.run("rpm --install /next/base.rpm")
                there.run(f"cd /dist && {printed('rpm --install')}")
                self.installed(there, options)
                self.scraped(there)
                self.edited(there, options)
                before = there.unit("logagent-exporter", "MainPID")["MainPID"]
                there.run("rpm --upgrade --nodeps /next/next.rpm")
                self.upgraded(there, options, before)
                there.run(uninstalls("rpm "))
                self.assertFalse(there.succeeds("systemctl is-active logagent-exporter"))
                # rpm keeps edited files under another name.
                kept = there.run(LEFT).splitlines()
                self.assertEqual(sorted(kept), ["/etc/logagent-exporter", "/etc/logagent-exporter/logagent-exporter.yml.rpmsave",
                                                "/etc/sysconfig/logagent-exporter.rpmsave"])

    def test_an_old_systemd_gets_its_drop_in_and_gives_it_back(self):
        drop_in = "/etc/systemd/system/logagent-exporter.service.d/old-systemd.conf"
        with machine() as there:
            # A systemctl that reports the version of CentOS 7 and supports what is needed here.
            there.run("mkdir /tmp/old && printf '#!/bin/sh\\n[ \"$1\" = --version ] && echo systemd 219 && exit\\nexec /usr/bin/systemctl \"$@\"\\n'"
                      " > /usr/local/sbin/systemctl && chmod +x /usr/local/sbin/systemctl")
            there.run(f"PATH=/usr/local/sbin:$PATH rpm --install --nodeps --define '_install_script_path /usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' /dist/{RPM.name}")
            self.assertEqual(there.run(f"cat {drop_in}"), (REPOSITORY / "deploy/systemd/old-systemd.conf").read_text().strip())
            self.assertEqual(there.run("systemctl is-active logagent-exporter"), "active")
            there.run("rpm --erase --nodeps logagent-exporter")
            self.assertEqual(there.run(LEFT), "")

    def test_dnf_installs_upgrades_and_removes_it_in_an_empty_root(self):
        with tempfile.TemporaryDirectory() as directory:
            self.next_release(directory)
            said = tools.run(DNF.format(package=RPM.name), [(directory, "/next"), (REPOSITORY / "deploy/prometheus/scrape.yml", "/scrape.yml")])
            self.assertEqual([line for line in said.splitlines() if line.startswith("shown: ")], [
                "shown: 0.1.0-1", "shown: logagent-exporter, version 0.1.0", "shown: scraped", "shown: # edited", "shown: 0.1.0-2", "shown: removed"], said)

    def test_rpmlint_finds_nothing(self):
        configuration = REPOSITORY / "deploy/package/rpmlint.toml"
        said = tools.run(f"rpmlint --config /rpmlint.toml --strict /dist/{RPM.name}", [(configuration, "/rpmlint.toml")])
        self.assertIn("0 errors, 0 warnings", said)


if __name__ == "__main__":
    unittest.main()
