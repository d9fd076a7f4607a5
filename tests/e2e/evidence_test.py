"""verify, prove and witness by command line: every kind of alteration is found and named, proofs stand without the ledger, and exit codes
tell what a script must know."""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from support import PLIMSOLL, main

MAKE = os.environ.get("PLIMSOLL_MAKE_LEDGER", "")


def plimsoll(*words, check=None, **options):
    result = subprocess.run([PLIMSOLL, *map(str, words)], capture_output=True, timeout=120, **options)
    if check is not None:
        assert result.returncode == check, (words, result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace"))
    return result


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Log:
    """The log of a ledger, record by record, with check sums that fit: what somebody does who knows the format."""

    def __init__(self, ledger):
        self.path = sorted(pathlib.Path(ledger).glob("tail-*.wal"))[-1]
        data = self.path.read_bytes()
        size = struct.unpack_from("<Q", data, 24)[0]
        self.head, at = data[:32 + size], 32 + size
        self.first = struct.unpack_from("<Q", data, 16)[0]
        self.rows = []
        while at < len(data):
            length = struct.unpack_from("<I", data, at)[0]
            self.rows.append(data[at + 8:at + 8 + length])
            at += 8 + length

    def write(self):
        frames = b""
        for row in self.rows:
            length = struct.pack("<I", len(row))
            frames += length + struct.pack("<I", crc32c(length + row)) + row
        self.path.write_bytes(self.head + frames)


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-evidence-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.ledger = self.folder / "ledger"

    def make(self, count, *more):
        subprocess.run([MAKE, self.ledger, str(count), *map(str, more)], check=True)

    def copied(self, name="copy"):
        copy = self.folder / name
        shutil.copytree(self.ledger, copy)
        return copy

    def verdict(self, ledger, *more):
        """Exit code and report."""
        result = plimsoll("verify", "--ledger", ledger, "--json", *more)
        self.assertIn(result.returncode, (0, 1, 2), result.stderr)
        return result.returncode, json.loads(result.stdout)

    def assert_found(self, ledger, kind, record, *more):
        """Tampered, and a fault of that kind covers that record."""
        code, report = self.verdict(ledger, *more)
        self.assertEqual((code, report["verdict"]), (1, "tampered"), report)
        named = [f for f in report["faults"] if f["kind"] == kind and f.get("first", record) <= record <= f.get("last", record)]
        self.assertTrue(named, report["faults"])


@unittest.skipUnless(MAKE, "PLIMSOLL_MAKE_LEDGER names no program")
class VerifyTest(LedgerTest):
    def setUp(self):
        super().setUp()
        self.make(1000)

    def test_a_ledger_as_it_was_written_is_ok(self):
        code, report = self.verdict(self.ledger)
        self.assertEqual((code, report["verdict"], report["faults"]), (0, "ok", []))
        self.assertEqual(report["checked"], report["size"])
        self.assertEqual(report["signed"], report["size"])
        self.assertIn(b"ok: every record is as it was signed", plimsoll("verify", "--ledger", self.ledger, check=0).stdout)

    def test_an_edited_record(self):
        copy = self.copied()
        log = Log(copy)
        self.assertIn(b"start", log.rows[5])
        log.rows[5] = log.rows[5].replace(b"start", b"stork")
        log.write()
        self.assert_found(copy, "edited", log.first + 5)

    def test_an_inserted_record(self):
        copy = self.copied()
        log = Log(copy)
        log.rows.insert(7, log.rows[7])
        log.write()
        self.assert_found(copy, "inserted", log.first + 7)

    def test_a_removed_record(self):
        self.make(50)  # so that a checkpoint stands behind what is removed; without one it looks like a cut at the end
        copy = self.copied()
        log = Log(copy)
        del log.rows[9]
        log.write()
        self.assert_found(copy, "removed", log.first + 9)

    def test_two_records_exchanged(self):
        copy = self.copied()
        log = Log(copy)
        log.rows[3], log.rows[4] = log.rows[4], log.rows[3]
        log.write()
        self.assert_found(copy, "re-ordered", log.first + 3)

    def test_the_newest_records_cut_off(self):
        copy = self.copied()
        log = Log(copy)
        del log.rows[-20:]
        log.write()
        code, report = self.verdict(copy)
        self.assertEqual(code, 1)
        self.assertTrue({"removed", "truncated"} & {f["kind"] for f in report["faults"]}, report["faults"])

    def test_segments_edited_removed_and_exchanged(self):
        segments = sorted((self.ledger / "segments").glob("*.seg"))
        self.assertGreaterEqual(len(segments), 3)
        edited = self.copied("edited") / "segments" / segments[1].name
        data = bytearray(edited.read_bytes())
        data[len(data) // 2] ^= 1
        edited.write_bytes(data)
        self.assert_found(self.folder / "edited", "edited", int(segments[1].stem))

        (self.copied("removed") / "segments" / segments[1].name).unlink()
        self.assert_found(self.folder / "removed", "removed", int(segments[1].stem))

        exchanged = self.copied("exchanged") / "segments"
        one, other = (exchanged / s.name for s in segments[:2])
        one.rename(exchanged / "x")
        other.rename(one)
        (exchanged / "x").rename(other)
        self.assert_found(self.folder / "exchanged", "re-ordered", int(segments[1].stem))

    def test_a_ledger_set_back_is_found_by_an_anchor_alone(self):
        back = self.copied("back")
        self.make(200)
        anchor = self.folder / "anchor"
        shutil.copy(self.ledger / "checkpoint", anchor)
        self.assertEqual(self.verdict(self.ledger, "--from", anchor)[0], 0)
        self.assertEqual(self.verdict(back)[0], 0, "by itself it is whole")
        size = self.verdict(back)[1]["size"]
        self.assert_found(back, "truncated", size, "--from", anchor)

    def test_what_is_missing_without_a_contradiction_is_incomplete(self):
        copy = self.copied()
        log = Log(copy)
        log.path.write_bytes(log.path.read_bytes() + b"\x40\0\0\0half a record")
        code, report = self.verdict(copy)
        self.assertEqual((code, report["verdict"]), (2, "incomplete"))
        self.assertEqual({f["kind"] for f in report["faults"]}, {"missing"})

    def test_a_pruned_ledger_is_ok_and_a_deleted_one_is_not(self):
        self.ledger = self.folder / "pruned"
        self.make(2000, 0, 6_000)
        code, report = self.verdict(self.ledger)
        self.assertEqual((code, report["verdict"]), (0, "ok"), report["faults"])
        self.assertGreater(report["first_kept"], 0)
        self.assertLess(report["checked"], report["size"])
        first = sorted((self.ledger / "segments").glob("*.seg"))[0]
        first.unlink()  # the same as pruning, without the record that says so
        self.assertEqual(self.verdict(self.ledger)[0], 1)

    def test_keys_known_from_elsewhere(self):
        key = (self.ledger / "keys").read_text().split()[0]
        self.assertTrue(self.verdict(self.ledger, "--pubkey", key)[1]["key_trusted"])
        self.assertEqual(self.verdict(self.ledger, "--pubkey", self.ledger / "keys")[0], 0)
        own = self.ledger
        self.ledger = self.folder / "other"
        self.make(10)
        stranger = (self.ledger / "keys").read_text().split()[0]
        code, report = self.verdict(own, "--pubkey", stranger)
        self.assertEqual((code, report["faults"][0]["kind"]), (1, "forged"))

    def test_wrong_files_of_the_user_are_wrong_usage(self):
        text = self.folder / "notes.txt"
        text.write_text("Buy milk.\n")
        result = plimsoll("verify", "--ledger", self.ledger, "--from", text, check=2)
        self.assertIn(b"is no checkpoint", result.stderr)
        self.assertEqual(result.stdout, b"")
        plimsoll("verify", "--ledger", self.ledger, "--pubkey", text, check=2)
        plimsoll("verify", "--ledger", self.ledger, "--from", self.folder / "nowhere", check=3)
        for missing in (self.folder / "nowhere", self.folder / "empty"):
            result = plimsoll("verify", "--ledger", missing, check=3)
            self.assertIn(b"there is no ledger", result.stderr)
            (self.folder / "empty").mkdir(exist_ok=True)


@unittest.skipUnless(MAKE, "PLIMSOLL_MAKE_LEDGER names no program")
class ProofTest(LedgerTest):
    def setUp(self):
        super().setUp()
        self.make(700)

    def proof(self, number):
        file = self.folder / f"{number}.tlog-proof"
        plimsoll("prove", number, "--ledger", self.ledger, "--output", file, check=0)
        return file

    def test_a_proof_needs_no_ledger(self):
        file = self.proof(400)
        key = (self.ledger / "keys").read_text().split()[0]
        shutil.rmtree(self.ledger)
        out = plimsoll("verify", "--proof", file, "--pubkey", key, check=0).stdout.decode()
        self.assertIn("ok: record 400 of plimsoll/test/", out)
        self.assertIn("vouched for by a key that you gave", out)
        self.assertIn("container.name = db", out)

    def test_a_changed_record_is_tampering(self):
        file = self.proof(400)
        lines = file.read_text().split("\n")
        extra = base64.b64decode(lines[1].split(" ")[1]).decode().split("\n")
        row = base64.b64decode(extra[1].split(" ")[1])
        self.assertIn(b"start", row)
        extra[1] = "record " + base64.b64encode(row.replace(b"start", b"stork")).decode()
        lines[1] = "extra " + base64.b64encode("\n".join(extra).encode()).decode()
        file.write_text("\n".join(lines))
        result = plimsoll("verify", "--proof", file, check=1)
        self.assertIn(b"TAMPERED: the record is not in the signed tree", result.stdout)
        self.assertEqual(json.loads(plimsoll("verify", "--proof", file, "--json", check=1).stdout)["verdict"], "tampered")

    def test_what_is_no_proof_says_nothing_about_a_ledger(self):
        good = self.proof(400).read_bytes()
        bad = self.folder / "bad"
        for content in (b"", b"Buy milk.\n", os.urandom(4096), good[:len(good) // 2], good[:-30], (self.ledger / "checkpoint").read_bytes(),
                        good.replace(b"index 400", b"index x")):
            bad.write_bytes(content)
            result = plimsoll("verify", "--proof", bad, check=2)
            self.assertIn(b"is no proof", result.stderr)
            self.assertNotIn(b"TAMPERED", result.stdout + result.stderr)
            self.assertEqual(json.loads(plimsoll("verify", "--proof", bad, "--json", check=2).stdout)["verdict"], "no proof")
        plimsoll("verify", "--proof", self.folder / "nowhere", check=3)

    def test_what_cannot_be_proved(self):
        for number, folder, code, why in ((99999, self.ledger, 2, b"there is no record 99999: the ledger holds 0 to"), (1, "nowhere", 3, b"there is no ledger"),
                                          (1, "empty", 3, b"there is no ledger")):
            (self.folder / "empty").mkdir(exist_ok=True)
            result = plimsoll("prove", number, "--ledger", self.folder / folder, check=code)
            self.assertIn(why, result.stderr)
            self.assertEqual(result.stdout, b"")
        self.ledger = self.folder / "pruned"
        self.make(2000, 0, 6_000)
        self.assertIn(b"there is no record 1:", plimsoll("prove", 1, "--ledger", self.ledger, check=2).stderr)
        segment = sorted((self.ledger / "segments").glob("*.seg"))[-1]
        data = bytearray(segment.read_bytes())
        data[len(data) // 2] ^= 1
        segment.write_bytes(data)
        codes = {plimsoll("prove", int(segment.stem) + n, "--ledger", self.ledger).returncode for n in range(0, 300, 60)}
        self.assertTrue(codes <= {0, 3} and 3 in codes, "a damaged ledger makes no proof")


class Witness:
    def __init__(self, state, *logs, check=True):
        words = [word for log in logs for word in ("--log", log)]
        self.process = subprocess.Popen([PLIMSOLL, "witness", "--listen", "127.0.0.1:0", "--state", state, "--name", "witness.example/w1", *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.address = re.match(rb"listening on (\S+), ", self.process.stdout.readline()).group(1).decode()
        self.key = self.process.stdout.readline().decode().split(" ", 2)[2].strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)
        return self.process.returncode


@unittest.skipUnless(MAKE, "PLIMSOLL_MAKE_LEDGER names no program")
class WitnessTest(LedgerTest):
    def agent(self, witness):
        config = self.folder / "plimsoll.yaml"
        config.write_text(f"ledger: {{path: {self.ledger}}}\nengines: ['unix://{self.folder}/no-engine']\ndaemon_log: {{enabled: false}}\nsensor: {{enabled: false}}\n"
                          f"resources: {{every: 0s}}\nwitness: {{url: 'http://{witness.address}', key: '{witness.key}', every: 1s}}\n"
                          f"agent: {{control_socket: {self.folder}/agent.sock, state: {self.folder}}}\n")
        plimsoll("config", "check", config, check=0)
        return subprocess.Popen([PLIMSOLL, "agent", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def cosigned(self):
        notes = list(self.ledger.glob("witness-*.note"))
        return notes[0].read_text() if notes else ""

    def wait_until(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_proofs_lead_to_what_a_witness_cosigned(self):
        self.make(700)
        log = (self.ledger / "keys").read_text().split()[0]
        witness = Witness(self.folder / "state", log)
        self.addCleanup(lambda: witness.process.poll() is None and witness.process.kill())
        agent = self.agent(witness)
        self.addCleanup(lambda: agent.poll() is None and agent.kill())
        self.wait_until(self.cosigned)
        agent.send_signal(signal.SIGTERM)
        self.assertEqual(agent.wait(30), 0)
        self.assertEqual(witness.stop(), 0)
        size = int(self.cosigned().split("\n")[1])
        newest = json.loads(plimsoll("verify", "--ledger", self.ledger, "--json", check=0).stdout)["size"] - 1
        self.assertGreaterEqual(newest, size, "the agent's last words are newer than what the witness saw")

        file = self.folder / "proof"
        plimsoll("prove", 400, "--ledger", self.ledger, "--output", file, check=0)
        self.assertIn(self.cosigned(), file.read_text())
        out = plimsoll("verify", "--proof", file, "--pubkey", log, "--pubkey", witness.key, check=0).stdout.decode()
        self.assertRegex(out, r"witness     witness\.example/w1, cosigned at 20\d\d-")
        self.assertIn(f"the signed tree of {size} records", out)
        shown = json.loads(plimsoll("verify", "--proof", file, "--pubkey", witness.key, "--json", check=0).stdout)
        self.assertEqual([(w["name"], w["state"]) for w in shown["witnesses"]], [("witness.example/w1", "cosigned")])
        out = plimsoll("verify", "--proof", file, check=0).stdout.decode()
        self.assertIn("witness     witness.example/w1: not checked, its key was not given", out)

        # A cosignature that was altered is found by whoever has the witness's key.
        text = file.read_text()
        line = [l for l in text.split("\n") if l.startswith("— witness.example")][0]
        raw = bytearray(base64.b64decode(line.rsplit(" ", 1)[1]))
        raw[20] ^= 1
        file.write_text(text.replace(line, line.rsplit(" ", 1)[0] + " " + base64.b64encode(raw).decode()))
        result = plimsoll("verify", "--proof", file, "--pubkey", witness.key, check=1)
        self.assertIn(b"TAMPERED: the cosignature of witness.example/w1 does not hold", result.stdout)

        # What the witness has not seen yet leads to the ledger's own checkpoint, and is not passed off as witnessed.
        plimsoll("prove", newest, "--ledger", self.ledger, "--output", file, check=0)
        result = plimsoll("verify", "--proof", file, "--pubkey", witness.key, check=2)
        self.assertTrue(result.stdout.startswith(b"incomplete: record"))
        self.assertIn(b"its cosignature is NOT in this proof", result.stdout)
        plimsoll("verify", "--proof", file, "--pubkey", log, check=0)

        # The note is an anchor too; and a ledger that does not lead to it makes no proof.
        note = next(self.ledger.glob("witness-*.note"))
        plimsoll("verify", "--ledger", self.ledger, "--from", note, "--pubkey", witness.key, check=0)
        log_file = Log(self.ledger)
        self.assertLess(log_file.first, size)
        log_file.rows[1] = log_file.rows[1].replace(b"start", b"stork").replace(b"die", b"dye")
        log_file.write()
        result = plimsoll("prove", log_file.first + 2, "--ledger", self.ledger, check=3)
        self.assertIn(b"run plimsoll verify", result.stderr)

    def test_a_note_that_the_ledger_did_not_sign_is_not_used(self):
        self.make(50)
        (self.ledger / "witness-00000000.note").write_text("plimsoll/test/0000000000000000\n9\n" + "A" * 43 + "=\n\n— x AAAAAAAA\n")
        (self.ledger / "witness-00000001.note").write_bytes(b"\xff" * 100)
        file = self.folder / "proof"
        plimsoll("prove", 5, "--ledger", self.ledger, "--output", file, check=0)
        self.assertIn((self.ledger / "checkpoint").read_text(), file.read_text())

    def test_wrong_usage(self):
        for words, code in ((("--state", self.folder / "s", "--log", "nonsense"), 2), (("--listen", "127.0.0.1:0"), 2),
                            (("--state", self.folder / "s", "--listen", "nowhere"), 3), (("--state", ""), 2)):
            plimsoll("witness", *words, check=code)


if __name__ == "__main__":
    main()
