"""What the end-to-end tests share: the program under test, engines of their own, and engines that misbehave on purpose."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHARED = ROOT.parent / "shared"
PLIMSOLL = os.environ.get("PLIMSOLL", str(ROOT / "build" / "plimsoll"))
SANITIZED = os.environ.get("PLIMSOLL_SANITIZED") == "1"  # its memory and its threads are not the program's own
IMAGE = "plimsoll-e2e:1.0"
SEVERITIES = ["info", "low", "medium", "high", "critical"]


def need(*programs):
    """Skips the class or test that is run when the machine lacks what it needs; script/test installs all of it."""
    missing = [name for name in programs if not shutil.which(name)]
    if os.geteuid() != 0:
        missing.append("root")
    return unittest.skipIf(missing, "needs " + ", ".join(missing))


def run(*command, timeout=120, check=True, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{command} exited with {result.returncode}: {result.stderr.decode(errors='replace')}")
    return result


def audit(*arguments, within=(), timeout=60, **options):
    """Runs `plimsoll audit`; within is the command that it is run through."""
    environment = {key: value for key, value in os.environ.items() if key not in ("DOCKER_HOST", "DOCKER_CONTEXT")}
    environment.update(options.pop("env", {}))
    return run(*within, PLIMSOLL, "audit", *arguments, timeout=timeout, check=False, env=environment, **options)


class Report:
    """A JSON report, asked by object and check."""

    def __init__(self, result):
        assert result.returncode in (0, 1, 3), f"exit {result.returncode}: {result.stderr.decode(errors='replace')}"
        self.data = json.loads(result.stdout)

    def object_index(self, kind, name):
        return [i for i, o in enumerate(self.data["objects"]) if o["kind"] == kind and o["name"] == name]

    def objects(self, kind):
        return [o["name"] for o in self.data["objects"] if o["kind"] == kind]

    def findings(self, outcome, kind, name=None):
        """check -> finding, of one object or of all objects of a kind."""
        indexes = {i for i, o in enumerate(self.data["objects"]) if o["kind"] == kind and name in (None, o["name"])}
        return {f["check"]: f for f in self.data["findings"] if f["object"] in indexes and f["outcome"] == outcome}

    def failed(self, kind, name=None):
        return self.findings("fail", kind, name)

    def severity(self, check):
        return next(c["severity"] for c in self.data["checks"] if c["id"] == check)


class Docker:
    """A Docker daemon in a network namespace of its own, with socket, data and settings below one temporary folder."""

    def __init__(self, *flags, config=None):
        self.folder = pathlib.Path("/run/plimsoll-e2e-" + os.urandom(6).hex())  # also a containerd namespace, which takes no underscores
        self.folder.mkdir(mode=0o755)
        self.host = f"unix://{self.folder}/docker.sock"
        self.config = self.folder / "daemon.json"
        self.config.write_text(json.dumps(config or {}, indent=2))
        self.log = open(self.folder / "log", "wb")
        if "cgroup" not in pathlib.Path("/proc/mounts").read_text():
            run("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
        command = ["dockerd", "--host", self.host, "--config-file", str(self.config), "--data-root", str(self.folder / "data"),
                   "--exec-root", str(self.folder / "exec"), "--pidfile", str(self.folder / "pid"),
                   "--containerd-namespace", self.folder.name, "--containerd-plugins-namespace", self.folder.name + "-plugins", *flags]
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", f"ip link set lo up; exec {quoted}"], stdout=self.log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 60
        while run("docker", "--host", self.host, "version", check=False).returncode != 0:
            if time.monotonic() > deadline or self.process.poll() is not None:
                text = (self.folder / "log").read_text(errors="replace")[-1500:]
                self.stop()
                raise AssertionError("dockerd did not start: " + text)
            time.sleep(0.1)

    @property
    def within(self):
        return ("nsenter", f"--net=/proc/{self.process.pid}/ns/net")

    def docker(self, *arguments, check=True):
        return run("docker", "--host", self.host, *arguments, check=check)

    def make_image(self, name=IMAGE, changes=("USER 10001:10001", 'HEALTHCHECK --interval=60s CMD ["/bin/true"]')):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            for part in ("bin", "etc", "tmp"):
                (tree / part).mkdir()
            shutil.copy(shutil.which("busybox"), tree / "bin" / "busybox")
            for applet in ("sh", "sleep", "true", "echo"):
                (tree / "bin" / applet).symlink_to("busybox")
            (tree / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\napp:x:10001:10001:app:/:/bin/sh\n")
            (tree / "etc" / "group").write_text("root:x:0:\napp:x:10001:\n")
            (tree / "etc" / "os-release").write_text('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
            archive = subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE)
            options = [word for change in changes for word in ("--change", change)]
            run("docker", "--host", self.host, "import", *options, "-", name, stdin=archive.stdout)
            archive.stdout.close()
            archive.wait()

    def audit(self, *arguments, **options):
        return audit("--host", self.host, *arguments, within=self.within, **options)

    def report(self, *arguments, **options):
        return Report(self.audit("--json", *arguments, **options))

    def stop(self):
        try:
            if self.process.poll() is None:
                ids = run("docker", "--host", self.host, "ps", "--all", "--quiet", check=False).stdout.decode().split()
                for start in range(0, len(ids), 25):  # a busy machine needs a second for each
                    run("docker", "--host", self.host, "rm", "--force", "--volumes", *ids[start:start + 25], check=False, timeout=300)
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            self.log.close()
            for line in reversed(pathlib.Path("/proc/mounts").read_text().splitlines()):
                mounted = line.split()[1]
                if mounted.startswith(f"{self.folder}/"):
                    run("umount", "-l", mounted, check=False)
            shutil.rmtree(self.folder, ignore_errors=True)


AUDIT_LOCK = "/tmp/audit.lock"  # the kernel has one audit state: one test at a time has it

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


def as_login(uid, address, *command, check=True):
    """Runs a command in a login session of its own."""
    return run(sys.executable, "-c", LOGIN, uid, address, *command, check=check)


def connect_program(folder):
    """Builds connect_by.c: a program that connects to a socket by any road there is."""
    source, program = pathlib.Path(__file__).with_name("connect_by.c"), folder / "connect"
    if run("cc", "-static", "-o", program, source, check=False).returncode != 0:  # static: it runs in containers too
        run("cc", "-o", program, source)
    return program


def audit_status():
    lines = [line.split() for line in run("auditctl", "-s").stdout.decode().splitlines()]
    return {words[0]: words[1] for words in lines if len(words) >= 2}


class AuditState:
    """The kernel's audit state, for one test at a time; skips where it is locked, and puts back what was found."""

    def __init__(self):
        self.lock = open(AUDIT_LOCK, "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.before = audit_status()
        self.rules = []
        if self.before["enabled"] == "2" or self.before.get("loginuid_immutable", "0").startswith("1"):
            self.lock.close()
            raise unittest.SkipTest("auditing or the login uid is locked")

    def add(self, *rule):
        """Loads a rule as auditctl -a does; returns what takes it away again."""
        run("auditctl", "-a", *rule)
        self.rules.append(rule)
        return lambda: run("auditctl", "-d", *rule, check=False)

    def restore(self):
        for rule in self.rules:
            run("auditctl", "-d", *rule, check=False)
        for option, value in (("-e", "enabled"), ("-b", "backlog_limit"), ("--backlog_wait_time", "backlog_wait_time"), ("-r", "rate_limit")):
            run("auditctl", option, self.before[value], check=False)
        self.lock.close()


class Agent:
    """`plimsoll agent` with files of its own below a folder. It is ready when all its sources are connected, unless `wait` is false."""

    def __init__(self, folder, name, engines, mode="multicast", within=(), wait=True, sensor=False, rules=()):
        self.mode, self.ledger, self.socket, self.log = mode, folder / name, folder / f"{name}.sock", folder / f"{name}.log"
        config = folder / f"{name}.yaml"
        config.write_text(json.dumps({
            "ledger": {"path": str(self.ledger)}, "engines": engines, "daemon_log": {"enabled": False}, "resources": {"every": "0s"},
            "audit": {"mode": mode}, "sensor": sensor if isinstance(sensor, dict) else {"enabled": sensor}, "rules": {"files": list(rules)}, "agent": {"control_socket": str(self.socket), "state": str(folder / f"{name}.state")}}))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*within, PLIMSOLL, "agent", "--config", str(config)], stdout=log, stderr=subprocess.STDOUT)
        self.pid = self.process.pid
        if wait:
            self.wait(lambda sources: sources and all(source["connected"] for source in sources), "every source is connected")

    def sources(self):
        asked = run(PLIMSOLL, "status", "--socket", self.socket, "--json", check=False)
        return json.loads(asked.stdout)["sources"] if asked.returncode in (0, 1) and asked.stdout else []

    def wait(self, holds, what, seconds=60):
        """Waits until `holds` of the agent's sources."""
        deadline = time.monotonic() + seconds
        while not holds(sources := self.sources()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.stop()
                raise AssertionError(f"not within {seconds} s: {what}; {sources}; {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def search(self, condition):
        found = run(PLIMSOLL, "search", condition, "--ledger", self.ledger, "--json")
        return [json.loads(line) for line in found.stdout.decode().splitlines()]

    def wait_for(self, condition, count=1, seconds=60):
        """At least that many records; a failure says what the agent knows of itself, since a wait alone tells nothing."""
        deadline = time.monotonic() + seconds
        while len(found := self.search(condition)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} records within {seconds} s for {condition}\n"
                                     f"sources: {self.sources()}\naudit: {audit_status()}\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.3)
        return found

    def who(self, *words):
        return [json.loads(line) for line in run(PLIMSOLL, "who", *words, "--ledger", self.ledger, "--json").stdout.decode().splitlines()]


def answer(body, status="200 OK", headers=()):
    """A whole HTTP answer with a length."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(data)}", *headers]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + data


VERSION = {"Version": "27.5.1", "ApiVersion": "1.47", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64",
           "Components": [{"Name": "Engine", "Version": "27.5.1", "Details": {}}]}
INFO = {"ID": "fake", "Name": "fake", "Containers": 0, "Images": 0, "Driver": "overlay2", "LoggingDriver": "json-file", "CgroupDriver": "cgroupfs",
        "CgroupVersion": "2", "ServerVersion": "27.5.1", "SecurityOptions": ["name=seccomp,profile=builtin"], "DockerRootDir": "/nowhere/fake",
        "Swarm": {"LocalNodeState": "inactive"}, "Warnings": [], "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": []}}


def listed(identifier, name):
    return {"Id": identifier, "Names": ["/" + name], "Image": "img:1", "ImageID": "sha256:" + "1" * 64, "State": "running", "Status": "Up",
            "Created": 1700000000, "Command": "sleep", "Labels": {}, "Ports": [], "Mounts": [], "NetworkSettings": {"Networks": {}}}


def inspected(identifier, name, **config):
    return {"Id": identifier, "Name": "/" + name, "Created": "2026-01-01T00:00:00Z", "Image": "sha256:" + "1" * 64, "RestartCount": 0,
            "State": {"Status": "running", "Running": True, "Pid": 0, "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z"},
            "HostConfig": {"NetworkMode": "none", "RestartPolicy": {"Name": "no"}, "LogConfig": {"Type": "json-file", "Config": {}}},
            "Config": {"User": "", "Env": [], "Image": "img:1", "Labels": {}, **config}, "Mounts": [], "NetworkSettings": {"Ports": {}, "Networks": {}}}


class FakeEngine:
    """Answers on a unix socket. routes: path without version prefix and query -> bytes to send, a function (connection) that sends them,
    or None to close the connection. What is not listed is answered as by an empty engine."""

    def __init__(self, routes=None, containers=()):
        self.folder = tempfile.mkdtemp(prefix="plimsoll-fake-")
        self.path = os.path.join(self.folder, "docker.sock")
        self.host = f"unix://{self.path}"
        self.requests = []
        self.routes = {"/_ping": answer(b"OK"), "/version": answer(VERSION), "/info": answer(INFO),
                       "/containers/json": answer([listed(c["Id"], c["Name"].lstrip("/")) for c in containers]), "/images/json": answer([]),
                       "/networks": answer([]), "/volumes": answer({"Volumes": [], "Warnings": None})}
        for container in containers:
            self.routes[f"/containers/{container['Id']}/json"] = answer(container)
            self.routes[f"/containers/{container['Id']}/logs"] = answer(b"")
        self.routes.update(routes or {})
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(64)
        self.open = True
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self.open:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        try:
            while self.open:
                while b"\r\n\r\n" not in data:
                    part = connection.recv(65536)
                    if not part:
                        return
                    data += part
                head, data = data.split(b"\r\n\r\n", 1)
                target = head.split(b" ")[1].decode()
                path = target.split("?")[0]
                if path.startswith("/v1."):
                    path = "/" + path.split("/", 2)[2]
                self.requests.append(target)
                reply = self.routes.get(path, answer({"message": "no such thing"}, "404 Not Found"))
                if reply is None:
                    return
                if callable(reply):
                    reply(connection)
                else:
                    connection.sendall(reply)
        except OSError:
            pass
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        self.server.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    """Runs the tests of the file; exit code 77 tells CTest that nothing of it could run here."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun == len(result.skipped) else 0)
