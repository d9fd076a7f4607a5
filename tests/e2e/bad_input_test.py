"""What the user gives and gets wrong, what an ordinary account may not read, and what the program must never do: start a process."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from support import PLIMSOLL, FakeEngine, Report, audit, inspected, main, need, run

ONE = "a" * 64


class BrokenFiles(unittest.TestCase):
    """A broken file ends the command with exit 2 and one line that names file, line and what is wrong."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def assert_refused(self, option, path, line):
        result = audit("--host", "unix:///nowhere", option, path)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, 2, text)
        self.assertEqual(result.stdout, b"")
        if line:
            self.assertRegex(text, re.escape(f"{path}:{line}:"))
        else:
            self.assertIn(str(path), text)
        self.assertNotIn("terminate", text)

    CHECK = """- check: my-check
  title: Mine
  why: Because.
  remedy: Do it.
  severity: high
  subject: container
  condition: {condition}
  message: "x"
  examples:
    pass: {{container.privileged: false}}
    fail: {{container.privileged: true}}
"""

    def test_rules(self):
        for name, text, line in (
            ("unknown-field.yaml", self.CHECK.format(condition="container.priviledged = true"), 7),
            ("syntax.yaml", self.CHECK.format(condition="container.privileged = = true"), 7),
            ("severity.yaml", self.CHECK.format(condition="container.privileged = true").replace("high", "terrible"), 5),
            ("yaml.yaml", "- check: [\n", None),
            ("binary.yaml", b"\x00\xff\xfe" * 100, None),
        ):
            with self.subTest(file=name):
                self.assert_refused("--rules", self.write(name, text), line)

    def test_unknown_field_names_the_nearest(self):
        path = self.write("near.yaml", self.CHECK.format(condition="container.priviledged = true"))
        self.assertIn("container.privileged", audit("--rules", path).stderr.decode())

    def test_waivers(self):
        for name, text, line in (
            ("condition.yaml", "- waiver: w\n  reason: r\n  owner: o\n  condition: nothing.known = 1\n", 4),
            ("unknown-key.yaml", "- waiver: w\n  reason: r\n  owner: o\n  condition: finding.check = x\n  until: 2027-01-01\n", 5),
            ("expiry.yaml", "- waiver: w\n  reason: r\n  owner: o\n  condition: finding.check = x\n  expires: tomorrow\n", 5),
        ):
            with self.subTest(file=name):
                self.assert_refused("--waivers", self.write(name, text), line)

    def test_config(self):
        self.assert_refused("--config", self.write("key.yaml", "audit:\n  fail_on: high\n  no_such_key: 1\n"), 3)
        self.assert_refused("--config", self.write("value.yaml", "audit:\n  fail_on: terrible\n"), 2)
        self.assert_refused("--config", self.write("yaml.yaml", "a: [\n"), None)

    def test_baseline(self):
        self.assert_refused("--baseline", self.write("baseline.json", '{"findings": ['), None)
        self.assert_refused("--baseline", self.write("other.json", '{"hello": 1}'), None)

    def test_compose(self):
        self.assert_refused("--compose", self.write("compose.yaml", "services: [\n"), None)

    def test_missing_files(self):
        for option in ("--rules", "--waivers", "--config", "--baseline", "--compose"):
            with self.subTest(option=option):
                self.assert_refused(option, self.folder / "missing", None)

    def test_folder_instead_of_a_file(self):
        for option in ("--waivers", "--config", "--baseline", "--compose"):
            with self.subTest(option=option):
                self.assert_refused(option, self.folder, None)

    def test_report_that_cannot_be_written(self):
        result = audit("--host", "unix:///nowhere", "--output", self.folder / "no" / "such" / "folder")
        self.assertNotIn(result.returncode, (0, 1))
        self.assertIn("folder", result.stderr.decode())

    def test_wrong_usage(self):
        for words in (["--fail-on", "terrible"], ["--format", "pdf"], ["--timeout", "never"], ["--no-such-option"], ["--explain", "no-such-check"],
                      ["--host", "ftp://x"]):
            with self.subTest(words=words):
                self.assertEqual(audit(*words).returncode, 2)


