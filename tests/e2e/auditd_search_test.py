"""`plimsoll auditd search` as an admin uses it: on files, rotated sets, pipes and growing logs, with ausearch's options, beside ausearch where it
is installed."""
import collections
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from support import PLIMSOLL, SANITIZED, SHARED, main, run

DATA = SHARED / "data" / "audit"
ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
HEADER = re.compile(rb"^type=\S+ msg=audit\(([0-9.]+:[0-9]+)\)", re.MULTILINE)


def search(*arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return run(PLIMSOLL, "auditd", "search", *arguments, check=False, env=ENVIRONMENT, **options)


def ids(text):
    return set(HEADER.findall(text))


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-search-"))
        self.addCleanup(shutil.rmtree, self.folder)


@unittest.skipUnless((DATA / "sample-seq-raw.log").exists(), "needs the recorded logs")
class Options(Folder):
    def test_finds_by_habit_and_by_condition(self):
        log = DATA / "sample-seq-raw.log"
        habit = search("-if", log, "-w", "-k", "docker-sock", "-ul", "4242", "--raw")
        language = search("-if", log, "audit.keys intersects (docker-sock) and user.loginuid = 4242", "--raw")
        self.assertEqual(habit.returncode, 0)
        self.assertGreater(len(ids(habit.stdout)), 10)
        self.assertEqual(habit.stdout, language.stdout)
        self.assertIn(b"2638 lines read", habit.stderr)

    def test_says_what_was_damaged(self):
        result = search("-if", DATA / "damaged" / "garbage-line.log", "-k", "docker-sock", "--raw")
        self.assertIn(b"1 are no records (no type 1)", result.stderr)
        result = search("-if", DATA / "damaged" / "dup-lines.log", "--raw")
        self.assertIn(b"100 double lines left out", result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 100)

    def test_the_account_in_json(self):
        account = self.folder / "account.json"
        result = search("-if", DATA / "damaged" / "garbage-line.log", "-k", "docker-sock", "--json", "--records", "--account", account)
        events = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(events), 20)
        self.assertTrue(all(line.startswith("type=") for event in events for line in event["records"]))
        self.assertNotIn(b"lines read", result.stderr)
        told = json.loads(account.read_text())
        self.assertEqual((told["events"], told["no_records"], told["no_records_why"]), (20, 1, {"no type": 1}))
        self.assertEqual(told["incomplete_among"], "events near a hit")
        doubled = search("-if", DATA / "damaged" / "dup-lines.log", "--raw", "--account", "-")
        self.assertEqual(json.loads(doubled.stderr)["doubled"], 100)
        nothing = search("-if", DATA / "damaged" / "base.log", "-k", "nowhere", "--account", "-")
        self.assertEqual((nothing.returncode, json.loads(nothing.stderr)["events"]), (1, 0))
        missing = search("-if", DATA / "damaged" / "base.log", "--raw", "--account", self.folder / "no" / "such")
        self.assertEqual(missing.returncode, 3)

    def test_exit_codes_and_errors(self):
        log = DATA / "damaged" / "base.log"
        self.assertEqual(search("-if", log, "-k", "docker-sock").returncode, 0)
        nothing = search("-if", log, "-k", "nowhere")
        self.assertEqual((nothing.returncode, nothing.stdout), (1, b""))
        self.assertIn(b"<no matches>", nothing.stderr)
        for wrong in (["-zz"], ["-k"], ["-p", "x"], ["-ts", "99/99/99"], ["evt.tipe = x"]):
            result = search("-if", log, *wrong)
            self.assertEqual(result.returncode, 2, wrong)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        missing = search("-if", self.folder / "none.log")
        self.assertEqual(missing.returncode, 3)
        self.assertIn(b"No such file or directory", missing.stderr)
        cut = self.folder / "cut.gz"
        cut.write_bytes((DATA / "damaged" / "base.log.gz").read_bytes()[:700])
        broken = search("-if", cut, "--raw")
        self.assertEqual(broken.returncode, 3)
        self.assertIn(b"ends before its end", broken.stderr)

    @unittest.skipIf(os.geteuid() != 0, "needs root to give root up")
    def test_no_permission(self):
        secret = self.folder / "audit.log"
        shutil.copy(DATA / "damaged" / "base.log", secret)
        secret.chmod(0o600)
        self.folder.chmod(0o755)
        result = search("-if", secret, user=65534, group=65534)
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"Permission denied", result.stderr)

    def test_just_one(self):
        result = search("-if", DATA / "sample-seq-raw.log", "-k", "docker-sock", "--just-one", "--raw")
        self.assertEqual(len(ids(result.stdout)), 1)

    @unittest.skipUnless(shutil.which("ausearch"), "needs ausearch")
    def test_answers_as_ausearch_does(self):
        log = str(DATA / "sample-seq-raw.log")
        queries = ["-k docker", "-w -k docker-sock", "-f /srv", "-f docker.sock -w", "-x runc", "-c uds", "-w -c docker", "-ua 0", "-ui 0", "-ue 4242",
                   "-ul 4242", "-ul -1", "-sv yes", "-sv no", "-e -2", "-sc 42", "-sc openat", "-sc 102", "--arch i386", "--session 80", "-p 25989",
                   "-pp 25989", "-ge 0", "-gi 4242", "-tm pts", "-tm ?", "-hn 127", "-m USER_CMD", "-m PATH", "-m 1123 -ua 4242",
                   "-ts 11/21/26 00:37:44 -te 11/21/26 00:37:50", "-a 2162580"]
        for query in queries:
            theirs = run("ausearch", "-if", log, *query.split(), "--raw", check=False, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
            ours = search("-if", log, *query.split(), "--raw")
            self.assertEqual(ids(ours.stdout), ids(theirs.stdout), query)
            self.assertEqual(ours.returncode, theirs.returncode, query)


@unittest.skipUnless((DATA / "sample-par-raw.log").exists(), "needs the recorded logs")
class Inputs(Folder):
    def test_a_rotated_set_with_a_missing_number_and_packed_files(self):
        lines = (DATA / "sample-par-raw.log").read_bytes().splitlines(keepends=True)
        third = len(lines) // 3
        (self.folder / "audit.log.4.gz").write_bytes(gzip.compress(b"".join(lines[:third])))
        (self.folder / "audit.log.1").write_bytes(b"".join(lines[third:2 * third]))
        (self.folder / "audit.log").write_bytes(b"".join(lines[2 * third:]))
        whole = search("-if", DATA / "sample-par-raw.log", "-k", "docker-sock", "--raw")
        parts = search("-if", self.folder, "-k", "docker-sock", "--raw")
        self.assertEqual(parts.stdout, whole.stdout)

    def test_a_pipe(self):
        log = DATA / "sample-seq-raw.log"
        expected = search("-if", log, "-k", "docker-sock", "--raw").stdout
        feeder = subprocess.Popen(["cat", log], stdout=subprocess.PIPE)
        self.assertEqual(search("-k", "docker-sock", "--raw", stdin=feeder.stdout).stdout, expected)
        feeder.stdout.close()
        feeder.wait()

    def test_a_pipe_that_goes_on_is_answered_as_it_comes(self):
        process = subprocess.Popen([PLIMSOLL, "auditd", "search", "-l", "-k", "docker-sock", "--raw"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        process.stdin.write((DATA / "damaged" / "base.log").read_bytes())
        process.stdin.flush()
        first = process.stdout.readline()  # comes although the pipe stays open
        self.assertIn(b"type=SYSCALL", first)
        process.stdin.close()
        self.assertEqual(len(process.stdout.read().splitlines()), 99)
        process.stdout.close()
        self.assertEqual(process.wait(), 0)

    def test_a_checkpoint(self):
        log, checkpoint = self.folder / "audit.log", self.folder / "checkpoint"
        lines = (DATA / "damaged" / "base.log").read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[:50]))
        first = search("-if", log, "--checkpoint", checkpoint, "--raw")
        self.assertEqual(len(ids(first.stdout)), 10)
        self.assertEqual(search("-if", log, "--checkpoint", checkpoint, "--raw").returncode, 1)
        with open(log, "ab") as out:
            out.write(b"".join(lines[50:]))
        second = search("-if", log, "--checkpoint", checkpoint, "--raw")
        self.assertEqual(len(ids(second.stdout)), 10)
        self.assertFalse(ids(first.stdout) & ids(second.stdout))
        other = self.folder / "other.log"
        other.write_bytes(b"".join(lines))
        self.assertEqual(search("-if", other, "--checkpoint", checkpoint).returncode, 12)
        self.assertEqual(len(ids(search("-if", other, "--checkpoint", checkpoint, "-ts", "checkpoint", "--raw").stdout)), 1)
        checkpoint.write_text("something\n")
        self.assertEqual(search("-if", log, "--checkpoint", checkpoint).returncode, 10)

    def test_a_log_that_is_rotated_while_it_grows(self):
        log = self.folder / "audit.log"
        event = (DATA / "damaged" / "base.log").read_bytes().splitlines(keepends=True)[:5]
        event = b"".join(event)
        log.write_bytes(event)
        rotate = subprocess.Popen(["python3", "-c", f"""
import os, time
end = time.monotonic() + 4
number = 0
while time.monotonic() < end:
    with open({str(log)!r}, "ab") as out:
        for _ in range(50):
            number += 1
            out.write({event!r}.replace(b":2162636)", b":%d)" % (3000000 + number)))
    for old in range(4, 0, -1):
        if os.path.exists({str(log)!r} + "." + str(old)):
            os.rename({str(log)!r} + "." + str(old), {str(log)!r} + "." + str(old + 1))
    os.rename({str(log)!r}, {str(log)!r} + ".1")
    open({str(log)!r}, "wb").write({event!r})
"""])
        self.addCleanup(rotate.wait)
        seen = 0
        while rotate.poll() is None:
            result = search("-if", self.folder, "-k", "docker-sock", "--raw")
            self.assertEqual(result.returncode, 0, result.stderr)
            # The writer may stand within its last event, of which some records are there already
            headers = HEADER.findall(result.stdout)
            parts = {header for header, count in collections.Counter(headers).items() if count % 5 != 0}
            self.assertLessEqual(parts, set(headers[-1:]))
            seen += 1
        self.assertEqual(rotate.returncode, 0)
        self.assertGreater(seen, 3)

    @unittest.skipIf(SANITIZED, "its memory is not the program's own")
    def test_memory_does_not_grow_with_the_log(self):
        log = self.folder / "audit.log"
        sample = (DATA / "sample-seq-raw.log").read_bytes()
        with open(log, "wb") as out:
            for _ in range(400):
                out.write(sample)
        before = time.monotonic()
        process = subprocess.Popen([PLIMSOLL, "auditd", "search", "-if", log, "-k", "docker-sock", "-i"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(usage.ru_maxrss, 64 * 1024, f"{time.monotonic() - before:.1f} s")


if __name__ == "__main__":
    main()
