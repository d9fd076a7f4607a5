"""Linux audit records, live: the kernel's records, containers found, forgeries, losses, the import of old logs. Real kernel, real engine.
The audit state of the machine is left as it was found; one test at a time has it (/tmp/audit.lock)."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from support import IMAGE, PLIMSOLL, SHARED, Docker, need, run

KEY = "plimsoll-e2e-" + os.urandom(3).hex()
FORGER = r"""
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
text = b"op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=evil addr=6.6.6.6 terminal=ssh res=success\0"
s.send(struct.pack("=IHHII", 16 + len(text), 1112, 5, 1, 0) + text)
print(s.recv(4096)[16:20].hex())
"""


def status():
    words = run("auditctl", "-s").stdout.decode().split("\n")
    return {line.split()[0]: line.split()[1] for line in words if len(line.split()) >= 2}


@need("docker", "dockerd", "busybox", "auditctl", "unshare")
class AuditLive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lock = open("/tmp/audit.lock", "w")
        fcntl.flock(cls.lock, fcntl.LOCK_EX)
        cls.before = status()
        if cls.before["enabled"] == "2":
            raise unittest.SkipTest("auditing is locked")
        cls.docker = Docker()
        cls.docker.make_image(changes=("USER 0:0",))
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-audit-"))

    @classmethod
    def tearDownClass(cls):
        run("auditctl", "-e", cls.before["enabled"], check=False)
        run("auditctl", "-b", cls.before["backlog_limit"], check=False)
        run("auditctl", "--backlog_wait_time", cls.before["backlog_wait_time"], check=False)
        cls.docker.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.lock.close()

    def add_rule(self, *rule):
        run("auditctl", "-a", *rule)
        self.addCleanup(run, "auditctl", "-d", *rule, check=False)

    def setUp(self):
        run("auditctl", "-e", "1")
        run("auditctl", "-b", "8192")

    def start_agent(self, name, mode="multicast"):
        ledger = self.folder / name
        config = self.folder / f"{name}.yaml"
        config.write_text(json.dumps({
            "ledger": {"path": str(ledger)}, "engines": [self.docker.host], "daemon_log": {"enabled": False}, "resources": {"every": "0s"},
            "audit": {"mode": mode}, "agent": {"control_socket": str(self.folder / f"{name}.sock"), "state": str(self.folder / f"{name}.state")}}))
        log = open(self.folder / f"{name}.log", "wb")
        agent = subprocess.Popen([PLIMSOLL, "agent", "--config", str(config)], stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(self.stop_agent, agent)
        socket_path = str(self.folder / f"{name}.sock")
        deadline = time.monotonic() + 60
        while True:
            asked = run(PLIMSOLL, "status", "--socket", socket_path, "--json", check=False)
            if asked.returncode in (0, 1) and asked.stdout:
                sources = {source["name"]: source for source in json.loads(asked.stdout)["sources"]}
                if sources[f"audit {mode}"]["connected"] and all(s["connected"] for s in sources.values()):
                    return agent, ledger, socket_path
            if time.monotonic() > deadline or agent.poll() is not None:
                raise AssertionError((self.folder / f"{name}.log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def stop_agent(self, agent):
        if agent.poll() is None:
            agent.send_signal(signal.SIGTERM)
            agent.wait(60)

    def search(self, ledger, condition):
        found = run(PLIMSOLL, "search", condition, "--ledger", ledger, "--json")
        return [json.loads(line) for line in found.stdout.decode().splitlines()]

    def wait_for(self, ledger, condition, count=1, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            found = self.search(ledger, condition)
            if len(found) >= count or time.monotonic() > deadline:
                self.assertGreaterEqual(len(found), count, condition)
                return found
            time.sleep(0.3)

    def test_1_every_event_has_the_right_container(self):
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "execve,execveat", "-k", KEY)
        agent, ledger, _ = self.start_agent("right")
        old = self.docker.docker("run", "-d", "--init", "--name", "eps-old", IMAGE, "sleep", "300").stdout.decode().strip()
        # Short programs, double forks whose first child is gone at once, an exec, and containers that live for a moment.
        storm = 'i=0; while [ $i -lt 100 ]; do /bin/true eps-storm; ( ( /bin/true eps-double & ) & ); i=$((i+1)); done; wait; echo eps-done'
        self.docker.docker("exec", "eps-old", "sh", "-c", storm)
        ids = []
        for i in range(5):
            self.docker.docker("run", "--name", f"eps-{i}", IMAGE, "/bin/true", "eps-short")
            ids.append(self.docker.docker("inspect", "-f", "{{.Id}}", f"eps-{i}").stdout.decode().strip())
        run("true", "eps-host")
        self.wait_for(ledger, f"audit.keys intersects ({KEY}) and proc.args = eps-host")
        self.wait_for(ledger, f"audit.keys intersects ({KEY}) and proc.args = eps-short", 5)
        for marker, count in (("eps-storm", 100), ("eps-double", 100)):
            events = self.wait_for(ledger, f"evt.source = audit and audit.keys intersects ({KEY}) and proc.exepath startswith /bin and proc.args = {marker}", count)
            self.assertEqual({event.get("container.full_id") for event in events}, {old}, marker)
            self.assertEqual({event.get("container.name") for event in events}, {"eps-old"}, marker)
        events = self.search(ledger, f"evt.source = audit and audit.keys intersects ({KEY}) and proc.exepath startswith /bin and proc.args = eps-short")
        self.assertEqual(sorted(event["container.full_id"] for event in events), sorted(ids))
        host = self.search(ledger, f"evt.source = audit and audit.keys intersects ({KEY}) and proc.args = eps-host")
        self.assertEqual({event["container.id"] for event in host}, {"host"})
        for event in self.search(ledger, f"evt.source = audit and audit.keys intersects ({KEY}) and proc.name in (docker, runc, dockerd)"):
            self.assertIn(event.get("audit.attributed", "runtime"), ("runtime", "ancestor", "shim"))

    def test_2_connects_to_the_socket_are_told_and_judged(self):
        socket_path = self.docker.host.removeprefix("unix://")
        self.add_rule("always,exit", "-F", "path=" + socket_path, "-k", KEY)
        agent, ledger, _ = self.start_agent("connects")
        self.docker.docker("version")
        events = self.wait_for(ledger, f"evt.type = connect and audit.keys intersects ({KEY}) and proc.name = docker")
        self.assertEqual(events[0]["fd.name"], socket_path)
        self.assertEqual(events[0]["user.name"], "root")
        self.assertEqual(events[0]["audit.types"][:4], ["SYSCALL", "SOCKADDR", "CWD", "PATH"])
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(socket_path)
        alerts = self.wait_for(ledger, "record.kind = alert and alert.rule = \"Engine's socket used by an unexpected program\"")
        self.assertIn("python", alerts[0]["alert.output"])

    def test_3_a_record_forged_in_a_container_is_recognised(self):
        agent, ledger, _ = self.start_agent("forged")
        python = pathlib.Path("/usr/bin/python3").resolve()  # the system's own: it needs nothing but /usr and /lib
        if not python.exists():
            self.skipTest("needs /usr/bin/python3")
        self.docker.docker("run", "-d", "--name", "eps-forger", "--network", "none", "-v", "/usr:/usr:ro", "-v", "/lib:/lib:ro",
                           "-v", "/lib64:/lib64:ro", IMAGE, "sleep", "300")
        answer = self.docker.docker("exec", "eps-forger", str(python), "-c", FORGER)
        self.assertEqual(answer.stdout.decode().strip(), "00000000")
        event = self.wait_for(ledger, "audit.type = USER_LOGIN and audit.forged exists")[0]
        self.assertEqual(event["container.name"], "eps-forger")
        self.assertEqual(event["audit.claim"]["addr"], "6.6.6.6")
        self.assertNotIn("proc.exepath", event)
        self.wait_for(ledger, 'record.kind = alert and alert.rule = "Forged audit record"')

    def test_4_secrets_are_masked(self):
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "execve", "-F", "exe=" + str(pathlib.Path(shutil.which("env")).resolve()), "-k", KEY + "-m")
        agent, ledger, _ = self.start_agent("masked")
        run("env", "EPS_PASSWORD=hunter2 and more", "true")
        event = self.wait_for(ledger, f"audit.keys intersects ({KEY}-m) and proc.args contains EPS_PASSWORD")[0]
        self.assertIn("EPS_PASSWORD=***", event["proc.args"])
        self.assertIn("assignment", event["audit.masked"])
        self.stop_agent(agent)
        for path in ledger.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"hunter2", path.read_bytes(), path)

    def test_5_what_the_kernel_loses_is_a_record(self):
        probe = self.folder / "probe"
        probe.write_text("x")
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "openat", "-F", "path=" + str(probe), "-k", KEY + "-l")
        agent, ledger, socket_path = self.start_agent("lost")
        run("auditctl", "-r", "50")
        self.addCleanup(run, "auditctl", "-r", self.before["rate_limit"], check=False)
        run("python3", "-c", f"for i in range(3000): open({str(probe)!r}).close()")
        run("auditctl", "-r", "0")
        losses = self.wait_for(ledger, "record.kind = loss and evt.source = audit and loss.what = audit-records and loss.count > 0")
        self.assertLess(losses[0]["loss.from"], losses[0]["loss.until"])
        self.wait_for(ledger, 'record.kind = alert and alert.rule = "Audit records lost"')

    def test_6_as_the_daemon_it_gives_the_place_back(self):
        run("auditctl", "-e", "0")
        run("auditctl", "-b", "64")
        agent, ledger, _ = self.start_agent("daemon", "daemon")
        now = status()
        self.assertEqual(now["pid"], str(agent.pid))
        self.assertEqual(now["enabled"], "1")
        self.assertEqual(now["backlog_limit"], "8192")
        run("auditctl", "-m", "eps hello")
        self.wait_for(ledger, "audit.type = USER and audit.result = success")
        second = self.folder / "second.yaml"
        second.write_text(json.dumps({
            "ledger": {"path": str(self.folder / "second")}, "engines": [self.docker.host], "daemon_log": {"enabled": False},
            "resources": {"every": "0s"}, "audit": {"mode": "daemon"},
            "agent": {"control_socket": str(self.folder / "second.sock"), "state": str(self.folder / "second.state")}}))
        other = subprocess.Popen([PLIMSOLL, "agent", "--config", str(second)], stderr=subprocess.PIPE)
        self.addCleanup(self.stop_agent, other)
        deadline = time.monotonic() + 30
        fault = ""
        while "another audit daemon" not in fault and time.monotonic() < deadline:
            asked = run(PLIMSOLL, "status", "--socket", self.folder / "second.sock", "--json", check=False)
            if asked.stdout:
                fault = " ".join(source["fault"] for source in json.loads(asked.stdout)["sources"])
            time.sleep(0.2)
        self.assertIn(f"another audit daemon is registered: pid {agent.pid}", fault)
        self.stop_agent(other)
        self.stop_agent(agent)
        self.assertEqual({key: status()[key] for key in ("pid", "enabled", "backlog_limit")}, {"pid": "0", "enabled": "0", "backlog_limit": "64"})

    def test_7_another_network_namespace_is_named(self):
        config = self.folder / "netns.yaml"
        config.write_text(json.dumps({
            "ledger": {"path": str(self.folder / "netns")}, "engines": [self.docker.host], "daemon_log": {"enabled": False},
            "resources": {"every": "0s"}, "audit": {"mode": "multicast"},
            "agent": {"control_socket": str(self.folder / "netns.sock"), "state": str(self.folder / "netns.state")}}))
        agent = subprocess.Popen(["unshare", "--net", PLIMSOLL, "agent", "--config", str(config)], stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop_agent, agent)
        deadline = time.monotonic() + 40
        fault = ""
        while "network namespace" not in fault and time.monotonic() < deadline:
            asked = run(PLIMSOLL, "status", "--socket", self.folder / "netns.sock", "--json", check=False)
            if asked.stdout:
                fault = " ".join(source["fault"] for source in json.loads(asked.stdout)["sources"])
            time.sleep(0.3)
        self.assertIn("network namespace", fault)

    def test_8_old_logs_are_imported_once_with_and_without_the_agent(self):
        log = SHARED / "data/audit/sample-seq-raw.log"
        if not log.exists():
            self.skipTest("needs " + str(log))
        copy = self.folder / "audit.log"
        lines = log.read_bytes().splitlines(keepends=True)
        copy.write_bytes(b"".join(lines[:1000]))
        for name, agent in (("import-alone", False), ("import-agent", True)):
            ledger, socket_path = self.folder / name, str(self.folder / "none.sock")
            if agent:
                running, ledger, socket_path = self.start_agent(name)
            command = (PLIMSOLL, "auditd", "import", copy, "--ledger", ledger, "--socket", socket_path, "--json")
            copy.write_bytes(b"".join(lines[:1000]))
            first = json.loads(run(*command).stdout)
            self.assertEqual(first["by_agent"], agent)
            self.assertGreater(first["added"], 100)
            again = json.loads(run(*command).stdout)
            self.assertEqual((again["added"], again["known"]), (0, first["added"]))
            copy.write_bytes(b"".join(lines))
            grown = json.loads(run(*command).stdout)
            self.assertLessEqual(abs(first["added"] + grown["added"] - 556), 1)  # the event at the cut may be told twice
            events = self.search(ledger, "evt.source = audit and audit.imported exists")
            self.assertEqual(len(events), first["added"] + grown["added"])
            shims = [event for event in events if event.get("container.full_id", "").startswith("676cfb60f32a")]
            self.assertTrue(shims)
            self.assertEqual({event["audit.imported"] for event in events}, {str(copy)})
            self.assertFalse(self.search(ledger, "record.kind = alert"))
            # What is older than the ledger is found by its time.
            at = run(PLIMSOLL, "search", "evt.source = audit", "--ledger", ledger, "--json", "--since", "2026-11-20T00:00:00Z",
                     "--until", "2026-11-21T00:58:00Z").stdout.decode().splitlines()
            self.assertTrue(at)
            told = run(PLIMSOLL, "timeline", "676cfb60f32a", "--ledger", ledger, "--json", check=False)
            self.assertEqual(told.returncode, 0, told.stderr.decode())
            if agent:
                self.stop_agent(running)
            verified = run(PLIMSOLL, "verify", "--ledger", ledger, check=False)
            self.assertEqual(verified.returncode, 0, verified.stdout.decode() + verified.stderr.decode())


if __name__ == "__main__":
    unittest.main()
