"""Commands that are not installed on this host, in a Debian root of their own (scripts/machines tools)."""

import os
import subprocess

from machine import REPOSITORY

ROOT = REPOSITORY / ".cache" / "machines" / "tools"
DIST = REPOSITORY / "target" / "dist"


def run(script, binds=(), check=True):
    """What a shell there says on both outputs, without network and with target/dist as /dist; what it writes is forgotten."""
    command = ["systemd-nspawn", f"--directory={ROOT}", "--register=no", "--keep-unit", "--pipe", "--volatile=overlay",
               "--private-network", "--quiet", f"--bind-ro={DIST}:/dist"]
    command += [f"--bind-ro={here}:{there}" for here, there in binds]
    process = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"', "sh",
         *command, "sh", "-c", script],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
    )
    assert not check or process.returncode == 0, f"{script!r} exits {process.returncode}: {process.stdout}"
    return process.stdout.strip()
