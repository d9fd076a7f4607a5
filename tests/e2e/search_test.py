"""Searching and watching a ledger: words for times, formats, hostile text, closed pipes, damaged parts, a writer that goes on."""
import csv
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support import PLIMSOLL, main

MAKE = os.environ.get("PLIMSOLL_MAKE_LEDGER", "")


def search(*words, check=0, zone="UTC0"):
    result = subprocess.run([PLIMSOLL, *words], capture_output=True, timeout=60, env={**os.environ, "TZ": zone})
    assert result.returncode == check, (result.returncode, result.stderr)
    return result


@unittest.skipUnless(MAKE, "PLIMSOLL_MAKE_LEDGER names no program")
class SearchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="plimsoll-search-")
        cls.ledger = os.path.join(cls.folder, "ledger")
        subprocess.run([MAKE, cls.ledger, "2000"], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def records(self, *words, **options):
        lines = search("search", "--ledger", self.ledger, "--json", *words, **options).stdout.decode().splitlines()
        return [json.loads(line) for line in lines]

    def test_finds_by_condition_container_and_time(self):
        self.assertEqual(len(self.records("docker.action = die")), 200)
        self.assertEqual(len(self.records("--container", "web")), 200)
        self.assertEqual(len(self.records("--container", "01234567")), 200)
        self.assertEqual(len(self.records("--container", "nobody")), 0)
        found = self.records("exec.pid exists", "--since", "2025-11-18 04:00:11", "--until", "2025-11-18 04:00:13", zone="CET-1")
        self.assertEqual([r["exec.pid"] for r in found], [11, 12])
        self.assertEqual(found[0]["time"], "2025-11-18T03:00:11.000000000Z")
        self.assertEqual(found[0]["docker.attributes"], {"signal": "15"})
        newest = self.records("exec.pid exists", "--newest", "--limit", "3")
        self.assertEqual([r["exec.pid"] for r in newest], [2000, 1999, 1998])

    def test_the_answer_names_its_zone_and_nothing_found_is_no_failure(self):
        result = search("search", "--ledger", self.ledger, "exec.pid = 7", zone="CET-1")
        self.assertIn(b"CET, UTC+01:00", result.stderr)
        self.assertIn(b"2025-11-18 04:00:07", result.stdout)
        nothing = search("search", "--ledger", self.ledger, "exec.pid = 7777")
        self.assertEqual(nothing.stdout, b"")
        self.assertIn(b"no records", nothing.stderr)

    def test_hostile_text_reaches_no_terminal_and_no_spreadsheet(self):
        for words in ((), ("--json",), ("--csv",), ("--raw",), ("--fields", "exec.command")):
            out = search("search", "--ledger", self.ledger, "exec.pid = 7", *words).stdout
            self.assertNotIn(b"\x1b", out)
            self.assertNotIn("\u202e".encode(), out)
            self.assertNotIn(b"\xff", out)
        rows = list(csv.reader(io.StringIO(search("search", "--ledger", self.ledger, "exec.pid = 7", "--csv", "--fields", "exec.command,exec.pid").stdout.decode())))
        self.assertEqual(rows[0], ["number", "time", "exec.command", "exec.pid"])
        self.assertTrue(rows[1][2].startswith("'="))
        self.assertIn("\\xff", self.records("exec.pid = 7")[0]["exec.command"])

    def test_counts(self):
        lines = search("search", "--ledger", self.ledger, "exec.pid exists", "--count-by", "container.name", "--per", "10m", "--json").stdout.decode().splitlines()
        counts = [json.loads(line) for line in lines]
        self.assertEqual(sum(c["count"] for c in counts), 2000)
        self.assertEqual(counts[0], {"from": "2025-11-18T03:00:00.000000000Z", "container.name": "db", "count": 540})

    def test_wrong_usage_says_where(self):
        self.assertIn(b"the nearest is 'exec.pid'", search("search", "--ledger", self.ledger, "exec.pidd = 1", check=2).stderr)
        self.assertIn(b"last tuesday 3am", search("search", "--ledger", self.ledger, "--since", "soon", check=2).stderr)
        search("search", "--ledger", "/nowhere/at/all", check=3)

    def test_a_reader_that_goes_away_ends_it_quietly(self):
        process = subprocess.Popen([PLIMSOLL, "search", "--ledger", self.ledger, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(30), 0)

    def test_a_damaged_part_is_told_and_the_rest_is_shown(self):
        copy = os.path.join(self.folder, "damaged")
        shutil.copytree(self.ledger, copy)
        segment = sorted(pathlib.Path(copy, "segments").glob("*.seg"))[2]
        os.truncate(segment, segment.stat().st_size // 2)
        result = search("search", "--ledger", copy, "exec.pid exists", "--json", check=3)
        self.assertEqual(len(result.stdout.splitlines()), 1700)
        self.assertIn(b"records 600 to 899", result.stderr)

    def test_watch_shows_each_record_once_while_segments_are_sealed(self):
        live = os.path.join(self.folder, "live")
        subprocess.run([MAKE, live, "10"], check=True)
        watch = subprocess.Popen([PLIMSOLL, "watch", "docker.type = container", "--json", "--ledger", live, "--since", "2025-11-18 00:00 UTC"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = [json.loads(watch.stdout.readline()) for _ in range(10)]
        self.assertEqual([r["exec.pid"] for r in first], list(range(1, 11)))
        subprocess.run([MAKE, live, "1500", "100"], check=True)
        found = [json.loads(watch.stdout.readline())["exec.pid"] for _ in range(1500)]
        self.assertEqual(found, list(range(1, 1501)))
        watch.send_signal(signal.SIGINT)
        rest, errors = watch.communicate(timeout=30)
        self.assertEqual((watch.returncode, rest, errors), (0, b"", b""))


if __name__ == "__main__":
    main()
