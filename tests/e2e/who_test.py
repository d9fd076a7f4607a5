#!/usr/bin/env python3
"""`plimsoll who`: from what was done to a container to the login that asked for it. A real login uid, a real engine, the kernel's own audit
records. The audit state of the machine is left as it was found; one test at a time has it (/tmp/audit.lock)."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from support import IMAGE, PLIMSOLL, Docker, main, need, run

KEY = "plimsoll-who-" + os.urandom(3).hex()

# Becomes a login of its own, tells audit where it came from as a login service does, and runs the rest of its arguments.
LOGIN = r"""
import os, socket, struct, subprocess, sys
uid, address = sys.argv[1:3]
open("/proc/self/loginuid", "w").write(uid)
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
text = f'op=login acct="{uid}" exe="{os.path.realpath("/proc/self/exe")}" hostname=? addr={address} terminal=/dev/pts/7 res=success'.encode() + b"\0"
s.send(struct.pack("=IHHII", 16 + len(text), 1112, 5, 1, 0) + text)
s.recv(4096)
sys.exit(subprocess.run(sys.argv[3:]).returncode)
"""


def status():
    words = run("auditctl", "-s").stdout.decode().split("\n")
    return {line.split()[0]: line.split()[1] for line in words if len(line.split()) >= 2}


@need("docker", "dockerd", "busybox", "auditctl")
class Who(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lock = open("/tmp/audit.lock", "w")
        fcntl.flock(cls.lock, fcntl.LOCK_EX)
        cls.before = status()
        if cls.before["enabled"] == "2" or cls.before.get("loginuid_immutable", "0").startswith("1"):
            cls.lock.close()
            raise unittest.SkipTest("auditing or the login uid is locked")
        cls.docker = Docker()
        cls.docker.make_image()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-who-"))
        cls.ledger = cls.folder / "ledger"
        cls.rules = [("always,exit", "-F", "path=" + cls.docker.host.removeprefix("unix://"), "-k", KEY),
                     ("always,exit", "-F", "arch=b64", "-S", "execve", "-F", "auid>=4000", "-F", "auid!=4294967295", "-k", KEY)]
        run("auditctl", "-e", "1")
        for rule in cls.rules:
            run("auditctl", "-a", *rule)
        cls.start_agent()
        cls.docker.docker("run", "-d", "--name", "who-web", IMAGE, "sleep", "300")
        cls.login(4242, "192.0.2.7", "exec", "who-web", "sh", "-c", "echo hello; sleep 1")
        cls.login(4343, "192.0.2.8", "kill", "who-web")
        cls.wait_for("record.kind = session and container.name = who-web")
        cls.wait_for("docker.action = die and container.name = who-web")

    @classmethod
    def tearDownClass(cls):
        cls.agent.send_signal(signal.SIGTERM)
        cls.agent.wait(60)
        for rule in cls.rules:
            run("auditctl", "-d", *rule, check=False)
        run("auditctl", "-e", cls.before["enabled"], check=False)
        cls.docker.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.lock.close()

    @classmethod
    def start_agent(cls):
        config = cls.folder / "plimsoll.yaml"
        config.write_text(json.dumps({
            "ledger": {"path": str(cls.ledger)}, "engines": [cls.docker.host], "daemon_log": {"enabled": False}, "resources": {"every": "0s"},
            "audit": {"mode": "multicast"}, "agent": {"control_socket": str(cls.folder / "agent.sock"), "state": str(cls.folder / "state")}}))
        cls.agent = subprocess.Popen([PLIMSOLL, "agent", "--config", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            asked = run(PLIMSOLL, "status", "--socket", cls.folder / "agent.sock", "--json", check=False)
            if asked.returncode in (0, 1) and asked.stdout and all(s["connected"] for s in json.loads(asked.stdout)["sources"]):
                return
            if time.monotonic() > deadline or cls.agent.poll() is not None:
                raise AssertionError("the agent did not start")
            time.sleep(0.1)

    @classmethod
    def login(cls, uid, address, *words):
        run(sys.executable, "-c", LOGIN, uid, address, "docker", "-H", cls.docker.host, *words)

    @classmethod
    def wait_for(cls, condition):
        deadline = time.monotonic() + 30
        while not run(PLIMSOLL, "search", condition, "--ledger", cls.ledger, "--json").stdout:
            if time.monotonic() > deadline:
                raise AssertionError(f"nothing for {condition}")
            time.sleep(0.2)

    def who(self, *words):
        return [json.loads(line) for line in run(PLIMSOLL, "who", *words, "--ledger", self.ledger, "--json").stdout.decode().splitlines()]

    def test_an_exec_session_leads_to_the_login_that_asked_for_it(self):
        acts = [act for act in self.who("who-web") if act["act"].startswith("exec")]
        self.assertEqual(len(acts), 1, acts)
        act = acts[0]
        self.assertEqual((act["loginuid"], act["address"]), (4242, "192.0.2.7"), act)
        self.assertEqual(act["strength"], "inferred")
        self.assertIn("docker", act["command"])
        self.assertEqual([link["strength"] for link in act["links"]], ["proved", "inferred", "proved", "inferred", "proved"])

    def test_another_act_has_another_person(self):
        acts = {act["act"]: act for act in self.who("who-web")}
        self.assertIn("loginuid", acts["kill"], acts["kill"])
        self.assertEqual((acts["kill"]["loginuid"], acts["kill"]["address"]), (4343, "192.0.2.8"), acts["kill"])
        self.assertEqual(acts["start"].get("loginuid", -1), int(os.environ.get("AUDIT_LOGIN", -1)), acts["start"])

    def test_a_process_inside_leads_over_its_session_to_the_person(self):
        session = json.loads(run(PLIMSOLL, "search", "record.kind = session", "--ledger", self.ledger, "--json").stdout.splitlines()[0])
        acts = self.who(str(session["record.number"]))
        self.assertEqual(acts[0]["loginuid"], 4242)

    def test_timeline_and_report_name_them_too(self):
        told = run(PLIMSOLL, "timeline", "who-web", "--ledger", self.ledger).stdout.decode()
        self.assertIn("from 192.0.2.7", told)
        report = json.loads(run(PLIMSOLL, "report", "--since", "1h ago", "--ledger", self.ledger, "--format", "json").stdout)
        people = {one["who"]: one for one in report["people"]}
        mine = [one for who, one in people.items() if who.endswith("from 192.0.2.7")]
        self.assertEqual([one["sessions"] for one in mine], [1], people)

    def test_what_nobody_knows_is_an_answer_of_its_own(self):
        answer = run(PLIMSOLL, "who", "no-such", "--ledger", self.ledger, check=False)
        self.assertEqual(answer.returncode, 1)
        self.assertIn(b"nothing is recorded", answer.stderr)


if __name__ == "__main__":
    main()
