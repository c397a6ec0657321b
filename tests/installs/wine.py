"""Programs of Windows under Wine, and its service manager.

Debian's Wine ends a session (its server, the service manager and every service) with the last program that is no service, and the next program
begins another, in which all services that start with the system are started again. Whoever asks for a service with one program and
looks at it with the next must hold the session that both belong to: `Session`."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from machine import PATIENCE, REPOSITORY, eventually

WINDOWS = REPOSITORY / "scripts/windows"
DRIVE = REPOSITORY / ".cache/windows/prefix/drive_c"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "x86_64-pc-windows-gnu"


def run(*arguments):
    """Runs a program of Windows; its exit code and what it printed."""
    # Into files: processes that Wine starts in the background inherit them, and would keep a pipe open for as long as
    # they run.
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        ran = subprocess.run([WINDOWS, "run", *arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, timeout=PATIENCE, check=False)
        for printed in (stdout, stderr):
            printed.seek(0)
        return subprocess.CompletedProcess(ran.args, ran.returncode, stdout.read(), stderr.read())


def wine(*arguments, check=True):
    """What a program of Windows prints; unless told otherwise it must succeed."""
    ran = run(*arguments)
    if check and ran.returncode != 0:
        raise AssertionError(f"{arguments}: {ran.returncode}: {ran.stdout!r} {ran.stderr!r}")
    return ran.stdout.decode("utf-8", "replace")


def state(service):
    """The state of a service as the service manager names it, or None if there is no such service."""
    found = re.search(r"STATE +: \d+ +(\w+)", wine("sc", "query", service, check=False))
    return found and found[1]


def start(service):
    """Starts a service, and waits until it has said that it runs: before that it takes no orders."""
    wine("sc", "start", service)
    eventually(f"{service} runs", lambda: state(service) == "RUNNING")


def stop(service):
    """Stops a service that runs, and waits until it has."""
    # sc fails on a busy machine if the service's process ends before its answer was read: the state is what counts.
    wine("sc", "stop", service, check=False)
    eventually(f"{service} has stopped", lambda: state(service) == "STOPPED")


def remove(service):
    """Stops and deletes a service, whatever there is of it; one of the same name can be created afterwards."""
    if state(service) == "RUNNING":
        stop(service)
    if state(service):
        wine("sc", "delete", service)
        eventually(f"{service} is gone", lambda: state(service) is None)


class Session(unittest.TestCase):
    """Tests of one session of Wine, which ends with them and whatever they left in it."""

    @classmethod
    def setUpClass(cls):
        # An interrupted run has left its own directory.
        subprocess.run([WINDOWS, "end"], stdin=subprocess.DEVNULL, check=True)
        holder = subprocess.Popen([WINDOWS, "run", "cmd", "/c", "echo held & set /p end="],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(holder.communicate)
        cls.addClassCleanup(subprocess.run, [WINDOWS, "end"], stdin=subprocess.DEVNULL, check=True)
        if not holder.stdout.readline().startswith(b"held"):
            raise AssertionError(f"no session of Wine: {holder.wait()}")
