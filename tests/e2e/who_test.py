#!/usr/bin/env python3
"""`plimsoll who`: from what was done to a container to the login that asked for it. A real login uid, a real engine, the kernel's own audit
records. The audit state of the machine is left as it was found; one test at a time has it (/tmp/audit.lock)."""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

from support import IMAGE, PLIMSOLL, Agent, AuditState, Docker, as_login, main, need, run

KEY = "plimsoll-who-" + os.urandom(3).hex()


@need("docker", "dockerd", "busybox", "auditctl")
class Who(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        audit = AuditState()
        cls.addClassCleanup(audit.restore)
        cls.docker = Docker()
        cls.addClassCleanup(cls.docker.stop)
        cls.docker.make_image()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-who-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        run("auditctl", "-e", "1")
        audit.add("always,exit", "-F", "path=" + cls.docker.host.removeprefix("unix://"), "-k", KEY)
        audit.add("always,exit", "-F", "arch=b64", "-S", "execve", "-F", "auid>=4000", "-F", "auid!=4294967295", "-k", KEY)
        cls.agent = Agent(cls.folder, "ledger", [cls.docker.host])
        cls.addClassCleanup(cls.agent.stop)
        cls.ledger = cls.agent.ledger
        cls.docker.docker("run", "-d", "--name", "who-web", IMAGE, "sleep", "300")
        cls.login(4242, "192.0.2.7", "exec", "who-web", "sh", "-c", "echo hello; sleep 1")
        cls.login(4343, "192.0.2.8", "kill", "who-web")
        cls.agent.wait_for("record.kind = session and container.name = who-web")
        cls.agent.wait_for("docker.action = die and container.name = who-web")

    @classmethod
    def login(cls, uid, address, *words):
        as_login(uid, address, "docker", "-H", cls.docker.host, *words)

    def who(self, *words):
        return self.agent.who(*words)

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
