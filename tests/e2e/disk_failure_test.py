"""The recorder on a disk that refuses to sync: nothing is acknowledged that is not on the disk, status says so, and when the disk works
again the record of what was lost is in the ledger. fdatasync(2) of the log is made to fail by a library that is loaded before libc."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from agent_test import NEEDS, Agent, eventually
from support import IMAGE, PLIMSOLL, SANITIZED, Docker, main, run

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fdatasync(int fd) {
    char link[64], name[4096];
    const char* flag = getenv("FAILING_DISK");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, name, sizeof name - 1);
    name[size < 0 ? 0 : size] = 0;
    if (flag && strstr(name, ".wal") && access(flag, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return next(fd);
}
"""


@NEEDS
@unittest.skipIf(SANITIZED, "the sanitizer's library must be loaded first")
@unittest.skipUnless(shutil.which("cc"), "needs a C compiler")
class FailingDisk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-disk-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "shim.c").write_text(SHIM)
        run("cc", "-shared", "-fPIC", "-o", cls.folder / "shim.so", cls.folder / "shim.c", "-ldl")
        cls.engine = Docker()
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image(changes=())

    def agent(self, config=""):
        """An agent whose disk fails as long as the file `fails` is there."""
        self.fails = self.folder / "fails"
        before = dict(os.environ)
        os.environ.update(LD_PRELOAD=str(self.folder / "shim.so"), FAILING_DISK=str(self.fails))
        try:
            agent = Agent(self.engine.host, config)
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.addCleanup(agent.remove)
        self.addCleanup(lambda: self.fails.unlink(missing_ok=True))
        eventually(agent.connected)
        return agent

    def test_the_agent_says_so_keeps_going_and_tells_what_was_lost(self):
        agent = self.agent()
        self.engine.docker("run", "--rm", "--name", "before", IMAGE, "true")
        eventually(lambda: agent.search("docker.action = destroy and container.name = before"))
        durable = agent.status()["ledger"]["durable"]

        self.fails.touch()
        self.engine.docker("run", "--rm", "--name", "during", IMAGE, "true")
        broken = eventually(lambda: (s := agent.status()) and s["ledger"]["fault"] and s)
        self.assertIn("Input/output error", broken["ledger"]["fault"])
        self.assertFalse(broken["healthy"])
        self.assertEqual(run(PLIMSOLL, "status", "--socket", agent.socket, check=False).returncode, 1)
        time.sleep(1)
        still = agent.status()
        self.assertEqual(still["ledger"]["durable"], broken["ledger"]["durable"], "nothing more is acknowledged")
        self.assertGreaterEqual(still["ledger"]["durable"], durable)
        self.assertIsNone(agent.process.poll(), "it keeps going")
        self.assertIn("Input/output error", agent.log.read_text())

        self.fails.unlink()
        eventually(lambda: not agent.status()["ledger"]["fault"])
        self.engine.docker("run", "--rm", "--name", "after", IMAGE, "true")
        eventually(lambda: agent.search("docker.action = destroy and container.name = after"))
        refused = agent.status()["ledger"]["refused"]
        told = sum(int(r["loss.count"]) for r in agent.search("record.kind = loss and loss.reason = 'the ledger could not be written'"))
        self.assertEqual(told, refused, "what was refused is told of in the ledger")
        self.assertTrue(refused > 0 or agent.search("container.name = during"), "either it is there or its loss is")
        self.assertEqual(agent.stop(), 0)
        run(PLIMSOLL, "verify", "--ledger", agent.ledger)

    def test_alerts_go_out_though_nothing_is_recorded(self):
        alerts = self.folder / "alerts"
        agent = self.agent(f"alerts: {{sinks: [{{type: file, name: file, path: {alerts}}}]}}\n")
        self.fails.touch()
        self.engine.docker("run", "--rm", "--name", "first", IMAGE, "true")
        eventually(lambda: agent.status()["ledger"]["fault"])
        self.engine.docker("run", "--rm", "--name", "evil", "--cap-add", "SYS_ADMIN", "--volume", "/:/host", IMAGE, "true")

        def told():
            lines = [json.loads(line) for line in alerts.read_text().splitlines()] if alerts.exists() else []
            return [line for line in lines if line["fields"].get("container.name") == "evil"]
        line = eventually(told)[0]
        self.assertEqual(line["number"], 0)
        self.assertIn("Input/output error", line["fields"]["loss.reason"])
        self.fails.unlink()
        eventually(lambda: not agent.status()["ledger"]["fault"])
        self.assertEqual(agent.stop(), 0)
        run(PLIMSOLL, "verify", "--ledger", agent.ledger)

    def test_an_agent_that_is_killed_meanwhile_loses_nothing_acknowledged(self):
        agent = self.agent()
        self.engine.docker("run", "--rm", "--name", "kept", IMAGE, "true")
        eventually(lambda: agent.search("docker.action = destroy and container.name = kept"))
        durable = agent.status()["ledger"]["durable"]
        self.fails.touch()
        self.engine.docker("run", "--rm", "--name", "lost", IMAGE, "true")
        eventually(lambda: agent.status()["ledger"]["fault"])
        agent.kill()
        self.fails.unlink()
        agent.start()
        self.assertGreaterEqual(agent.status()["ledger"]["durable"], durable)
        self.assertTrue(agent.search("docker.action = destroy and container.name = kept"))
        self.assertEqual(agent.stop(), 0)
        run(PLIMSOLL, "verify", "--ledger", agent.ledger)


if __name__ == "__main__":
    main()
