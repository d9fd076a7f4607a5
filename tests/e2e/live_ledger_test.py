"""Readers beside a writer in another process: while it appends, seals, signs and prunes, verify finds nothing wrong, and every search sees
whole records, in order, none twice, and never fewer than before."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from support import PLIMSOLL, main

MAKE = os.environ.get("PLIMSOLL_MAKE_LEDGER", "")


@unittest.skipUnless(MAKE, "PLIMSOLL_MAKE_LEDGER names no program")
class LiveTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-live-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.ledger = self.folder / "ledger"

    def write(self, count, microseconds, *more):
        writer = subprocess.Popen([MAKE, self.ledger, str(count), str(microseconds), *map(str, more)])
        self.addCleanup(lambda: writer.poll() is None and writer.kill())
        deadline = time.monotonic() + 30
        while not (self.ledger / "checkpoint").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return writer

    def verified(self):
        result = subprocess.run([PLIMSOLL, "verify", "--ledger", self.ledger, "--json"], capture_output=True, timeout=120)
        report = json.loads(result.stdout)
        self.assertEqual((result.returncode, report["verdict"], report["faults"]), (0, "ok", []), result.stderr)
        return report

    def found(self, *words):
        result = subprocess.run([PLIMSOLL, "search", "exec.pid exists", "--ledger", self.ledger, "--json", *words], capture_output=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line)["exec.pid"] for line in result.stdout.splitlines()]

    def test_beside_a_writer_that_appends_and_seals(self):
        writer = self.write(4000, 700)
        sizes, counts = [], []
        while writer.poll() is None:
            sizes.append(self.verified()["size"])
            found = self.found()
            self.assertEqual(found, list(range(1, len(found) + 1)), "whole, in order, none twice")
            counts.append(len(found))
            proof = subprocess.run([PLIMSOLL, "prove", "1", "--ledger", self.ledger], capture_output=True, timeout=60)
            self.assertEqual(proof.returncode, 0, proof.stderr)
        self.assertEqual(writer.returncode, 0)
        self.assertGreaterEqual(len(sizes), 3, "the writer was at work while it was read")
        self.assertEqual(sizes, sorted(sizes))
        self.assertEqual(counts, sorted(counts))
        self.assertLess(counts[0], 4000)
        self.assertEqual(self.found(), list(range(1, 4001)))
        self.assertGreater(self.verified()["segments"], 10)

    def test_beside_a_writer_that_prunes(self):
        writer = self.write(4000, 700, 8_000)
        looks = 0
        while writer.poll() is None:
            self.verified()
            found = self.found()
            self.assertEqual(found, list(range(found[0], found[-1] + 1)) if found else [], "what is kept is whole")
            looks += 1
        self.assertEqual(writer.returncode, 0)
        self.assertGreaterEqual(looks, 3)
        report = self.verified()
        self.assertGreater(report["first_kept"], 0)
        self.assertEqual(self.found()[-1], 4000)

    def test_a_second_writer_is_refused_and_the_first_goes_on(self):
        writer = self.write(2000, 500)
        second = subprocess.run([MAKE, self.ledger, "1"], capture_output=True, timeout=60)
        self.assertEqual(second.returncode, 1)
        self.assertIn(str(writer.pid).encode(), second.stderr)
        self.assertEqual(writer.wait(120), 0)
        self.assertEqual(len(self.found()), 2000)
        self.verified()


if __name__ == "__main__":
    main()
