"""The sources of engine activity against real engines and engines that misbehave: nothing lost, what is missing is said."""
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from support import IMAGE, VERSION, Docker, FakeEngine, answer, inspected, main, need, run

TAIL = os.environ.get("ENGINE_TAIL") or str(pathlib.Path(os.environ.get("PLIMSOLL", "")).parent / "engine_tail")
ONE = "a" * 64


class Tail:
    """engine_tail as a process; its records as they come."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([TAIL, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.records = []
        self.new = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.new.put(json.loads(line))

    def wait(self, wanted, seconds=60):
        """The first record, of those not looked at yet, that `wanted` takes."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                record = self.new.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                kinds = [(r.get("record.kind"), r.get("docker.type"), r.get("evt.type")) for r in self.records]
                raise AssertionError(f"no such record in {seconds} s; seen: {kinds[-30:]}; {self.status()}") from None
            self.records.append(record)
            if wanted(record):
                return record

    def status(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return self.process.stderr.readline().decode()

    def connected(self, seconds=60):
        deadline = time.monotonic() + seconds
        while "connected=true" not in self.status():
            if time.monotonic() > deadline:
                raise AssertionError("not connected: " + self.status())
            time.sleep(0.05)
        time.sleep(0.3)  # the inventory
        return self

    def stop(self, kill=False):
        if kill:
            self.process.kill()
        elif self.process.poll() is None:
            self.process.stdin.write(b"q")
            self.process.stdin.close()
        self.process.wait(20)
        time.sleep(0.2)
        while not self.new.empty():
            self.records.append(self.new.get())
        self.process.stderr.close()
        return self.records

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def action(name, kind="container", **fields):
    def check(record):
        return (record.get("docker.action") == name and record.get("docker.type") == kind and
                all(record.get(key.replace("__", ".")) == value for key, value in fields.items()))
    return check


def session(command):
    return lambda record: record.get("evt.type") == "exec_session" and record.get("exec.command") == command


@need("dockerd", "docker", "busybox", "unshare")
class RealEngine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Docker()
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image(changes=())

    def docker(self, *words, check=True):
        return self.engine.docker(*words, check=check)

    def start(self, name, *options):
        self.docker("run", "--detach", "--network", "none", "--name", name, *options, IMAGE, "sleep", "600")
        self.addCleanup(self.docker, "rm", "--force", name, check=False)

    def lines_kept(self, name):
        """How many lines of its output the engine has."""
        kept = self.docker("logs", name)
        return len(kept.stdout.splitlines()) + len(kept.stderr.splitlines())

    def test_life_of_a_container(self):
        with Tail("--host", self.engine.host).connected() as tail:
            self.start("life", "--label", "tier=front", "--label", "com.docker.compose.project=shop", "--env", "PASSWORD=hunter2",
                       "--volume", "/etc:/host-etc:ro", "--cap-add", "NET_ADMIN")
            created = tail.wait(action("create"))
            self.assertEqual(created["container.name"], "life")
            self.assertEqual(created["container.label[tier]"], "front")
            self.assertEqual(created["container.mounts"], "/etc:/host-etc:ro:false:rprivate")
            self.assertEqual(created["container.caps.added"], ["CAP_NET_ADMIN"])
            self.assertEqual(created["container.image.repository"], IMAGE.split(":")[0])
            self.assertIn("PASSWORD=***", created["change.after"])
            self.assertNotIn("hunter2", json.dumps(created))
            started = tail.wait(action("start"))
            self.assertEqual(started["container.started_by"], "compose shop/")
            self.docker("update", "--memory", "64m", "--memory-swap", "64m", "life")
            self.assertIn("HostConfig.Memory: 0 -> 67108864", tail.wait(action("update"))["change.paths"])
            self.docker("rename", "life", "after-life")
            self.assertEqual(tail.wait(action("rename"))["change.paths"], ["Name: life -> after-life"])
            self.docker("exec", "--user", "0", "after-life", "sh", "-c", "sleep 1; exit 7", check=False)
            one = tail.wait(session("sh -c sleep 1; exit 7"))
            self.assertEqual((one["exec.user"], one["exec.exit_code"], one["exec.tty"]), ("0", 7, False))
            self.assertGreater(one["exec.pid"], 1)
            self.assertGreater(one["exec.vpid"], 1)
            self.assertGreater(one["exec.duration"], 9 * 10**8)
            self.docker("rm", "--force", "after-life")
            self.assertGreater(tail.wait(action("die"))["container.lifetime"], 10**9)
            self.assertEqual(tail.wait(action("destroy"))["container.label[tier]"], "front")

    def test_who_started_a_container_again(self):
        with Tail("--host", self.engine.host).connected() as tail:
            self.docker("run", "--detach", "--network", "none", "--name", "again", "--restart", "always", IMAGE, "sleep", "2")
            self.addCleanup(self.docker, "rm", "--force", "again", check=False)
            first = tail.wait(action("start"))
            self.assertIn("container.started_by", first["unknown"])
            for _ in range(2):
                self.assertIn(tail.wait(action("start"))["container.started_by"],
                              ("restart policy always", "restart policy always (inferred)"))
            self.docker("restart", "--time", "0", "again")
            tail.wait(action("restart"))
            before = next(r for r in reversed(tail.records) if action("start")(r))
            self.assertNotIn("container.started_by", before, "a person restarted it")
            self.docker("stop", "--time", "0", "again")
            tail.wait(action("stop"))
            self.docker("start", "again")
            self.assertNotIn("container.started_by", tail.wait(action("start")), "a person started it")

    def test_a_session_that_never_started(self):
        with Tail("--host", self.engine.host).connected() as tail:
            self.start("empty")
            self.docker("exec", "empty", "nosuch", "word", check=False)
            one = tail.wait(lambda r: r.get("record.kind") == "session")
            self.assertEqual((one["evt.type"], one["exec.command"]), ("exec_failed", "nosuch word"))
            self.assertIn(one["exec.exit_code"], (126, 127))
            self.assertFalse({"exec.duration", "exec.start_ts", "exec.pid"} & one.keys())
            self.docker("rm", "--force", "empty")
            tail.wait(action("destroy"))
            self.assertEqual(len([r for r in tail.stop() if r.get("record.kind") == "session"]), 1)

    def test_agent_away(self):
        """Events of the time without the agent come once; a detached session is told at both ends."""
        with tempfile.TemporaryDirectory() as folder:
            state = folder + "/state"
            self.start("stays")
            tail = Tail("--host", self.engine.host, "--state", state).connected()
            self.docker("exec", "--detach", "stays", "sleep", "4")
            tail.wait(action("exec_start"))
            first = tail.stop()
            told = [r for r in first if r.get("evt.type") == "exec_session"]
            self.assertIn("still running", told[0]["record.summary"])
            self.start("meanwhile", "--privileged=false")
            self.docker("rm", "--force", "meanwhile")
            with Tail("--host", self.engine.host, "--state", state).connected() as tail:
                gone = tail.wait(action("destroy"))
                self.assertTrue(gone["record.replayed"])
                whole = tail.wait(session("sleep 4"))
                self.assertEqual(whole["exec.exit_code"], 0)
                records = tail.stop()
            self.assertEqual([r["record.kind"] for r in records if r["record.kind"] == "loss"], [])
            keys = [(r["time"], r.get("docker.type"), r.get("docker.action")) for r in first + records if r["record.kind"] == "event"]
            self.assertEqual(len(keys), len(set(keys)), "an event was told twice")

    def test_lines_of_chosen_containers(self):
        with Tail("--host", self.engine.host, "--logs", "talk*", "--log-rate", "20").connected() as tail:
            self.docker("run", "--detach", "--network", "none", "--name", "silent", IMAGE, "sh", "-c", "echo unheard; sleep 600")
            self.addCleanup(self.docker, "rm", "--force", "silent", check=False)
            script = "echo out; echo err >&2; sleep 2; i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done; sleep 600"
            self.docker("run", "--detach", "--network", "none", "--name", "talks", IMAGE, "sh", "-c", script)
            self.addCleanup(self.docker, "rm", "--force", "talks", check=False)
            first = sorted((tail.wait(lambda r: r.get("record.kind") == "line") for _ in range(2)), key=lambda r: r["log.line"])
            self.assertEqual([(r["log.line"], r["log.stream"], r["container.name"]) for r in first],
                             [("err", "stderr", "talks"), ("out", "stdout", "talks")])
            lost = tail.wait(lambda r: r["record.kind"] == "loss")
            # What the engine has of a container when it is killed may be less than what it wrote.
            deadline = time.monotonic() + 20
            while self.lines_kept("talks") < 1002 and time.monotonic() < deadline:
                time.sleep(0.1)
            self.docker("kill", "talks")
            tail.wait(action("die"))

            def told(kind):
                return [r for r in tail.records if r["record.kind"] == kind]

            def count():
                return len(told("line")) + sum(r["loss.count"] for r in told("loss"))

            if count() < 1002:  # the end of the stream comes after the container's
                tail.wait(lambda _: count() >= 1002)
            tail.stop()
            lines, losses = told("line"), told("loss")
            self.assertEqual((lost["loss.what"], lost["container.name"]), ("log-lines", "talks"))
            self.assertNotIn("unheard", [r["log.line"] for r in lines])
            self.assertEqual(count(), 1002, "a line is neither recorded nor counted as lost")

    def test_the_daemons_own_log(self):
        with Tail("--host", self.engine.host, "--daemon-log", self.engine.folder / "log").connected() as tail:
            time.sleep(1)
            self.docker("pull", "127.0.0.1:1/nothing/here", check=False)
            line = tail.wait(lambda r: r.get("evt.source") == "daemon-log" and r.get("log.kind") in ("error", "pull"))
            self.assertIn(line["log.level"], ("error", "warning", "info"))
            self.assertIn("127.0.0.1:1", line["log.line"])

    def test_more_events_than_the_engine_keeps(self):
        with tempfile.TemporaryDirectory() as folder:
            state = folder + "/state"
            self.start("renamed-later")
            with Tail("--host", self.engine.host, "--state", state).connected() as tail:
                self.docker("volume", "create", "seen")
                tail.wait(action("create", "volume"))
            self.docker("rename", "renamed-later", "renamed")
            self.docker("volume", "create", "unseen")
            script = "for i in $(seq 140); do docker --host {} volume create x$i; docker --host {} volume rm x$i; done".replace("{}", self.engine.host)
            run("sh", "-c", script, timeout=200)
            with Tail("--host", self.engine.host, "--state", state).connected() as tail:
                lost = tail.wait(lambda r: r["record.kind"] == "loss")
                self.assertEqual(lost["loss.what"], "engine-events")
                self.assertIn("256", lost["loss.reason"])
                self.assertLess(lost["loss.from"], lost["loss.until"])
                found = tail.wait(lambda r: r.get("record.reconciled"))  # the volume states its date, the renaming has none
                self.assertEqual((found["docker.type"], found["docker.action"], found["docker.id"]), ("volume", "create", "unseen"))
                found = tail.wait(lambda r: r.get("record.reconciled"))
                self.assertEqual((found["docker.action"], found["container.name"]), ("rename", "renamed"))
                self.assertEqual(found["change.paths"], ["Name: renamed-later -> renamed"])


@need("dockerd", "docker", "busybox", "unshare")
class EngineRestart(unittest.TestCase):
    def test_restart_while_the_source_runs(self):
        engine = Docker("--live-restore")
        self.addCleanup(engine.stop)
        engine.make_image(changes=())
        for name in ("stays", "leaves"):
            engine.docker("run", "--detach", "--network", "none", "--name", name, IMAGE, "sleep", "600")
        command = engine.process.args
        with Tail("--host", engine.host).connected() as tail:
            engine.process.send_signal(signal.SIGTERM)
            engine.process.wait(60)
            engine.process = subprocess.Popen(command, stdout=engine.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
            deadline = time.monotonic() + 60
            while engine.docker("version", check=False).returncode != 0 and time.monotonic() < deadline:
                time.sleep(0.1)
            lost = tail.wait(lambda r: r["record.kind"] == "loss", 60)
            self.assertRegex(lost["loss.reason"], "anew")
            self.assertLessEqual(lost["loss.from"], lost["loss.until"])
            engine.docker("kill", "leaves")
            self.assertEqual(tail.wait(action("die"), 60)["container.name"], "leaves")
            self.assertFalse([r for r in tail.records if r.get("record.reconciled") and r.get("docker.action") == "create"])


@need("podman", "busybox")
class Podman(unittest.TestCase):
    def test_podman_in_dockers_words(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-podman-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        store = ["--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc",
                 "--events-backend", "file", "--tmpdir", folder / "tmp"]
        podman = ["podman", *map(str, store)]
        service = subprocess.Popen([*podman, "system", "service", "--time=0", f"unix://{folder}/podman.sock"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        self.addCleanup(run, *podman, "rm", "--force", "--all", "--time", "0", check=False)
        deadline = time.monotonic() + 20
        while not (folder / "podman.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        (folder / "busybox").write_bytes(pathlib.Path(shutil.which("busybox")).read_bytes())
        (folder / "busybox").chmod(0o755)
        run("tar", "-C", folder, "-cf", folder / "image.tar", "busybox")
        run(*podman, "import", folder / "image.tar", "plimsoll-e2e:1.0")
        with Tail("--host", f"unix://{folder}/podman.sock").connected() as tail:
            made = run(*podman, "run", "--detach", "--network", "none", "--name", "e2e-podman", "--label", "tier=back", "--ulimit", "nofile=1024:1024",
                       "--ulimit", "nproc=1024:1024", "plimsoll-e2e:1.0", "/busybox", "sleep", "600", check=False)
            if made.returncode != 0:
                self.skipTest("podman cannot start containers here: " + made.stderr.decode()[-300:])
            started = tail.wait(action("start"))
            self.assertEqual((started["container.name"], started["container.type"]), ("e2e-podman", "podman"))
            self.assertEqual(started["container.label[tier]"], "back")
            run(*podman, "exec", "e2e-podman", "/busybox", "sleep", "1")
            tail.wait(action("exec_start"))
            ended = tail.wait(lambda r: r.get("evt.type") == "exec_session")
            self.assertEqual(ended["exec.command"], "/busybox sleep 1")
            run(*podman, "rm", "--force", "--time", "0", "e2e-podman")
            tail.wait(action("die"))
            self.assertEqual(tail.wait(action("destroy"))["docker.attributes[action]"], "remove")


def event(number, name="start", attributes=None, identifier=ONE):
    return json.dumps({"Type": "container", "Action": name, "Actor": {"ID": identifier, "Attributes": {"name": "one", "image": "img:1", **(attributes or {})}},
                       "scope": "local", "time": 1790000000 + number // 10**9, "timeNano": 1790000000 * 10**9 + number}).encode() + b"\n"


def chunks(*pieces, end=False):
    """The stream of events as an engine sends it: chunked, open until the test ends."""
    def send(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            if callable(piece):
                piece()
            else:
                connection.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
        if end:
            connection.sendall(b"0\r\n\r\n")
            connection.shutdown(socket.SHUT_RDWR)
        else:
            time.sleep(60)
    return send


class HostileEngine(unittest.TestCase):
    def tail(self, reply, **containers):
        engine = FakeEngine({"/events": reply}, containers=[inspected(ONE, "one", **containers)])
        self.addCleanup(engine.__exit__)
        tail = Tail("--host", engine.host)
        self.addCleanup(tail.stop)
        return tail

    def test_malformed_lines_are_kept_and_reading_goes_on(self):
        tail = self.tail(chunks(event(1, "pause"), b"{\"Type\": \"contai\n\x00\xff\n[]\n" + event(2, "unpause")))
        tail.wait(action("pause"))
        bad = [tail.wait(lambda r: "record.malformed" in r) for _ in range(3)]
        self.assertEqual(bad[0]["record.raw"], "{\"Type\": \"contai")
        tail.wait(action("unpause"))
        deadline = time.monotonic() + 5
        while "malformed=3" not in tail.status():
            self.assertLess(time.monotonic(), deadline, "the count of malformed lines is not in the status")

    def test_impossible_times_are_marked_and_the_events_kept(self):
        years = 20 * 365 * 86400 * 10**9
        tail = self.tail(chunks(event(years, "pause"), event(-55 * years // 20, "unpause"), event(3, "top")))
        for name in ("pause", "unpause"):
            marked = tail.wait(action(name))
            self.assertIn("the engine dates it", marked["record.malformed"])
            self.assertLess(abs(marked["time"] / 10**9 - time.time()), 60)
        self.assertNotIn("record.malformed", tail.wait(action("top")))

    def test_a_label_of_a_megabyte(self):
        big = "x" * 1_000_000
        tail = self.tail(chunks(event(1, "create", {"big": big}), event(2, "pause", {"big": big})), Labels={"big": big})
        created = tail.wait(action("create"))
        self.assertTrue(created["docker.attributes[big]"] == big)
        self.assertTrue("1000000 bytes in all" in created["container.label[big]"])
        self.assertLess(len(json.dumps(tail.wait(action("pause")))), 50_000)

    def test_a_line_beyond_all_bounds(self):
        huge = event(1, "create", {"huge": "x" * 9_000_000})
        tail = self.tail(chunks(huge[:4_000_000], huge[4_000_000:], event(2, "pause")))
        bad = tail.wait(lambda r: "record.malformed" in r)
        self.assertIn("longer than allowed", bad["record.malformed"])
        tail.wait(action("pause"))

    def test_ten_thousand_events_at_once(self):
        lines = b"".join(event(n, "exec_create: sh", {"execID": "%064x" % n}) if n % 5 == 0 else event(n, "top") for n in range(10_000))
        tail = self.tail(chunks(lines))
        begin = time.monotonic()
        last = tail.wait(lambda r: r["record.kind"] == "event" and r["time"] % 10**9 == 9_999, 60)
        self.assertIsNotNone(last)
        seen = [r["time"] % 10**9 for r in tail.records if r["record.kind"] == "event"]
        self.assertEqual(seen, list(range(10_000)), "lost or out of order")
        print(f"10,000 events in {time.monotonic() - begin:.2f} s")

    def test_stream_cut_in_the_middle_of_a_line(self):
        line = event(2, "unpause")
        half = [True]

        def send(connection):
            if half:
                half.clear()
                return chunks(event(1, "pause"), line[:40], end=True)(connection)
            return chunks(event(1, "pause"), line)(connection)  # asked again: what came before, and the rest
        tail = self.tail(send)
        tail.wait(action("pause"))
        self.assertIn("ended within", tail.wait(lambda r: "record.malformed" in r)["record.malformed"])
        tail.wait(action("unpause"))
        self.assertEqual(sum(map(action("pause"), tail.records)), 1, "the repeated event was told again")
        self.assertEqual([r for r in tail.records if r["record.kind"] == "loss"], [])

    def test_engine_that_cannot_be_inspected(self):
        def never(connection):
            time.sleep(3)
        engine = FakeEngine({"/events": chunks(event(1, "start"), event(2, "pause"))}, containers=[inspected(ONE, "one")])
        self.addCleanup(engine.__exit__)
        engine.routes[f"/containers/{ONE}/json"] = never
        tail = Tail("--host", engine.host)
        self.addCleanup(tail.stop)
        started = tail.wait(action("start"), 30)
        self.assertEqual(started["container.name"], "one")
        self.assertIn("container.privileged", started["unknown"])
        tail.wait(action("pause"), 5)

    def test_engine_that_comes_back(self):
        folder = tempfile.mkdtemp(prefix="plimsoll-fake-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        path = folder + "/docker.sock"
        with Tail("--host", "unix://" + path) as tail:
            time.sleep(0.3)
            self.assertIn("connected=false", tail.status())
            engine = FakeEngine({"/events": chunks(event(1, "pause"))}, containers=[inspected(ONE, "one")])
            self.addCleanup(engine.__exit__)
            os.rename(engine.path, path)
            tail.wait(action("pause"))


if __name__ == "__main__":
    main()
