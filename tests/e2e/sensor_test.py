"""The kernel sensor end to end: processes, files and connections of containers, judged by Falco's rules, with the person behind them.
Real kernel, real engine, an agent with a ledger of its own."""
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support import IMAGE, PLIMSOLL, ROOT, SHARED, Agent, Docker, as_login, main, need, run

FALCO = SHARED / "data" / "falco-rules"


@need("docker", "dockerd", "busybox", "cc")
class Sensor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.docker = Docker()
        cls.addClassCleanup(cls.docker.stop)
        cls.docker.make_image(changes=("USER 0:0",))
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-sensor-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        (cls.folder / "tools").mkdir()
        run("cc", "-O1", "-static", "-pthread", "-o", cls.folder / "tools" / "tricks", pathlib.Path(__file__).parent / "tricks.c")
        rules = [str(file) for file in sorted(FALCO.glob("*.yaml"))] if FALCO.is_dir() else []
        own = cls.folder / "own.yaml"
        own.write_text("- rule: shadow read\n  desc: test\n  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow\n"
                       "  output: shadow (%proc.cmdline)\n  priority: WARNING\n"
                       "- rule: odd spelling\n  desc: test\n  condition: evt.type = openat and fd.nameraw = /tmp/./twice\n"
                       "  output: spelled (%fd.nameraw)\n  priority: WARNING\n")
        cls.agent = Agent(cls.folder, "agent", [cls.docker.host], "off", sensor=True, rules=[*rules, str(own)])
        cls.addClassCleanup(cls.agent.stop)
        cls.docker.docker("run", "-d", "--name", "box", "-v", f"{cls.folder}/tools:/tools:ro", "--security-opt", "seccomp=unconfined", "--tmpfs", "/run/lock:exec",
                          IMAGE, "sleep", "3600")
        cls.docker.docker("exec", "box", "sh", "-c", "echo root:x:1: > /etc/shadow; ln -s /etc/shadow /tmp/link")

    def inside(self, *command, check=True):
        return self.docker.docker("exec", "box", *command, check=check)

    def test_programs_have_arguments_container_and_parents(self):
        self.inside("sh", "-c", "/bin/busybox true sensor-program & wait")
        event = self.agent.wait_for("evt.type = execve and proc.args = 'true sensor-program'")[0]
        self.assertEqual(event["container.name"], "box")
        self.assertEqual(event["container.image"], IMAGE)
        self.assertEqual(event["proc.exepath"], "/bin/busybox")
        self.assertEqual(event["proc.pname"], "sh")
        self.assertEqual(event["evt.source"], "syscall")
        ended = self.agent.wait_for(f"evt.type = procexit and proc.pid = {event['proc.pid']}")[0]
        self.assertEqual(ended["container.name"], "box")

    def test_files_are_named_by_the_kernel(self):
        self.inside("sh", "-c", "cd /tmp && echo x > ./../tmp/sensor-new && mv sensor-new sensor-moved && chmod 4755 sensor-moved && rm sensor-moved")
        self.assertTrue(self.agent.wait_for("evt.type in (open, openat) and fd.name = /tmp/sensor-new and evt.is_open_create = true and container.name = box"))
        self.assertTrue(self.agent.wait_for("evt.type in (rename, renameat, renameat2) and container.name = box"))
        self.assertTrue(self.agent.wait_for("evt.type in (unlink, unlinkat) and container.name = box"))
        self.assertTrue(self.agent.wait_for("evt.type in (chmod, fchmodat) and container.name = box"))

    def test_connections_have_both_ends(self):
        self.inside("sh", "-c", "nc -l -p 4711 127.0.0.1 & sleep 0.2; echo x | nc 127.0.0.1 4711; wait", check=False)
        event = self.agent.wait_for("evt.type = connect and fd.sport = 4711 and container.name = box")[0]
        self.assertEqual(event["fd.sip"], "127.0.0.1")

    def test_repetitions_are_counted_though_they_are_told_with_less(self):
        """What was folded comes without the caller's spelling, which this rule is about."""
        self.inside("sh", "-c", "echo x > /tmp/twice; /tools/tricks again /tmp/./twice")
        first = self.agent.wait_for("evt.type = openat and fd.name = /tmp/twice and fd.nameraw = /tmp/./twice")
        more = self.agent.wait_for(f"evt.count > 1 and fd.name = /tmp/twice and proc.pid = {first[0]['proc.pid']}")
        self.assertEqual(len(first) + sum(event["evt.count"] for event in more), 50)

    def test_questions_to_name_servers_are_recorded(self):
        self.inside("/tools/tricks", "ask", "127.0.0.1")
        event = self.agent.wait_for("dns.question.name = secret.thing.example")[0]
        self.assertEqual((event["dns.question.type"], event["container.name"], event["fd.sport"]), ("TXT", "box", 53))

    def test_programs_come_with_rights_and_script_and_end_with_their_time(self):
        self.inside("sh", "-c", "printf '#!/bin/sh\nsleep 0.2\n' > /tmp/nap; chmod 755 /tmp/nap; cd /tmp; ./nap")
        event = self.agent.wait_for("evt.type = execve and proc.script = ./nap and container.name = box")[0]
        self.assertIn("CAP_CHOWN", event["thread.cap_effective"])
        self.assertEqual((event["proc.cwd"], event["evt.arg"]["filename"]), ("/tmp/", "./nap"))
        ended = self.agent.wait_for(f"evt.type = procexit and proc.pid = {event['proc.pid']}")[0]
        self.assertGreater(ended["proc.duration"], 200_000_000)

    def test_roads_round_the_rule_are_seen(self):
        cat = ["/bin/busybox", "cat"]
        roads = {"link": [*cat, "/tmp/link"], "proc": [*cat, "/proc/self/root/etc/shadow"], "dots": [*cat, "/etc/../etc/./shadow"]}
        self.inside("sh", "-c", "cp /bin/busybox /tmp/gone; cp /tools/tricks /tmp/nginx; chmod 644 /etc/shadow; "
                                "printf '#!/bin/busybox cat\\n' > /tmp/script; chmod 755 /tmp/script")
        roads["renamed"] = ["/tmp/nginx", "openat2", "/etc/shadow"]
        roads["script"] = ["/tmp/script", "/etc/shadow"]
        for road in ("openat2", "compat", "thread", "memfd", "uring", "setuid", "deleted", "orphan"):
            roads[road] = ["/tools/tricks", road, "/etc/shadow"]
        blind = " ".join(source["note"] for source in self.agent.sources() if source["name"] == "kernel")
        for road, command in roads.items():
            with self.subTest(road):
                before = len(self.agent.search("record.kind = alert and alert.rule = 'shadow read'"))
                done = self.inside(*command, check=False)
                if road in ("compat", "uring") and done.stdout.strip() in (b"-1", b"-38"):
                    self.skipTest("this kernel refuses that: EPERM or ENOSYS")
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                if road == "uring" and "io_uring are not seen" in blind:
                    self.skipTest("this kernel does not tell of io_uring, and that is said")
                self.agent.wait_for("record.kind = alert and alert.rule = 'shadow read'", before + 1, seconds=20)
                if road == "setuid":  # one thread's, which alone is another user
                    self.agent.wait_for("record.kind = alert and alert.rule = 'shadow read' and user.uid = 1000")

    @unittest.skipUnless(FALCO.is_dir(), "Falco's rule files are not here")
    def test_falcos_rules_fire(self):
        self.inside("/bin/busybox", "cat", "/etc/shadow")
        self.agent.wait_for("record.kind = alert and alert.rule = 'Read sensitive file untrusted' and container.name = box")
        self.inside("sh", "-c", "cp /bin/busybox /tmp/true && /tmp/true")
        self.agent.wait_for("record.kind = alert and alert.rule = 'Drop and execute new binary in container' and container.name = box")

    def test_the_packs_rules_hold_for_what_really_happens(self):
        """Their examples are fields that somebody wrote down; these are acts."""
        self.docker.docker("run", "-d", "--name", "big", "-v", f"{self.folder}/tools:/tools:ro", "--security-opt", "seccomp=unconfined",
                           "--security-opt", "apparmor=unconfined", "--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--pid", "host", IMAGE, "sleep", "3600")
        shutil.copy("/lib64/ld-linux-x86-64.so.2", self.folder / "tools")
        victim = subprocess.Popen(["sleep", "600"])
        self.addCleanup(victim.wait)
        self.addCleanup(victim.kill)
        acts = {
            "Password file read in a container": "cat /etc/shadow",
            "SSH key read in a container": "mkdir -p /root/.ssh; echo k > /root/.ssh/id_rsa; cat /root/.ssh/id_rsa",
            "Cloud or cluster credentials read by hand": "mkdir -p /root/.aws; echo k > /root/.aws/credentials; cat /root/.aws/credentials",
            "Variables of another process read": "cat /proc/1/environ",
            "Search for keys and passwords": "ln -s busybox /bin/find; /bin/find / -xdev -name id_rsa",
            "Program that is not from the image": "cp /bin/busybox /tmp/runc; /tmp/runc",
            "Program started through the loader": "/tools/ld-linux-x86-64.so.2 /tools/tricks",
            "Program run from memory": "/tools/tricks memfd /etc/hostname",
            "System program changed in a container": "cd /tmp; cp /bin/busybox moved; mv moved /bin/",
            "Library forced into every program": "echo /tmp/x.so > /etc/ld.so.preload",
            "Timed job added in a running container": "mkdir -p /etc/cron.d; echo x > /etc/cron.d/x",
            "SSH login key added": "echo k >> /root/.ssh/authorized_keys",
            "Accounts changed by hand in a running container": "echo x:x:0:0::/:/bin/sh >> /etc/passwd",
            "Shell's start file changed": "echo x >> /root/.profile",
            "Logs removed or emptied": "mkdir -p /var/log/nginx; echo x > /var/log/nginx/access.log; rm /var/log/nginx/access.log",
            "History of a shell removed": "echo x > /root/.bash_history; rm /root/.bash_history",
            "Device made in a container": "mknod /tmp/sda b 8 0",
            "File reached through the first process's root": "cat /proc/1/root/etc/hostname",
            "Root changed by hand in a container": "chroot / /bin/true",
            "User namespace made in a container": "unshare -U /bin/true",
            "Program made to run as its owner": "cp /bin/busybox /tmp/suid; chmod 4755 /tmp/suid",
            "Crypto miner started": "cp /bin/busybox /tmp/xmrig; /tmp/xmrig --donate-level 1",
            "Tool of attackers started in a container": "cp /bin/busybox /tmp/nmap; /tmp/nmap -sS 10.0.0.1",
            "Server program started a shell": "cp /tools/tricks /tmp/lighttpd; /tmp/lighttpd run /bin/sh",
            "Compiler used by a service or by hand": "cp /tools/tricks /tmp/gcc; cp /tools/tricks /tmp/httpd; /tmp/httpd run /tmp/gcc",
            "Connection put in place of a shell's input or output": "cp /tools/tricks /tmp/python3; /tmp/python3 reverse",
            "Connection and command in one line of a script": "cp /tools/tricks /tmp/perl; /tmp/perl -e 'use Socket; exec \"/bin/sh -i\"'",
            "Shell bound to a network address": "nc 127.0.0.1 9 -e /bin/sh",
            "Decoded or downloaded text run by a shell": "echo dHJ1ZQo= | base64 -d | sh",
            "Program run from shared memory": "cp /bin/busybox /run/lock/true; /run/lock/true",
            "Package manager in a running container": "cp /tools/tricks /tmp/apk; /tmp/apk add curl",
            "Setting of the host's kernel written from a container": "echo x > /proc/sys/kernel/core_pattern",
            "Engine's socket connected to from a container": "/tools/tricks unix /tmp/docker.sock",
            "Disk or memory of the host opened in a container": "echo x > /dev/sdb; cat /dev/sdb",
            "Runtime's program overwritten from a container": "echo x > /tmp/crun",
            "File opened by its number": "/tools/tricks handle",
            "Kernel module loaded or removed from a container": "/tools/tricks module",
            "Page faults taken over in a container": "/tools/tricks faults",
            "Another process taken over": "/tools/tricks take",
            "Raw network socket in a container": "/tools/tricks raw",
        }
        for rule, act in acts.items():
            self.inside("sh", "-c", act, check=False)
        self.docker.docker("exec", "-t", "box", "sh", "-c", "true")
        self.docker.docker("exec", "big", "sh", "-c", "mkdir -p /mnt; mount -t tmpfs none /mnt", check=False)
        self.docker.docker("exec", "big", "sh", "-c", f"nsenter -t {victim.pid} -n /bin/true", check=False)
        self.docker.docker("exec", "big", "sh", "-c", f"kill {victim.pid}")
        self.assertEqual(victim.wait(10), -15)
        self.docker.docker("exec", "big", "/tools/tricks", "program")
        self.docker.docker("exec", "big", "sh", "-c", "for a in 203.0.113.9 169.254.169.254; do /bin/busybox ip address add $a/32 dev lo; done")
        for port in (443, 3333, 22, 25, 2375):
            self.connected_to("203.0.113.9", port)
        self.connected_to("169.254.169.254", 80)
        expected = {*acts, "Shell with a terminal in a container", "Mount in a container", "Other namespaces entered from a container",
                    "Signal sent out of a container", "Kernel program loaded from a container", "Unexpected outbound connection", "Connection to a mining pool",
                    "SSH connection by a program that is no SSH program", "Mail sent to other servers from a container",
                    "Engine's open TCP port reached from a container", "Cloud metadata asked with a tool"}
        shipped = set()
        for file in (ROOT / "rules" / "runtime").glob("container-*.yaml"):
            for rule in file.read_text().split("\n- rule: ")[1:]:
                shipped |= {rule.split("\n")[0]} if "\n  enabled: false" not in rule else set()
        self.assertEqual(shipped - expected, set(), "each rule of the pack is tried by an act")
        deadline = time.monotonic() + 60
        while missing := expected - {alert["alert.rule"] for alert in self.agent.search("record.kind = alert and container.name in (box, big)")}:
            self.assertLess(time.monotonic(), deadline, missing)
            time.sleep(0.5)

    def connected_to(self, address, port):
        """netcat reaches an address that looks like one outside, and is big's own."""
        self.docker.docker("exec", "-d", "big", "/bin/busybox", "nc", "-l", "-p", str(port))
        for _ in range(50):
            if self.docker.docker("exec", "big", "sh", "-c", f"echo | nc -w 2 {address} {port}", check=False).returncode == 0:
                return
            time.sleep(0.1)
        self.fail(f"{address}:{port} was not reached")

    def test_the_person_behind_an_exec_is_proved(self):
        with tempfile.TemporaryDirectory() as home:
            as_login(4242, "192.0.2.7", "env", f"HOME={home}", "docker", "-H", self.docker.host, "exec", "box", "/bin/busybox", "cat", "/etc/shadow")
        event = self.agent.wait_for("evt.type = execve and proc.args = 'cat /etc/shadow' and who.loginuid = 4242")[0]
        self.assertEqual(event["who.strength"], "proved")
        self.assertIn("docker", event["who.command"])
        session = self.agent.wait_for("record.kind = session and who.loginuid = 4242")[0]
        self.assertEqual(session["who.strength"], "proved")
        alert = self.agent.wait_for("record.kind = alert and alert.rule = 'shadow read' and who.loginuid = 4242")[0]
        self.assertEqual(alert["container.name"], "box")
        act = self.agent.wait_for("record.kind = alert and evt.type startswith open and fd.name = /etc/shadow and who.loginuid = 4242")[0]
        if alert != act:  # another rule held for it too, and came first
            self.assertEqual(alert["alert.record"], act["record.number"])
        told = run(PLIMSOLL, "who", str(alert["record.number"]), "--ledger", self.agent.ledger).stdout.decode()
        for word in ("box  open", "/etc/shadow", "user 4242, proved", "proved    user 4242 logged in", "docker as root (0) asked POST /exec/", "/bin/busybox is of exec session"):
            self.assertIn(word, told)
        timeline = json.loads(run(PLIMSOLL, "timeline", "box", "--json", "--ledger", self.agent.ledger).stdout)

        def entries(record):
            return [entry for life in timeline["lives"] for entry in life["entries"] if record["record.number"] in entry["records"]]

        did, raised = entries(act)
        self.assertIn("/etc/shadow", did["text"])
        self.assertEqual((did["kind"], raised["kind"]), ("file", "alert"))
        self.assertIn("4242", " ".join(entries(event)[0]["details"]))

    def test_containers_of_a_moment_are_named_right(self):
        """Each lives some 50 ms; PLIMSOLL_MOMENTS says how many, PLIMSOLL_MOMENTS_AT_ONCE how many at once."""
        count, at_once = int(os.environ.get("PLIMSOLL_MOMENTS", "80")), int(os.environ.get("PLIMSOLL_MOMENTS_AT_ONCE", "20"))
        names = [f"moment-{number}" for number in range(count)]
        complaints = []

        def live(name):
            done = self.docker.docker("run", "--rm", "--name", name, "--network", "none", IMAGE, "sh", "-c",
                                      f"/bin/busybox true {name}; /bin/busybox sleep 0.05", check=False)
            if done.returncode != 0:
                complaints.append(done.stderr)

        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            list(pool.map(live, names))
        self.assertEqual(complaints, [])
        self.agent.wait_for("evt.type = execve and proc.args = 'sleep 0.05'", count, seconds=120)
        ids, programs = {}, collections.Counter()
        for event in self.agent.search("evt.type = execve and container.name startswith moment-"):
            ids.setdefault(event["container.name"], set()).add(event["container.id"])
            for word in event["proc.args"].replace(";", " ").split():
                if word.startswith("moment-"):  # a program says itself whose it is
                    self.assertEqual(event["container.name"], word)
                    programs[word] += 1
        self.assertEqual(programs, {name: 2 for name in names})
        self.assertEqual(len({one for each in ids.values() for one in each}), count, "a name has one id, an id one name")
        everything = self.agent.search("evt.source = syscall and evt.type in (execve, procexit)")
        mine = set().union(*ids.values())
        for event in everything:
            if event.get("container.id") in mine:
                self.assertEqual((event.get("container.name") in ids, event.get("container.image")), (True, IMAGE), event)
        self.assertEqual(self.agent.search("record.kind = loss"), [])

    def test_what_finds_no_room_is_counted_and_alerted(self):
        agent = Agent(self.folder, "narrow", [self.docker.host], "off", sensor={"enabled": True, "ring_bytes": "256KiB"})
        self.addCleanup(agent.stop)
        files = 20_000
        self.docker.docker("run", "-d", "--name", "storm", "--network", "none", "--tmpfs", "/files", "-v", f"{self.folder}/tools:/tools:ro", IMAGE,
                           "/tools/tricks", "many", "/files", str(files))
        agent.wait_for("evt.type = execve and container.name = storm")
        inside = pathlib.Path("/proc", self.docker.docker("inspect", "-f", "{{.State.Pid}}", "storm").stdout.decode().strip(), "root", "files")
        os.kill(agent.pid, signal.SIGSTOP)
        try:
            (inside / "go").touch()
            deadline = time.monotonic() + 60
            while not (inside / "end").exists():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
        finally:
            os.kill(agent.pid, signal.SIGCONT)

        def told():
            kept = len(agent.search("evt.type in (open, openat) and fd.name startswith /files/ and container.name = storm"))
            return kept, sum(event["loss.count"] for event in agent.search("record.kind = loss and loss.what = kernel-files"))

        deadline = time.monotonic() + 60
        while sum(told()) < files + 1 and time.monotonic() < deadline:
            time.sleep(0.5)
        kept, lost = told()
        self.assertGreater(kept, 0)
        self.assertGreater(lost, 0)
        # Alone on the machine it is the very number; containers of other tests may lose some meanwhile.
        self.assertGreaterEqual(kept + lost, files + 1, "each file is recorded or counted")
        self.assertLessEqual(kept, files + 1)
        alert = agent.wait_for("record.kind = alert and alert.rule = 'Gap in the record' and loss.what startswith kernel-files")[0]
        self.assertIn("of container storm", alert["alert.output"])

    def test_what_the_runtime_does_to_set_a_container_up_is_not_recorded(self):
        self.docker.docker("run", "--rm", "--name", "plain", "--network", "none", IMAGE, "/bin/busybox", "true", "set-up")
        self.agent.wait_for("evt.type = procexit and container.name = plain and proc.args = 'true set-up'")
        self.agent.wait_for("evt.type = cgroup_removed and container.name = plain")
        told = [(event["evt.type"], event.get("proc.exepath")) for event in self.agent.search("evt.source = syscall and container.name = plain")]
        self.assertEqual([each for each in told if each[1] != "/bin/busybox"], [("cgroup_made", None), ("cgroup_removed", None)])

    def test_everything_can_be_recorded_of_the_host_too(self):
        recording, rule = self.folder / "everything", self.folder / "host.yaml"
        rule.write_text("- rule: one of many\n  desc: test\n  condition: evt.type = openat and fd.name = /etc/hostname\n  output: read (%proc.cmdline)\n  priority: NOTICE\n")
        recorder = subprocess.Popen([PLIMSOLL, "record", "--all", "--host", "--for", "6s", "--engine", self.docker.host, str(recording)], stderr=subprocess.PIPE)
        while recorder.poll() is None:  # no rule that it knows wants this
            run("cat", "/etc/hostname")
            self.inside("/bin/busybox", "cat", "/etc/hostname")
        self.assertEqual(recorder.returncode, 0, recorder.communicate()[1])
        played = {host: [json.loads(line) for line in run(PLIMSOLL, "rules", "test", "--replay", recording, "--json", *host, rule, check=False).stdout.splitlines()]
                  for host in ((), ("--host",))}
        self.assertEqual({alert["container"] for alert in played[()]}, {"box"})
        self.assertEqual({alert["container"] for alert in played[("--host",)]}, {"box", "host"})
        kernel = run(PLIMSOLL, "rules", "list", "--kernel", rule).stdout.decode()
        self.assertIn("/etc/hostname", kernel)

    def test_what_is_recorded_can_be_replayed(self):
        recording = self.folder / "recording"
        recorder = subprocess.Popen([PLIMSOLL, "record", "--for", "8s", "--engine", self.docker.host, "--rules", self.folder / "own.yaml", str(recording)],
                                    stderr=subprocess.PIPE)
        acts = 0
        while recorder.poll() is None:  # it begins to see when its programs are loaded
            self.inside("/bin/busybox", "cat", "/etc/shadow")
            acts += 1
        _, told = recorder.communicate()
        self.assertEqual(recorder.returncode, 0, told)
        played = run(PLIMSOLL, "rules", "test", "--replay", recording, "--json", self.folder / "own.yaml", check=False)
        self.assertEqual(played.returncode, 1, played.stderr)
        self.assertEqual({json.loads(line)["rule"] for line in played.stdout.splitlines()}, {"shadow read"})
        named = [json.loads(line)["container"] for line in played.stdout.splitlines()]
        self.assertGreater(named.count("box"), acts // 2, named)  # containers of engines that were not named are seen too
        recording.write_bytes(recording.read_bytes()[:200])
        cut = run(PLIMSOLL, "rules", "test", "--replay", recording, self.folder / "own.yaml", check=False)
        self.assertEqual(cut.returncode, 3)
        self.assertTrue(cut.stderr)


@need("podman", "conmon", "busybox")
class Podman(unittest.TestCase):
    """Its command starts containers by itself: no daemon stands between a process and its login."""

    def test_the_person_is_the_login(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-sensor-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        store = ("--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc",
                 "--events-backend", "file", "--tmpdir", folder / "tmp")
        podman = ["podman", *map(str, store)]
        service = subprocess.Popen([*podman, "system", "service", "--time=0", f"unix://{folder}/podman.sock"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        self.addCleanup(run, *podman, "rm", "--force", "--all", "--time", "0", check=False)
        shutil.copy(shutil.which("busybox"), folder / "busybox")
        run("tar", "-C", folder, "-cf", folder / "image.tar", "busybox")
        run(*podman, "import", folder / "image.tar", "plimsoll-e2e:1.0")
        agent = Agent(folder, "pods", [f"unix://{folder}/podman.sock"], "off", sensor=True)
        self.addCleanup(agent.stop)
        made = as_login(4601, "192.0.2.8", *podman, "run", "--detach", "--network", "none", "--name", "pod-person", "--ulimit", "nofile=1024:1024",
                        "--ulimit", "nproc=1024:1024", "plimsoll-e2e:1.0", "/busybox", "sleep", "600", check=False)
        if made.returncode != 0:
            self.skipTest("podman cannot start containers here: " + made.stderr.decode()[-300:])
        as_login(4602, "192.0.2.9", *podman, "exec", "pod-person", "/busybox", "true", "pod-act")
        for program, login in (("sleep 600", 4601), ("true pod-act", 4602)):
            event = agent.wait_for(f"evt.type = execve and proc.args = '{program}' and container.name = pod-person")[0]
            self.assertEqual((event["who.loginuid"], event["who.strength"]), (login, "proved"), event)
            self.assertIn(f"login uid {login}", event["who.links"][0])


@need("docker", "dockerd", "busybox", "setpriv", "unshare", "prlimit")
class Hindered(unittest.TestCase):
    """Where the kernel programs cannot be loaded the agent says why, and records what engines tell all the same."""

    @classmethod
    def setUpClass(cls):
        cls.docker = Docker()
        cls.addClassCleanup(cls.docker.stop)

    def hindered(self, within, why, audit="off"):
        with tempfile.TemporaryDirectory(prefix="plimsoll-sensor-") as folder:
            agent = Agent(pathlib.Path(folder), "poor", [self.docker.host], audit, sensor=True, within=within, wait=False)
            try:
                agent.wait(lambda sources: any(s["name"] == "kernel" and s["fault"] for s in sources), "the sensor says why not")
                self.assertRegex(next(s["fault"] for s in agent.sources() if s["name"] == "kernel"), why)
                agent.wait(lambda sources: any(s["name"].startswith("engine") and s["connected"] for s in sources), "the engine is recorded all the same")
                self.assertIn("is recorded without it", next(s["fault"] for s in agent.sources() if s["name"] == "kernel"))
                return {source["name"].split()[0] for source in agent.sources()}
            finally:
                agent.stop()

    def test_without_rights(self):
        for lacking, named in (("-bpf,-perfmon,-sys_admin", "CAP_BPF and CAP_PERFMON.*both"), ("-perfmon,-sys_admin", "lacks CAP_PERFMON")):
            with self.subTest(lacking):
                self.assertNotIn("audit", self.hindered(["setpriv", "--bounding-set", lacking, "--inh-caps", lacking], named))

    def test_linux_audit_stands_in(self):
        lacking = "-bpf,-perfmon,-sys_admin"
        self.assertIn("audit", self.hindered(["setpriv", "--bounding-set", lacking, "--inh-caps", lacking], "CAP_BPF", "auto"))

    def test_on_a_kernel_that_does_not_describe_its_types(self):
        self.hindered(["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"], "BTF")

    def test_where_the_limit_of_open_files_is_reached(self):
        self.hindered(["prlimit", "--nofile=40:40"], "[Tt]oo many open files")


if __name__ == "__main__":
    main()
