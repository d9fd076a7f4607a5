"""A container's story, from a real engine through the ledger: the timeline and the report tell what was done to it, and when."""
import json
import pathlib
import shutil
import tempfile
import unittest

from agent_test import Agent, eventually
from support import IMAGE, PLIMSOLL, Docker, main, need, run

NEEDS = need("dockerd", "docker", "busybox", "unshare", "nsenter")


def ask(*arguments, zone="CET-1CEST,M3.5.0,M10.5.0/3"):
    return run(PLIMSOLL, *arguments, check=False, env={"PATH": "/usr/bin:/bin", "TZ": zone})


@NEEDS
class Story(unittest.TestCase):
    """One engine and one recording for all tests: web is deployed, looked into, changed, killed, and deployed anew."""

    @classmethod
    def setUpClass(cls):
        cls.engine = Docker()
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image(changes=())
        docker = cls.engine.docker
        docker("run", "-d", "--name", "elder", IMAGE, "sleep", "600")
        cls.agent = Agent(cls.engine.host)
        cls.addClassCleanup(cls.agent.remove)
        eventually(cls.agent.connected)
        eventually(lambda: cls.agent.search("docker.action = found and container.name = elder"))
        compose = ("--label", "com.docker.compose.project=store", "--label", "com.docker.compose.service=front")
        docker("run", "-d", "--name", "web", "--cap-add", "SYS_PTRACE", "--pid", "host", *compose, IMAGE, "sleep", "600")
        docker("exec", "--user", "10001", "web", "sh", "-c", "echo '<b>&'; exit 3", check=False)
        docker("update", "--memory", "64m", "--memory-swap", "64m", "web")
        docker("kill", "web")
        docker("rm", "web")
        docker("run", "-d", "--name", "web", *compose, IMAGE, "sleep", "600")
        docker("rm", "-f", "web")
        docker("network", "create", "later")
        docker("network", "connect", "later", "elder")
        docker("exec", "elder", "nosuch", check=False)
        docker("exec", "-d", "elder", "sleep", "500")
        eventually(lambda: cls.agent.search("evt.type = exec_failed and container.name = elder"))
        docker("rename", "elder", "eldest")
        docker("network", "disconnect", "later", "eldest")
        eventually(lambda: cls.agent.search("docker.type = network and docker.action = disconnect and docker.name = later"))
        found = lambda: len(cls.agent.search("record.kind = event and docker.action = destroy and container.name = web")) == 2
        eventually(found)
        cls.ledger = cls.agent.ledger

    def timeline(self, *arguments):
        return ask("timeline", *arguments, "--ledger", self.ledger)

    def told(self, *arguments):
        result = self.timeline(*arguments, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_each_life_of_the_name_is_told_in_order(self):
        lives = self.told("web")["lives"]
        self.assertEqual(len(lives), 2)
        kinds = [entry["kind"] for entry in lives[0]["entries"]]
        story = [kind for kind in kinds if kind in ("created", "started", "exec", "changed", "signal", "died", "removed")]
        self.assertEqual(story, ["created", "started", "exec", "changed", "signal", "died", "removed"])
        entries = {entry["kind"]: entry for entry in lives[0]["entries"]}
        self.assertIn("project store, service front", entries["created"]["text"])
        self.assertIn("host's processes visible", " ".join(entries["created"]["details"]))
        self.assertIn("SYS_PTRACE", " ".join(entries["created"]["details"]))
        self.assertIn("Memory", " ".join(entries["changed"]["details"]))
        self.assertEqual(entries["died"]["exit_code"], 137)
        self.assertLess(lives[0]["entries"][-1]["time"], lives[1]["entries"][-1]["time"])

    def test_an_exec_session_is_one_entry_with_user_and_exit_code(self):
        sessions = [entry for entry in self.told("web")["lives"][0]["entries"] if entry["kind"] == "exec"]
        self.assertEqual(len(sessions), 1)
        self.assertEqual(sessions[0]["exit_code"], 3)
        self.assertIn("as 10001", sessions[0]["text"])

    def test_a_container_older_than_the_ledger_is_known(self):
        life, = self.told("eldest")["lives"]
        entries = {entry["kind"]: entry for entry in life["entries"]}
        self.assertIn("was there when recording began, running since", entries["found"]["text"])
        self.assertIn("running since", life["state_before"])
        report = json.loads(ask("report", "--format", "json", "--ledger", self.ledger).stdout)
        self.assertEqual([one["found"] for one in report["containers"] if one["name"] == "elder"], [1])
        self.assertNotIn("field", [one["kind"] for one in report["kinds"]])

    def test_a_network_joined_and_left_while_it_runs_is_told_with_its_address(self):
        texts = [entry["text"] for entry in self.told("eldest")["lives"][0]["entries"] if entry["kind"] == "network"]
        self.assertEqual(len(texts), 2, texts)
        self.assertRegex(texts[0], r"^joined network later as \d+\.\d+\.\d+\.\d+$")
        self.assertRegex(texts[1], r"^left network later, where it was \d+\.\d+\.\d+\.\d+$")

    def test_a_name_has_no_slash(self):
        renamed, = self.agent.search("docker.action = rename and record.kind = event")
        self.assertEqual(renamed["docker.attributes"]["oldName"], "elder")
        self.assertEqual(renamed["change.paths"], ["Name: elder -> eldest"])

    def test_a_session_that_never_started_and_one_that_is_open_are_told_as_such(self):
        texts = [entry for entry in self.told("eldest")["lives"][0]["entries"] if entry["kind"] == "exec"]
        failed, = [entry for entry in texts if "nosuch" in entry["text"]]
        self.assertRegex(failed["text"], "did not start, exit code 12[67]")
        self.assertNotIn(" for ", failed["text"])
        report = json.loads(ask("report", "--format", "json", "--ledger", self.ledger).stdout)
        sessions = {one["command"]: one for one in report["sessions"]}
        self.assertEqual((sessions["nosuch"]["not_started"], sessions["nosuch"]["open"]), (1, 0))
        self.assertEqual((sessions["sleep 500"]["not_started"], sessions["sleep 500"]["open"]), (0, 1))

    def test_compose_service_and_beginning_of_the_id_name_it_too(self):
        by_service = self.told("front")
        self.assertEqual([life["name"] for life in by_service["lives"]], ["web", "web"])
        one = self.told(by_service["lives"][1]["id"][:6])
        self.assertEqual([life["id"] for life in one["lives"]], [by_service["lives"][1]["id"]])

    def test_documents_escape_what_a_container_said(self):
        page = self.timeline("web", "--html").stdout.decode()
        self.assertIn("&lt;b&gt;&amp;", page)
        self.assertNotIn("<b>&'", page)
        for line in self.timeline("web", "--timesketch").stdout.decode().splitlines():
            entry = json.loads(line)
            self.assertTrue({"message", "datetime", "timestamp", "timestamp_desc", "data_type", "tag"} <= entry.keys())

    def test_a_time_in_words_with_its_zone_named(self):
        text = self.timeline("web", "--around", "now", "--window", "1h")
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertIn(b"UTC+0", text.stdout)
        before = self.timeline("web", "--since", "3 days ago", "--until", "2 days ago")
        self.assertEqual(before.returncode, 1)

    def test_a_name_that_nothing_is_known_of_names_what_is_near(self):
        result = self.timeline("wep")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"web", result.stderr)
        self.assertIn(b"the ledger covers", result.stderr)

    def test_what_cannot_be_read_or_understood_is_said(self):
        self.assertEqual(ask("timeline", "web", "--ledger", "/nonexistent").returncode, 3)
        self.assertEqual(ask("report", "--ledger", "/nonexistent").returncode, 3)
        self.assertEqual(self.timeline("web", "--around", "the day before never").returncode, 2)
        self.assertEqual(self.timeline("web", "--since", "now", "--until", "1h ago").returncode, 2)
        self.assertEqual(self.timeline("web; rm -rf / or true", "--json").returncode, 1)

    def test_the_report_sums_up_the_day(self):
        result = ask("report", "--format", "json", "--verify", "--ledger", self.ledger)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        web = next(one for one in report["containers"] if one["name"] == "web")
        self.assertEqual((web["created"], web["died"], web["removed"], web["sessions"]), (2, 2, 2, 1))
        self.assertTrue(report["ledger"]["verified"])
        self.assertEqual(report["ledger"]["starts"], 1)
        for form in ("text", "md", "html"):
            text = ask("report", "--format", form, "--ledger", self.ledger)
            self.assertEqual(text.returncode, 0, text.stderr)
            self.assertIn(b"web", text.stdout)

    def test_the_daily_report_is_saved_under_its_day(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-story-"))
        self.addCleanup(shutil.rmtree, folder)
        result = ask("report", "--day", "today", "--save", folder, "--ledger", self.ledger)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sorted(path.suffix for path in folder.iterdir()), [".html", ".json"])
        self.assertRegex(sorted(folder.iterdir())[0].name, r"^\d{4}-\d\d-\d\d\.html$")


if __name__ == "__main__":
    main()
