"""What every command holds to: exit codes that its help names, empty values refused, one answer for a ledger that is not there, and a
configuration whose every wrong value is named with its place."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from support import PLIMSOLL, main

MAKE = os.environ.get("PLIMSOLL_MAKE_LEDGER", "")


def plimsoll(*words):
    return subprocess.run([PLIMSOLL, *map(str, words)], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)


def subcommands(*words):
    """The names in a help text's list of subcommands."""
    text = plimsoll(*words, "--help").stdout.decode()
    part = re.search(r"\nSubcommands:\n((?:  .*\n)+)", text)
    return re.findall(r"^  (\S+)", part.group(1), re.M) if part else []


class HelpTest(unittest.TestCase):
    def commands(self, *parents):
        for name in subcommands(*parents):
            yield (*parents, name)
            yield from self.commands(*parents, name)

    def test_every_command_names_its_own_exit_codes(self):
        seen = 0
        for command in self.commands():
            text = plimsoll(*command, "--help").stdout.decode()
            with self.subTest(" ".join(command)):
                if command[0] != "auditd":  # written in tables of their own
                    self.assertEqual(text.count("Exit codes: 0 "), 1)
                if command != ("audit",):
                    self.assertNotIn("--fail-on", text, "these are the codes of `audit`")
            seen += 1
        self.assertGreater(seen, 15)


class EmptyValueTest(unittest.TestCase):
    def test_a_variable_that_was_not_set_widens_no_question(self):
        for words in (("search", "--since", ""), ("search", "--until", ""), ("search", "--container", ""), ("search", "--per", ""),
                      ("watch", "--since", ""), ("alerts", "--since", ""), ("alerts", "--until", ""), ("alerts", "--rule", ""),
                      ("top", "--at", ""), ("top", "--since", ""), ("top", "--until", ""), ("timeline", "web", "--around", ""),
                      ("timeline", "web", "--since", ""), ("report", "--since", ""), ("report", "--until", ""),
                      ("verify", "--ledger", ""), ("verify", "--from", ""), ("verify", "--pubkey", ""), ("verify", "--proof", ""),
                      ("prove", "1", "--ledger", ""), ("witness", "--state", "")):
            with self.subTest(words=words):
                result = plimsoll(*words)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(b"the value is empty", result.stderr)
                self.assertIn(words[-2].encode(), result.stderr)


class NoLedgerTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-none-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_every_command_says_the_same_of_a_ledger_that_is_not_there(self):
        (self.folder / "empty").mkdir()
        socket = self.folder / "no-agent.sock"
        for ledger in (self.folder / "empty", self.folder / "missing"):
            for words in (("search",), ("watch",), ("alerts",), ("verify",), ("prove", "3"), ("timeline", "web"), ("report",),
                          ("top", "--since", "2h ago"), ("alerts", "ack", "3", "--reason", "seen", "--socket", socket)):
                with self.subTest(words=words, ledger=ledger.name):
                    result = plimsoll(*words, "--ledger", ledger)
                    self.assertEqual(result.returncode, 3, result.stderr)
                    self.assertIn(f"there is no ledger in {ledger}".encode(), result.stderr)
            self.assertFalse((self.folder / "missing").exists(), "asking makes nothing")
        self.assertEqual(list((self.folder / "empty").iterdir()), [])

    @unittest.skipUnless(MAKE, "PLIMSOLL_MAKE_LEDGER names no program")
    def test_alerts_that_are_none_are_wrong_usage(self):
        ledger = self.folder / "ledger"
        subprocess.run([MAKE, ledger, "20"], check=True)
        for number in ("5", "99999"):
            result = plimsoll("alerts", "ack", number, "--reason", "seen", "--ledger", ledger, "--socket", self.folder / "no-agent.sock")
            self.assertEqual(result.returncode, 2)
            self.assertIn(f"record {number} is no alert of this ledger".encode(), result.stderr)
        # The agent, when it runs, answers the same.
        config = self.folder / "plimsoll.yaml"
        socket = self.folder / "agent.sock"
        config.write_text(f"ledger: {{path: {ledger}}}\nengines: ['unix://{self.folder}/no-engine']\ndaemon_log: {{enabled: false}}\nsensor: {{enabled: false}}\n"
                          f"resources: {{every: 0s}}\nagent: {{control_socket: {socket}, state: {self.folder}}}\n")
        agent = subprocess.Popen([PLIMSOLL, "agent", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: agent.poll() is None and agent.kill())
        while not socket.exists():
            self.assertIsNone(agent.poll())
        for number in ("5", "99999"):
            result = plimsoll("alerts", "ack", number, "--reason", "seen", "--ledger", ledger, "--socket", socket)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(f"record {number} is no alert of this ledger".encode(), result.stderr)
        agent.send_signal(signal.SIGTERM)
        self.assertEqual(agent.wait(30), 0)


class ConfigCheckTest(unittest.TestCase):
    def check(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            result = plimsoll("config", "check", file.name)
            return result.returncode, (result.stderr + result.stdout).decode().replace(file.name, "FILE")

    def test_what_is_wrong_is_named_with_file_line_and_what_was_expected(self):
        for text, place, expected in (
                ("metrics:\n  listen: localhost:9464\n", "FILE:2:11", "127.0.0.1:9464"),
                ("engines:\n  - unix:///run/docker.sock\n  - http//host\n", "FILE:3:5", "tcp://HOST:PORT"),
                ("witness:\n  url: witness.example\n  key: x\n", "FILE:2:8", "https://"),
                ("witness:\n  url: https://witness.example\n  key: x\n", "FILE:3:8", "verifier key"),
                ("ledger:\n  path: ledger\n", "FILE:2:9", "begins with /"),
                ("ledger:\n  keep_bytes: 20 gigabytes\n", "FILE:2:15", "8GiB"),
                ("ledger:\n  keep_bytes: 1\n", "FILE:2:15", "from 1MiB"),
                ("alerts:\n  sinks:\n    - {name: siem, type: syslog, address: 'udp://logs:514'}\n", "FILE:3:", "tcp://HOST:PORT"),
                ("alerts:\n  sinks:\n    - {name: siem, type: syslog, address: 'tcp://logs:syslog'}\n", "FILE:3:", "1 to 65535"),
                ("alerts:\n  sinks:\n    - {name: hook, type: webhook, url: 'https://'}\n", "FILE:3:", "no host"),
                ("rules:\n  files: [mine.yaml]\n", "FILE:2:11", "begins with /")):
            with self.subTest(text=text):
                code, said = self.check(text)
                self.assertEqual(code, 2, said)
                self.assertIn(place, said)
                self.assertIn(expected, said)

    def test_what_is_right_is_in_order(self):
        code, said = self.check("metrics: {listen: '127.0.0.1:9464'}\nengines: ['tcp://10.0.0.1:2376']\nledger: {keep_bytes: 20GiB}\n"
                                "alerts: {sinks: [{name: siem, type: syslog, address: 'tls://logs.example:6514'}]}\n")
        self.assertEqual(code, 0, said)
        self.assertIn("1 sinks", said)


if __name__ == "__main__":
    main()
