"""`plimsoll auditd summary` as an admin uses it: aureport's options on files, rotated sets and pipes, beside aureport where it is installed."""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support import PLIMSOLL, SHARED, main, run

DATA = SHARED / "data" / "audit"
LOG = DATA / "sample-seq-raw.log"
ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}


def summary(*arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return run(PLIMSOLL, "auditd", "summary", *arguments, check=False, env=ENVIRONMENT, **options)


def number(text, label):
    return next(int(line.rsplit(b" ", 1)[1]) for line in text.splitlines() if line.startswith(b"Number of " + label + b":"))


@unittest.skipUnless(LOG.exists(), "needs the recorded logs")
class Reports(unittest.TestCase):
    def test_overview(self):
        result = summary("-if", LOG)
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout.startswith(b"\nSummary Report\n======================\nRange of time in logs: 11/21/26 00:37:42.737 - "))
        self.assertEqual(number(result.stdout, b"events"), 556)
        self.assertEqual(number(result.stdout, b"keys"), number(summary("-if", LOG, "--threads", "1").stdout, b"keys"))

    def test_lists_and_counts_by_short_and_long_options(self):
        short = summary("-if", LOG, "-k", "--summary")
        self.assertEqual(short.stdout.splitlines()[5], b"161  user-cmd")
        self.assertEqual(summary("--input", LOG, "--key", "--summary").stdout, short.stdout)
        hosts = summary("-if", LOG, "-h", "--summary")
        self.assertIn(b"1  192.0.2.77\n", hosts.stdout)
        listed = summary("-if", LOG, "-ts", "11/21/26", "00:37:50", "-k", "-i")
        self.assertIn(b"\n1. 11/21/26 00:37:5", listed.stdout)
        self.assertNotIn(b" 00:37:49 ", listed.stdout)

    def test_failed_and_success(self):
        failed = summary("-if", LOG, "--failed")
        self.assertTrue(failed.stdout.startswith(b"\nFailed Summary Report\n"))
        success = summary("-if", LOG, "--success")
        self.assertLess(number(failed.stdout, b"events"), number(success.stdout, b"events"))
        self.assertEqual(number(failed.stdout, b"failed syscalls"), number(summary("-if", LOG).stdout, b"failed syscalls"))

    def test_json(self):
        rows = [json.loads(line) for line in summary("-if", LOG, "-x", "--summary", "--json").stdout.splitlines()]
        self.assertEqual(rows[0], {"total": 86, "file": "/opt/tools/auditd-3.0.9/root/sbin/auditctl"})
        overview = json.loads(summary("-if", LOG, "--json").stdout)
        self.assertEqual(overview["events"], 556)
        self.assertEqual(overview["first"], "2026-11-21T00:37:42.737Z")

    def test_exit_codes(self):
        nothing = summary("-if", LOG, "-l")
        self.assertEqual(nothing.returncode, 1)
        self.assertIn(b"<no events of interest were found>", nothing.stdout)
        self.assertEqual(summary("-if", LOG, "-zz").returncode, 2)
        self.assertEqual(summary("-if", LOG, "-ts", "99/99/99").returncode, 2)
        self.assertEqual(summary("-if", "/nonexistent").returncode, 3)
        self.assertEqual(summary("--help").returncode, 0)

    def test_packed_files_sets_and_pipes_count_the_same(self):
        with tempfile.TemporaryDirectory(prefix="plimsoll-summary-") as name:
            folder = pathlib.Path(name)
            lines = LOG.read_bytes().splitlines(keepends=True)
            (folder / "audit.log").write_bytes(b"".join(lines[1500:]))
            (folder / "audit.log.1").write_bytes(b"".join(lines[700:1500]))
            (folder / "audit.log.2.gz").write_bytes(gzip.compress(b"".join(lines[:700])))
            whole = summary("-if", LOG, "-e", "--summary").stdout
            self.assertEqual(summary("-if", folder, "-e", "--summary").stdout, whole)
            overview = summary("-if", LOG).stdout
            with open(LOG, "rb") as log:
                pipe = subprocess.run([PLIMSOLL, "auditd", "summary", "-if", "-"], input=log.read(), stdout=subprocess.PIPE, env=ENVIRONMENT, check=False)
            self.assertEqual(pipe.stdout, overview)
            ranges = summary("-if", folder, "-t").stdout.splitlines()
            self.assertEqual(len(ranges), 6)
            self.assertIn(b"audit.log.2.gz: 11/21/26 00:37:42.737 - ", ranges[3])

    def test_damage_is_told_and_hides_nothing(self):
        result = summary("-if", DATA / "damaged" / "garbage-line.log", "-e", "--summary")
        self.assertIn(b"1 lines are no records", result.stderr)
        self.assertIn(b"\n20  1300\n", result.stdout)

    @unittest.skipUnless(shutil.which("aureport"), "needs aureport")
    def test_reads_as_aureport_has_it(self):
        version = subprocess.run(["aureport", "-v"], stdout=subprocess.PIPE, check=False).stdout
        if b"3.0.9" not in version:
            self.skipTest("needs aureport 3.0.9")
        log = DATA / "sample-par-raw.log"
        for words in (["-x", "--summary"], ["-k", "--summary"], ["-f", "--summary"], ["--comm", "--summary"], ["-s", "--summary"],
                      ["-h", "--summary"], ["-m"], ["-au"], ["-l"], ["-n"], ["-c"], ["--success", "-k", "--summary"]):
            theirs = subprocess.run(["aureport", "-if", str(log), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ENVIRONMENT, check=False)
            ours = summary("-if", log, *words)
            with self.subTest(words=words):
                self.assertEqual(sorted(ours.stdout.splitlines()), sorted(theirs.stdout.splitlines()))
                if "--summary" not in words:  # of those aureport says 0 even without events
                    self.assertEqual(ours.returncode, theirs.returncode)


if __name__ == "__main__":
    main()
