"""`plimsoll prune` removes exactly what its plan lists, after writing it down, and nothing that is in use, young or kept."""
import json
import unittest

from support import IMAGE, PLIMSOLL, Docker, main, need, run


@need("dockerd", "docker", "busybox", "unshare", "nsenter")
class Prune(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Docker()
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image()
        cls.engine.make_image("plimsoll-e2e-unused:1.0", changes=("LABEL unused=yes",))

    def setUp(self):
        self.record = self.engine.folder / f"record-{self.id()}.json"
        docker = self.engine.docker
        docker("volume", "create", "kept-volume", "--label", "plimsoll.keep")
        docker("volume", "create", "used-volume")
        docker("volume", "create", "free-volume")
        docker("network", "create", "free-net")
        docker("run", "--detach", "--name", "running", "--volume", "used-volume:/v", IMAGE, "/bin/sleep", "3600")
        docker("run", "--name", "finished", "--user", "0", IMAGE, "/bin/true")
        docker("run", "--name", "finished-kept", "--user", "0", "--label", "plimsoll.keep", IMAGE, "/bin/true")

    def tearDown(self):
        self.engine.docker("rm", "--force", "--volumes", "running", "finished", "finished-kept", check=False)
        self.engine.docker("volume", "rm", "kept-volume", "used-volume", "free-volume", check=False)
        self.engine.docker("network", "rm", "free-net", check=False)

    def prune(self, *arguments):
        return run(*self.engine.within, PLIMSOLL, "prune", "--host", self.engine.host, "--record", self.record, *arguments, check=False)

    def names(self, *words):
        return set(self.engine.docker(*words).stdout.decode().split())

    def state(self):
        return (self.names("ps", "--all", "--format", "{{.Names}}"), self.names("volume", "ls", "--quiet"), self.names("network", "ls", "--format", "{{.Name}}"),
                self.names("images", "--format", "{{.Repository}}"))

    def test_plan_alone_removes_nothing(self):
        before = self.state()
        result = self.prune("--older-than", "0", "--named-volumes")
        self.assertIn(b"finished", result.stdout)
        self.assertIn(b"free-volume", result.stdout)
        self.assertNotIn(b"kept", result.stdout.split(b"to remove")[0])
        self.assertEqual(self.state(), before)

    def test_nothing_younger_than_the_limit(self):
        before = self.state()
        result = self.prune("--older-than", "1", "--named-volumes", "--yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.state(), before)

    def test_yes_removes_the_plan_and_only_that(self):
        containers, volumes, networks, images = self.state()
        result = self.prune("--older-than", "0", "--named-volumes", "--kind", "container", "--kind", "volume", "--kind", "network", "--yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        after = self.state()
        self.assertEqual(after, (containers - {"finished"}, volumes - {"free-volume"}, networks - {"free-net"}, images))
        record = self.record.read_text()
        for name in ("finished", "free-volume", "free-net"):
            self.assertIn(name, record)
        self.assertNotIn("used-volume", record)

    def test_json_plan(self):
        plan = json.loads(self.prune("--older-than", "0", "--json").stdout)
        self.assertIn("finished", json.dumps(plan))
        self.assertNotIn("running", {item.get("name") for item in plan.get("items", [])})


if __name__ == "__main__":
    main()
