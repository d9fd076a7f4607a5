#!/usr/bin/env python3
"""`plimsoll top` beside real containers of a Docker daemon of its own: what it shows is what they do."""
import json
import os
import re
import time
import unittest

from support import PLIMSOLL, Docker, need, run


def top(*arguments, **options):
    return run(PLIMSOLL, "top", *arguments, **options)


def processor_seconds(pid):
    """User and system time of one process, proc(5)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@need("docker", "dockerd", "busybox")
class Usage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Docker()
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image(changes=("USER 0:0",))

    def start(self, name, *options, command=("sleep", "1000")):
        identity = self.engine.docker("run", "--detach", "--name", name, *options, "plimsoll-e2e:1.0", *command).stdout.decode().strip()
        self.addCleanup(self.engine.docker, "rm", "--force", name, check=False)
        return identity

    def rows(self, *arguments):
        """name -> row of one live table."""
        answer = json.loads(top("--json", "--host", self.engine.host, *arguments).stdout)
        return {row["name"]: row for row in answer["containers"]}

    def test_processor_time_and_limits(self):
        self.start("busy", "--cpus", "0.3", "--memory", "64m", "--pids-limit", "33", command=("sh", "-c", "while :; do :; done"))
        self.start("idle")
        pid = self.engine.docker("inspect", "-f", "{{.State.Pid}}", "busy").stdout.decode().strip()
        before, begin = processor_seconds(pid), time.monotonic()
        rows = self.rows()
        # What its one process used meanwhile, by another file of the kernel; a starved machine gives less than the limit.
        expected = 100 * (processor_seconds(pid) - before) / (time.monotonic() - begin)
        busy = rows["busy"]
        self.assertGreater(busy["cpu_percent"], expected / 2 - 3)
        self.assertLess(busy["cpu_percent"], min(expected * 2 + 3, 42))
        self.assertGreaterEqual(busy["throttled_percent"], 0)
        self.assertLess(rows["idle"]["cpu_percent"], 5)
        self.assertEqual(busy["memory_limit_bytes"], 64 << 20)
        self.assertEqual(busy["pids_limit"], 33)
        self.assertEqual(busy["pids"], 1)
        self.assertNotIn("memory_limit_bytes", rows["idle"])
        self.assertGreater(busy["memory_bytes"], 0)

    def test_a_kill_for_want_of_memory_is_counted(self):
        # Its child fills a variable beyond the limit; the container itself lives on.
        self.start("hungry", "--memory", "16m", "--memory-swap", "16m",
                   command=("sh", "-c", "sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'; sleep 1000"))
        deadline = time.monotonic() + 60
        while self.rows()["hungry"]["oom_kills"] == 0:
            self.assertLess(time.monotonic(), deadline, "no kill was counted")
        self.assertGreaterEqual(self.rows()["hungry"]["oom_kills"], 1)

    def test_network_volume(self):
        self.start("talker")
        self.start("alone", "--network", "none")
        gateway = self.engine.docker("inspect", "-f", "{{.NetworkSettings.Gateway}}", "talker").stdout.decode().strip()
        self.engine.docker("exec", "--detach", "talker", "busybox", "ping", "-s", "1000", "-i", "0.1", gateway)
        deadline = time.monotonic() + 60
        while self.rows()["talker"]["net_sent_bytes"] < 1000:
            self.assertLess(time.monotonic(), deadline, "nothing was sent")
        self.assertEqual(self.rows()["alone"]["net_sent_bytes"], 0)

    def test_a_table_for_people(self):
        self.start("web")
        text = top("--once", "--host", self.engine.host).stdout.decode()
        self.assertRegex(text.splitlines()[0], r"^CONTAINER +CPU % ")
        self.assertRegex(text.splitlines()[1], r"^host ")
        self.assertTrue(re.search(r"^web +\d", text, re.M), text)

    def test_without_an_engine_ids_are_the_names(self):
        identity = self.start("nameless")
        result = top("--json", "--host", "unix:///nonexistent.sock")
        answer = json.loads(result.stdout)
        self.assertIn(identity, [row["name"] for row in answer["containers"]])
        self.assertTrue(any("nonexistent" in note for note in answer["notes"]), answer["notes"])

    def test_a_container_that_ends_is_gone(self):
        self.start("short")
        self.assertIn("short", self.rows())
        self.engine.docker("rm", "--force", "short")
        self.assertNotIn("short", self.rows())


if __name__ == "__main__":
    unittest.main()
