"""Commands that are not installed on this host, in a Debian root of their own (scripts/machines tools)."""

import subprocess

from machine import REPOSITORY

ROOT = REPOSITORY / ".cache" / "machines" / "tools"
DIST = REPOSITORY / "target" / "dist"


def run(script, binds=(), writable=(), check=True):
    """What a shell there says on both outputs, without network and with target/dist, as far as it is built, as /dist; what it writes
    is forgotten, but in what is bound to be written."""
    DIST.mkdir(parents=True, exist_ok=True)
    options = [f"--bind-ro={here}:{there}" for here, there in [(DIST, "/dist"), *binds]]
    options += [f"--bind={here}:{there}" for here, there in writable]
    process = subprocess.run([REPOSITORY / "scripts/in-tools", *options, "--", "sh", "-c", script], text=True, check=False,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert not check or process.returncode == 0, f"{script!r} exits {process.returncode}: {process.stdout}"
    return process.stdout.strip()


def prometheus():
    """What a machine needs to be scraped by a real Prometheus, as `Machine` binds it."""
    return [(ROOT / "usr/bin/prometheus", "/usr/bin/prometheus"), (REPOSITORY / "deploy/prometheus/scrape.yml", "/etc/scrape.yml")]
