"""Containers that only containerd knows (Kubernetes, nerdctl, ctr): the sensor takes their names from containerd's tasks.
Real containerd, real kernel, an agent with a ledger of its own; no engine answers."""
import contextlib
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time
import unittest

from support import Agent, main, need, run

SPACE = "plimsoll-test"
SYSTEMS = "/run/containerd/containerd.sock"


class Containerd:
    """The system's containerd, or one of its own with the same folder for tasks."""

    def __init__(self, folder):
        self.process, self.address = None, SYSTEMS
        if self.answers():
            return
        self.address = str(folder / "containerd.sock")
        with open(folder / "containerd.log", "wb") as log:
            self.process = subprocess.Popen(["containerd", "--root", str(folder / "root"), "--state", "/run/containerd", "--address", self.address],
                                            stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError((folder / "containerd.log").read_text()[-2000:])
            time.sleep(0.1)

    def answers(self):
        return run("ctr", "--address", self.address, "version", check=False).returncode == 0

    def ctr(self, *arguments, check=True):
        return run("ctr", "--address", self.address, "--namespace", SPACE, *arguments, check=check)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
        root = pathlib.Path("/sys/fs/cgroup")
        for hierarchy in (root, *root.iterdir()):
            with contextlib.suppress(OSError):  # there is none, or others are in it
                (hierarchy / SPACE).rmdir()


@need("containerd", "ctr", "busybox")
class NamesOfContainerd(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-containerd-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.containerd = Containerd(self.folder)
        self.addCleanup(self.containerd.stop)
        tree = self.folder / "tree"
        for part in ("bin", "etc", "proc", "dev", "sys", "tmp"):
            (tree / part).mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), tree / "bin" / "busybox")
        (tree / "etc" / "shadow").write_text("root:*:1::::::\n")
        (tree / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
        self.agent = Agent(self.folder, "alone", [f"unix://{self.folder}/no-engine.sock"], "off", sensor=True, wait=False)
        self.addCleanup(self.agent.stop)
        self.agent.wait(lambda sources: any(s["name"] == "kernel" and s["connected"] for s in sources), "the sensor sees")

    def start(self, *annotations):
        identifier = secrets.token_hex(32)
        words = [word for annotation in annotations for word in ("--annotation", annotation)]
        self.addCleanup(self.containerd.ctr, "container", "rm", identifier, check=False)
        self.addCleanup(self.containerd.ctr, "task", "rm", "--force", identifier, check=False)
        self.containerd.ctr("run", "--detach", "--null-io", *words, "--rootfs", self.folder / "tree", identifier,
                            "/bin/busybox", "sh", "-c", "/bin/busybox cat /etc/shadow; exec /bin/busybox sleep 300")
        return identifier

    def test_what_kubernetes_says_names_events_and_alerts(self):
        identifier = self.start("io.kubernetes.cri.container-type=container", "io.kubernetes.cri.container-name=web",
                                "io.kubernetes.cri.image-name=example/nginx:1.27", "io.kubernetes.cri.sandbox-name=web-5d9c",
                                "io.kubernetes.cri.sandbox-namespace=shop")
        events = self.agent.wait_for(f"evt.type = execve and container.full_id = {identifier} and proc.args startswith 'cat'")
        for event in events:
            self.assertEqual((event["container.name"], event["container.image"], event["container.type"]), ("web", "example/nginx:1.27", "containerd"))
            self.assertEqual((event["container.image.repository"], event["container.image.tag"]), ("example/nginx", "1.27"))
            self.assertEqual((event["k8s.ns.name"], event["k8s.pod.name"]), ("shop", "web-5d9c"))
        alert = self.agent.wait_for(f"record.kind = alert and container.full_id = {identifier}")[0]
        self.assertEqual(alert["container.name"], "web")

    def test_a_task_without_a_name_says_so(self):
        identifier = self.start()
        event = self.agent.wait_for(f"evt.type = execve and container.full_id = {identifier}")[0]
        self.assertEqual(event["container.type"], "containerd")
        self.assertEqual(event["unknown"]["container.name"], "containerd's task bears no name")


if __name__ == "__main__":
    main()
