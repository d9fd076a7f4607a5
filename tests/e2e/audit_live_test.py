"""Linux audit records, live: the kernel's records, containers found, forgeries, losses, the import of old logs. Real kernel, real engine.
The audit state of the machine is left as it was found; one test at a time has it (/tmp/audit.lock)."""
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from support import IMAGE, PLIMSOLL, ROOT, SHARED, Agent, AuditState, Docker, as_login, audit_status, connect_program, main, need, run

KEY = "plimsoll-e2e-" + os.urandom(3).hex()
FORGER = r"""
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
text = b"op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=evil addr=6.6.6.6 terminal=ssh res=success\0"
s.send(struct.pack("=IHHII", 16 + len(text), 1112, 5, 1, 0) + text)
print(s.recv(4096)[16:20].hex())
"""


@need("docker", "dockerd", "busybox", "auditctl", "unshare")
class AuditLive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.audit = AuditState()
        cls.addClassCleanup(cls.audit.restore)
        cls.docker = Docker()
        cls.addClassCleanup(cls.docker.stop)
        cls.docker.make_image(changes=("USER 0:0",))
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-audit-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    def add_rule(self, *rule):
        self.addCleanup(self.audit.add(*rule))

    def watch_runtime(self):
        """As `auditd apply` does: starts of the runtime tell which container a `docker exec` is for, also when all of it is gone in a moment."""
        self.add_rule("always,exit", "-F", "path=" + os.path.realpath(shutil.which("runc")), "-F", "perm=x", "-k", KEY + "-runtime")

    def setUp(self):
        run("auditctl", "-e", "1")
        run("auditctl", "-b", "8192")

    def start_agent(self, name, mode="multicast", **options):
        agent = Agent(self.folder, name, [self.docker.host], mode, **options)
        self.addCleanup(agent.stop)
        return agent

    def test_1_every_event_has_the_right_container(self):
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "execve,execveat", "-k", KEY)
        agent = self.start_agent("right")
        old = self.docker.docker("run", "-d", "--init", "--name", "eps-old", IMAGE, "sleep", "300").stdout.decode().strip()
        # Short programs, double forks whose first child is gone at once, an exec, and containers that live for a moment.
        storm = 'i=0; while [ $i -lt 100 ]; do /bin/true eps-storm; ( ( /bin/true eps-double & ) & ); i=$((i+1)); done; wait; echo eps-done'
        self.docker.docker("exec", "eps-old", "sh", "-c", storm)
        ids = []
        for i in range(5):
            self.docker.docker("run", "--name", f"eps-{i}", IMAGE, "/bin/true", "eps-short")
            ids.append(self.docker.docker("inspect", "-f", "{{.Id}}", f"eps-{i}").stdout.decode().strip())
        run("true", "eps-host")
        agent.wait_for(f"audit.keys intersects ({KEY}) and proc.args = eps-host")
        agent.wait_for(f"audit.keys intersects ({KEY}) and proc.args = eps-short", 5)
        for marker, count in (("eps-storm", 100), ("eps-double", 100)):
            events = agent.wait_for(f"evt.source = audit and audit.keys intersects ({KEY}) and proc.exepath startswith /bin and proc.args = {marker}", count)
            self.assertEqual({event.get("container.full_id") for event in events}, {old}, marker)
            self.assertEqual({event.get("container.name") for event in events}, {"eps-old"}, marker)
        events = agent.search(f"evt.source = audit and audit.keys intersects ({KEY}) and proc.exepath startswith /bin and proc.args = eps-short")
        self.assertEqual(sorted(event["container.full_id"] for event in events), sorted(ids))
        host = agent.search(f"evt.source = audit and audit.keys intersects ({KEY}) and proc.args = eps-host")
        self.assertEqual({event["container.id"] for event in host}, {"host"})
        for event in agent.search(f"evt.source = audit and audit.keys intersects ({KEY}) and proc.name in (docker, runc, dockerd)"):
            self.assertIn(event.get("audit.attributed", "runtime"), ("runtime", "ancestor", "shim"))

    def test_1b_a_reader_that_is_late_mistakes_no_container_for_another(self):
        """Whole lives pass while it waits, one after the other on the same device number."""
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "execve,execveat", "-k", KEY)
        agent = self.start_agent("late")
        lives = {}
        self.docker.docker("run", "--name", "eps-seen", IMAGE, "/bin/true", "eps-late-seen")
        agent.wait_for(f"audit.keys intersects ({KEY}) and proc.exepath startswith /bin and proc.args = eps-late-seen")
        agent.process.send_signal(signal.SIGSTOP)
        try:
            for i in range(6):
                self.docker.docker("run", "--name", f"eps-late-{i}", IMAGE, "/bin/true", f"eps-late-{i}")
                lives[f"eps-late-{i}"] = self.docker.docker("inspect", "-f", "{{.Id}}", f"eps-late-{i}").stdout.decode().strip()
        finally:
            agent.process.send_signal(signal.SIGCONT)
        events = agent.wait_for(f"audit.keys intersects ({KEY}) and proc.exepath startswith /bin and proc.args startswith eps-late-", 7)
        self.assertEqual({event["proc.args"]: event["container.full_id"] for event in events if event["proc.args"] != "eps-late-seen"}, lives)

    def test_2_connects_to_the_socket_are_told_and_judged(self):
        socket_path = self.docker.host.removeprefix("unix://")
        self.add_rule("always,exit", "-F", "path=" + socket_path, "-k", KEY)
        agent = self.start_agent("connects")
        self.docker.docker("version")
        events = agent.wait_for(f"evt.type = connect and audit.keys intersects ({KEY}) and proc.name = docker")
        self.assertEqual(events[0]["fd.name"], socket_path)
        self.assertEqual(events[0]["user.name"], "root")
        self.assertEqual(events[0]["audit.types"][:4], ["SYSCALL", "SOCKADDR", "CWD", "PATH"])
        # A process of its own: of one that began before auditing was first switched on there are no records.
        run(sys.executable, "-c", f"import socket; socket.socket(socket.AF_UNIX).connect({socket_path!r})")
        alerts = agent.wait_for("record.kind = alert and alert.rule = \"Engine's socket used by an unexpected program\"")
        self.assertIn("python", alerts[0]["alert.output"])

    def test_3_a_record_forged_in_a_container_is_recognised(self):
        self.watch_runtime()
        agent = self.start_agent("forged")
        python = pathlib.Path("/usr/bin/python3").resolve()  # the system's own: it needs nothing but /usr and /lib
        if not python.exists():
            self.skipTest("needs /usr/bin/python3")
        self.docker.docker("run", "-d", "--name", "eps-forger", "--network", "none", "-v", "/usr:/usr:ro", "-v", "/lib:/lib:ro",
                           "-v", "/lib64:/lib64:ro", IMAGE, "sleep", "300")
        # One that is gone before anybody can look where it ran is recognised, or said to be unknown; never passed over as genuine.
        answer = self.docker.docker("exec", "eps-forger", str(python), "-c", FORGER)
        self.assertEqual(answer.stdout.decode().strip(), "00000000")
        gone = agent.wait_for("audit.type = USER_LOGIN")[0]
        self.assertIn("audit.forged", gone | gone.get("unknown", {}))
        answer = self.docker.docker("exec", "eps-forger", str(python), "-c", FORGER + "import time\ntime.sleep(3)\n")
        self.assertEqual(answer.stdout.decode().strip(), "00000000")
        event = agent.wait_for("audit.type = USER_LOGIN and audit.forged exists")[0]
        self.assertEqual(event["container.name"], "eps-forger")
        self.assertEqual(event["audit.claim"]["addr"], "6.6.6.6")
        self.assertNotIn("proc.exepath", event)
        agent.wait_for('record.kind = alert and alert.rule = "Forged audit record"')

    def test_4_secrets_are_masked(self):
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "execve", "-F", "exe=" + str(pathlib.Path(shutil.which("env")).resolve()), "-k", KEY + "-m")
        agent = self.start_agent("masked")
        run("env", "EPS_PASSWORD=hunter2 and more", "true")
        event = agent.wait_for(f"audit.keys intersects ({KEY}-m) and proc.args contains EPS_PASSWORD")[0]
        self.assertIn("EPS_PASSWORD=***", event["proc.args"])
        self.assertIn("assignment", event["audit.masked"])
        agent.stop()
        for path in agent.ledger.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"hunter2", path.read_bytes(), path)

    def test_5_what_the_kernel_loses_is_a_record(self):
        probe = self.folder / "probe"
        probe.write_text("x")
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "openat", "-F", "path=" + str(probe), "-k", KEY + "-l")
        agent = self.start_agent("lost")
        run("auditctl", "-r", "50")
        self.addCleanup(run, "auditctl", "-r", self.audit.before["rate_limit"], check=False)
        run("python3", "-c", f"for i in range(3000): open({str(probe)!r}).close()")
        run("auditctl", "-r", "0")
        losses = agent.wait_for("record.kind = loss and evt.source = audit and loss.what = audit-records and loss.count > 0")
        self.assertLess(losses[0]["loss.from"], losses[0]["loss.until"])
        agent.wait_for('record.kind = alert and alert.rule = "Audit records lost"')

    def test_6_as_the_daemon_it_gives_the_place_back(self):
        run("auditctl", "-e", "0")
        run("auditctl", "-b", "64")
        agent = self.start_agent("daemon", "daemon")
        now = audit_status()
        self.assertEqual(now["pid"], str(agent.pid))
        self.assertEqual(now["enabled"], "1")
        self.assertEqual(now["backlog_limit"], "8192")
        run("auditctl", "-m", "eps hello")
        agent.wait_for("audit.type = USER and audit.result = success")
        other = self.start_agent("second", "daemon", wait=False)
        told = f"another audit daemon is registered: pid {agent.pid}"
        other.wait(lambda sources: any(told in source["fault"] for source in sources), told)
        other.stop()
        agent.stop()
        self.assertEqual({key: audit_status()[key] for key in ("pid", "enabled", "backlog_limit")}, {"pid": "0", "enabled": "0", "backlog_limit": "64"})

    def test_7_another_network_namespace_is_named(self):
        agent = self.start_agent("netns", within=("unshare", "--net"), wait=False)
        agent.wait(lambda sources: any("network namespace" in source["fault"] for source in sources), "the network namespace is named")

    def test_8_old_logs_are_imported_once_with_and_without_the_agent(self):
        log = SHARED / "data/audit/sample-seq-raw.log"
        if not log.exists():
            self.skipTest("needs " + str(log))
        copy = self.folder / "audit.log"
        lines = log.read_bytes().splitlines(keepends=True)
        copy.write_bytes(b"".join(lines[:1000]))
        for name, with_agent in (("import-alone", False), ("import-agent", True)):
            ledger, socket_path = self.folder / name, self.folder / "none.sock"
            if with_agent:
                agent = self.start_agent(name)
                ledger, socket_path = agent.ledger, agent.socket
            def search(condition):
                found = run(PLIMSOLL, "search", condition, "--ledger", ledger, "--json")
                return [json.loads(line) for line in found.stdout.decode().splitlines()]
            command = (PLIMSOLL, "auditd", "import", copy, "--ledger", ledger, "--socket", socket_path, "--json")
            copy.write_bytes(b"".join(lines[:1000]))
            first = json.loads(run(*command).stdout)
            self.assertEqual(first["by_agent"], with_agent)
            self.assertGreater(first["added"], 100)
            again = json.loads(run(*command).stdout)
            self.assertEqual((again["added"], again["known"]), (0, first["added"]))
            copy.write_bytes(b"".join(lines))
            grown = json.loads(run(*command).stdout)
            self.assertLessEqual(abs(first["added"] + grown["added"] - 556), 1)  # the event at the cut may be told twice
            events = search("evt.source = audit and audit.imported exists")
            self.assertEqual(len(events), first["added"] + grown["added"])
            shims = [event for event in events if event.get("container.full_id", "").startswith("676cfb60f32a")]
            self.assertTrue(shims)
            self.assertEqual({event["audit.imported"] for event in events}, {str(copy)})
            self.assertFalse(search("record.kind = alert"))
            # What is older than the ledger is found by its time.
            at = run(PLIMSOLL, "search", "evt.source = audit", "--ledger", ledger, "--json", "--since", "2026-11-20T00:00:00Z",
                     "--until", "2026-11-21T00:58:00Z").stdout.decode().splitlines()
            self.assertTrue(at)
            told = run(PLIMSOLL, "timeline", "676cfb60f32a", "--ledger", ledger, "--json", check=False)
            self.assertEqual(told.returncode, 0, told.stderr.decode())
            if with_agent:
                agent.stop()
            verified = run(PLIMSOLL, "verify", "--ledger", ledger, check=False)
            self.assertEqual(verified.returncode, 0, verified.stdout.decode() + verified.stderr.decode())

    @unittest.skipUnless(platform.machine() == "x86_64" and shutil.which("cc"), "needs a C compiler on x86_64")
    def test_9_a_connect_by_any_road_has_its_person_and_its_container(self):
        socket_path = self.docker.host.removeprefix("unix://")
        program = connect_program(self.folder)
        self.add_rule("always,exit", "-F", "path=" + socket_path, "-k", KEY + "-r")
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "execve", "-F", "auid>=4400", "-F", "auid<=4499", "-k", KEY + "-x")
        self.watch_runtime()
        agent = self.start_agent("roads", "daemon")
        self.docker.docker("run", "-d", "--name", "eps-roads", "--network", "none", "--security-opt", "seccomp=unconfined", "-v",
                           f"{socket_path}:/x/d.sock", "-v", f"{program}:/connect:ro", IMAGE, "sleep", "300")
        for place, road in enumerate(("plain", "i386", "socketcall", "uring", "sqpoll")):
            uid = 4400 + place
            with self.subTest(road=road):
                made = as_login(uid, "192.0.2.7", program, road, socket_path, check=False)
                if road in ("uring", "sqpoll") and made.stdout.strip() in (b"-38", b"-1"):
                    self.skipTest("this kernel has no io_uring")
                self.assertEqual((made.returncode, made.stdout.strip()), (0, b"0"))
                connects = f"audit.keys intersects ({KEY}-r) and (syscall.type in (connect, socketcall) or audit.uring = connect)"
                # io_uring's own thread (SQPOLL) writes a record without login and program: its pid leads to both.
                start = agent.wait_for(f"audit.keys intersects ({KEY}-x) and user.loginuid = {uid} and proc.exepath = {program}")[0]
                event = agent.wait_for(f"{connects} and proc.pid = {start['proc.pid']}")[0]
                self.assertEqual(event["container.id"], "host")
                self.assertEqual(event.get("user.loginuid"), None if road == "sqpoll" else uid)
                self.assertIn(socket_path, event["audit.paths"])
                if road in ("i386", "socketcall"):
                    self.assertEqual(event["audit.arch"], "i386")
                self.assertEqual("SYSCALL" in event["audit.types"], road != "sqpoll", event["audit.types"])
                act = agent.who(str(event["record.number"]))[0]
                self.assertEqual((act["loginuid"], act["strength"]), (uid, "inferred" if road == "sqpoll" else "proved"))
                # The same from a container in which the socket is mounted.
                inside = self.docker.docker("exec", "eps-roads", "/connect", road, "/x/d.sock", check=False)
                self.assertEqual(inside.stdout.strip(), b"0", inside.stderr)
                found = agent.wait_for(f"{connects} and container.name = eps-roads", place + 1)
                self.assertEqual(len(found), place + 1, "one for each road")

    @need("setpriv")
    def test_b_the_capabilities_of_the_unit_and_its_drop_in_are_enough_and_needed(self):
        folder = ROOT / "packaging" / "systemd"
        held = {name: re.findall(r"CAP_(\w+)", "".join(re.findall("^CapabilityBoundingSet=.*", (folder / name).read_text(), re.M)))
                for name in ("plimsoll-agent.service", "plimsoll-audit.conf")}
        bound = lambda names: ("setpriv", "--bounding-set", ",".join(["-all", *(f"+{name.lower()}" for name in names)]))
        unit, both = held["plimsoll-agent.service"], sum(held.values(), [])
        self.add_rule("always,exit", "-F", "path=" + self.docker.host.removeprefix("unix://"), "-k", KEY + "-c")
        for mode in ("multicast", "daemon"):
            agent = self.start_agent("bound-" + mode, mode, within=bound(both))
            self.docker.docker("version")
            agent.wait_for(f"evt.type = connect and audit.keys intersects ({KEY}-c) and proc.name = docker")
            self.assertEqual([s["note"] for s in agent.sources() if s["name"].startswith("audit") and "buffer" in s["note"]], [])
            agent.stop()
        poor = self.start_agent("poor", within=bound(unit), wait=False)
        poor.wait(lambda sources: any("CAP_AUDIT_READ" in source["fault"] for source in sources), "the missing capability is named")

    @need("systemd-analyze")
    def test_c_systemd_takes_the_unit_with_its_drop_in(self):
        units = self.folder / "units"
        drop_in = units / "plimsoll-agent.service.d" / "audit.conf"
        drop_in.parent.mkdir(parents=True)
        shutil.copy(ROOT / "packaging" / "systemd" / "plimsoll-audit.conf", drop_in)
        text = (ROOT / "packaging" / "systemd" / "plimsoll-agent.service").read_text()
        unit = units / "plimsoll-agent.service"
        unit.write_text(text.replace("/usr/bin/plimsoll", PLIMSOLL))
        verify = lambda: run("systemd-analyze", "verify", "--man=no", unit).stderr.decode()
        self.assertNotIn(str(units), verify())
        drop_in.write_text(drop_in.read_text() + "NoSuchSetting=1\n")
        self.assertIn("NoSuchSetting", verify(), "the drop-in is looked at")

    @unittest.skipUnless(shutil.which("podman") and shutil.which("conmon"), "needs podman")
    def test_a_podman_leads_to_the_login_without_a_daemon(self):
        store = [str(word) for word in ("--root", self.folder / "root", "--runroot", self.folder / "run", "--storage-driver", "vfs", "--cgroup-manager",
                                        "cgroupfs", "--runtime", "runc", "--events-backend", "file", "--tmpdir", self.folder / "tmp")]
        podman = ["podman", *store]
        service = subprocess.Popen([*podman, "system", "service", "--time=0", f"unix://{self.folder}/podman.sock"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        self.addCleanup(run, *podman, "rm", "--force", "--all", "--time", "0", check=False)
        shutil.copy(shutil.which("busybox"), self.folder / "busybox")
        run("tar", "-C", self.folder, "-cf", self.folder / "image.tar", "busybox")
        run(*podman, "import", self.folder / "image.tar", "plimsoll-e2e:1.0")
        self.add_rule("always,exit", "-F", "arch=b64", "-S", "execve", "-F", "auid>=4500", "-F", "auid<=4599", "-k", KEY + "-p")
        agent = Agent(self.folder, "daemonless", [f"unix://{self.folder}/podman.sock"])
        self.addCleanup(agent.stop)
        made = as_login(4501, "192.0.2.8", *podman, "run", "--detach", "--network", "none", "--name", "eps-pod", "--ulimit",
                        "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "plimsoll-e2e:1.0", "/busybox", "sleep", "600", check=False)
        if made.returncode != 0:
            self.skipTest("podman cannot start containers here: " + made.stderr.decode()[-300:])
        container = made.stdout.decode().strip()
        as_login(4502, "192.0.2.9", *podman, "exec", "eps-pod", "/busybox", "sleep", "1")
        agent.wait_for("record.kind = session and container.name = eps-pod")
        # A process inside carries the login itself.
        for uid, words in ((4501, "sleep 600"), (4502, "sleep 1")):
            event = agent.wait_for(f'audit.keys intersects ({KEY}-p) and user.loginuid = {uid} and proc.args = "{words}" and container.full_id = {container}')[0]
            act = agent.who(str(event["record.number"]))[0]
            self.assertEqual((act["loginuid"], act["strength"]), (uid, "proved"))
        acts = {act["act"].split()[0]: act for act in agent.who("eps-pod")}
        self.assertEqual((acts["start"]["loginuid"], acts["start"]["address"]), (4501, "192.0.2.8"), acts["start"])
        self.assertEqual((acts["exec"]["loginuid"], acts["exec"]["address"]), (4502, "192.0.2.9"), acts["exec"])
        self.assertIn("podman", acts["exec"]["command"])


if __name__ == "__main__":
    main()