class ExitCodes(unittest.TestCase):
    def test_findings_and_none(self):
        with FakeEngine(containers=[inspected(ONE, "one")]) as engine:
            words = ["--host", engine.host, "--only", "container-runs-as-root"]
            self.assertEqual(audit(*words).returncode, 1)
            self.assertEqual(audit(*words, "--fail-on", "critical").returncode, 0)
            self.assertEqual(audit("--host", engine.host, "--only", "container-privileged").returncode, 0)

    def test_nothing_judged(self):
        result = audit("--host", "unix:///nowhere", "--only", "container-*")
        self.assertEqual(result.returncode, 3, result.stdout + result.stderr)

    def test_baseline_of_the_same_state_has_nothing_new(self):
        with FakeEngine(containers=[inspected(ONE, "one")]) as engine, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "baseline.json")
            audit("--host", engine.host, "--json", "--output", path)
            again = Report(audit("--host", engine.host, "--json", "--baseline", path)).data
            self.assertEqual(again["baseline"], {"new": 0, "resolved": 0})

    def test_baseline_shows_what_is_new_and_what_is_gone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "baseline.json")
            with FakeEngine(containers=[inspected(ONE, "old")]) as engine:
                audit("--host", engine.host, "--json", "--only", "container-*", "--output", path)
            with FakeEngine(containers=[inspected(ONE, "new")]) as engine:
                report = Report(audit("--host", engine.host, "--json", "--only", "container-*", "--baseline", path))
            self.assertTrue(report.failed("container", "new")["container-runs-as-root"]["new"])
            self.assertGreater(report.data["baseline"]["resolved"], 0)

    def test_waiver_covers_and_is_reported_when_unused(self):
        with FakeEngine(containers=[inspected(ONE, "one")]) as engine, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "waivers.yaml")
            pathlib.Path(path).write_text(
                "- waiver: known\n  reason: drops its privileges itself\n  owner: mail team\n  condition: finding.check = container-runs-as-root and container.name = one\n"
                "- waiver: stale\n  reason: r\n  owner: o\n  condition: container.name = gone\n"
                "- waiver: late\n  reason: r\n  owner: o\n  expires: 2020-01-01\n  condition: finding.check = container-no-healthcheck\n")
            result = audit("--host", engine.host, "--only", "container-*", "--json", "--waivers", path)
            report = Report(result)
            finding = report.failed("container", "one")["container-runs-as-root"]
            self.assertEqual((finding["waiver"], finding["counts"]), ("known", False))
            waivers = {w["id"]: w for w in report.data["waivers"]}
            self.assertEqual((waivers["stale"]["used"], waivers["late"]["expired"]), (0, True))
            self.assertIsNone(report.failed("container", "one")["container-no-healthcheck"]["waiver"])


@need("setpriv")
class OrdinaryAccount(unittest.TestCase):
    """Without root the audit goes on; what could not be read is unknown with the reason."""

    def test_unreadable_is_unknown(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "plimsoll")
            run("cp", "--dereference", PLIMSOLL, program)
            os.chmod(folder, 0o755)
            result = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "audit", "--json", check=False,
                         env={"PATH": os.environ["PATH"]})
            report = Report(result)
            unknown = [f for f in report.data["findings"] if f["outcome"] == "unknown"]
            self.assertTrue(unknown)
            self.assertEqual([f["check"] for f in unknown if not f["reason"]], [])
            self.assertRegex(" ".join(f["reason"] for f in unknown), "(?i)permission|not permitted|root")


@need("strace")
class NothingIsExecuted(unittest.TestCase):
    def test_no_process_is_started(self):
        """Threads are allowed; a new process or program is not. Neither is writing any file or killing anything."""
        with FakeEngine(containers=[inspected(ONE, "one")]) as engine, tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace")
            result = run("strace", "-f", "-qq", "-o", trace, "-e", "trace=process,kill,tgkill,openat,unlink,unlinkat,rename,renameat2,mkdir,mkdirat",
                         PLIMSOLL, "audit", "--host", engine.host, "--json", check=False,
                         env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # the leak check is a process of its own
            self.assertIn(result.returncode, (0, 1), result.stderr)
            lines = pathlib.Path(trace).read_text(errors="replace").splitlines()
            self.assertEqual(sum("execve(" in line for line in lines), 1, "only the program itself")
            self.assertEqual([line for line in lines if re.search(r"\b(fork|vfork|kill|tgkill|unlink|unlinkat|rename\w*|mkdir\w*)\(", line)], [])
            self.assertEqual([line for line in lines if re.search(r"\bclone3?\(", line) and "CLONE_THREAD" not in line], [])
            written = [line for line in lines if "openat(" in line and re.search(r"O_(WRONLY|RDWR|CREAT)", line)]
            self.assertEqual(written, [])


class Usage(unittest.TestCase):
    def test_version(self):
        self.assertRegex(run(PLIMSOLL, "--version").stdout.decode(), r"\d+\.\d+\.\d+")

    def test_help_of_every_command_has_an_example(self):
        for command in ("audit", "rules", "prune", "fields", "man"):
            with self.subTest(command=command):
                self.assertIn("Example", run(PLIMSOLL, command, "--help").stdout.decode())

    def test_json_and_text_agree_on_the_exit_code(self):
        with FakeEngine(containers=[inspected(ONE, "one")]) as engine:
            codes = {form: audit("--host", engine.host, "--format", form).returncode for form in ("text", "json", "sarif", "junit", "csv", "markdown", "html")}
            self.assertEqual(set(codes.values()), {1}, codes)

    def test_no_colour_when_piped(self):
        with FakeEngine(containers=[inspected(ONE, "one")]) as engine:
            self.assertNotIn(b"\x1b", audit("--host", engine.host).stdout)
            self.assertIn(b"\x1b[", audit("--host", engine.host, "--colour", "always").stdout)


if __name__ == "__main__":
    main()
