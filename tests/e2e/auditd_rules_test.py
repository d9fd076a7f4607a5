#!/usr/bin/env python3
"""`plimsoll auditd rules, apply, check` on the running kernel: rules are loaded, acts are performed, records are looked for. Audit rules,
the enabled flag and /etc/audit are left as they were found; one test at a time has the kernel's audit state (a lock file)."""
import contextlib
import fcntl
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from support import AUDIT_LOCK, PLIMSOLL, Docker, FakeEngine, connect_program, main, need, run

RULES_FILE = pathlib.Path("/etc/audit/rules.d/plimsoll.rules")
SYSCALL, SOCKADDR, CONFIG_CHANGE, PATH, URINGOP, EVENT_LISTENER = 1300, 1306, 1305, 1302, 1336, 1335

AUDIT_ADD_RULE, AUDIT_DEL_RULE, AUDIT_FILTER_URING_EXIT, AUDIT_ALWAYS, AUDIT_FILTERKEY = 1011, 1012, 7, 2, 210


def uring_rule(key, operation):
    """struct audit_rule_data of `-a always,io_uring -S OPERATION -k KEY`."""
    mask = [0] * 64
    mask[operation // 32] = 1 << operation % 32
    fields, values, flags = [AUDIT_FILTERKEY] + [0] * 63, [len(key)] + [0] * 63, [0x40000000] + [0] * 63
    return struct.pack("=3I64I64I64I64II", AUDIT_FILTER_URING_EXIT, AUDIT_ALWAYS, 1, *mask, *fields, *values, *flags, len(key)) + key.encode()


def change_rule(kind, rule):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(rule), kind, 5, 1, 0) + rule)
        code = struct.unpack_from("=i", kernel.recv(8192), 16)[0]
    if code != 0:
        raise unittest.SkipTest(f"the kernel refuses a rule for io_uring: {os.strerror(-code)}")


def raw_rules():
    """The kernel's rules as it encodes them."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as kernel:
        kernel.send(struct.pack("=IHHII", 16, 1013, 5, 1, 0))  # AUDIT_LIST_RULES
        found = []
        while True:
            data = kernel.recv(65536)
            length, kind = struct.unpack_from("=IH", data)
            if kind == 3:  # NLMSG_DONE
                return found
            if kind == 1013:
                found.append(data[16:length])


class Listener:
    """Audit records beside whoever keeps them."""

    def __init__(self):
        self.socket = self._join()
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        self.socket.settimeout(10)

    @staticmethod
    def _join():
        joined = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
        joined.bind((0, 1))
        return joined

    def until_now(self):
        """Everything up to this moment: the leaving of a second listener is recorded behind it."""
        self._join().close()
        found = []
        while True:
            data = self.socket.recv(65536)
            length, kind = struct.unpack_from("IH", data)
            text = data[16:length].decode(errors="replace").rstrip("\0")
            if kind == EVENT_LISTENER and f"pid={os.getpid()} " in text and "op=disconnect" in text:
                return found
            found.append((kind, text))


def auditctl(*arguments, check=True):
    return run("auditctl", *arguments, check=check).stdout.decode()


def rules():
    return [line for line in auditctl("-l").splitlines() if line != "No rules"]


def ours():
    return [rule for rule in rules() if "-k plimsoll-" in rule or "key=plimsoll-" in rule]


def enabled():
    return int(next(line.split()[1] for line in auditctl("-s").splitlines() if line.startswith("enabled")))


def auditd(*arguments, check=True, **options):
    return run(PLIMSOLL, "auditd", *arguments, check=check, **options)


def check(*arguments):
    result = auditd("check", "--json", *arguments, check=False)
    assert result.returncode in (0, 1, 3), result.stderr.decode()
    return json.loads(result.stdout)


@contextlib.contextmanager
def loaded(*lines):
    """Rules of somebody else, as auditctl loads them."""
    done = []
    try:
        for line in lines:
            auditctl(*line.split())
            done.append(line.split())
        yield
    finally:
        for words in done:
            delete = {"-a": "-d", "-w": "-W"}[words[0]]
            # auditctl -W looks at the path again, which may have become a folder.
            if run("auditctl", delete, *words[1:], check=False).returncode != 0:
                run("auditctl", "-D", "-k", words[words.index("-k") + 1], check=False)


@need("auditctl")
class AuditTest(unittest.TestCase):
    def setUp(self):
        self.lock = open(AUDIT_LOCK, "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.addCleanup(self.lock.close)
        self.before = (rules(), enabled())
        if self.before[1] == 2:
            self.skipTest("the kernel's rules are locked")
        self.file = RULES_FILE.read_bytes() if RULES_FILE.exists() else None
        self.addCleanup(self.restore)
        if ours():
            self.skipTest("rules of plimsoll's own are loaded")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="auditd-rules-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def restore(self):
        auditd("apply", "--undo", check=False)
        if enabled() != self.before[1]:
            auditctl("-e", str(self.before[1]))
        if self.file is not None:
            RULES_FILE.write_bytes(self.file)
        self.assertEqual(rules(), self.before[0])
        self.assertEqual(enabled(), self.before[1])


class Rules(AuditTest):
    def test_the_file_means_to_auditctl_what_apply_loads(self):
        written = self.folder / "plimsoll.rules"
        auditd("rules", "--profile", "full", "-o", written)
        auditd("apply", "--profile", "full", "--no-persist")
        late = [rule for rule in ours() if re.search("(path=|dir=|-w )/run/.*/", rule) or "-w /run/docker/plugins" in rule]
        applied = [rule for rule in ours() if rule not in late]
        self.assertGreater(len(applied), 10)
        auditd("apply", "--undo")
        auditctl("-R", written)
        self.assertEqual(ours(), applied)

    def test_lines_for_a_shell(self):
        script = self.folder / "rules.sh"
        auditd("rules", "--profile", "watch", "--format", "auditctl", "-o", script)
        run("sh", "-e", script)
        self.assertTrue(ours())

    def test_apply_twice_and_undo_leave_others_alone(self):
        watched = self.folder / "theirs"
        watched.write_text("")
        with loaded(f"-w {watched} -p wa -k zeta-theirs"):
            self.assertIn(b"would load", auditd("apply", "--dry-run").stdout)
            self.assertEqual(ours(), [])
            auditd("apply")
            self.assertEqual(enabled(), 1)
            after = rules()
            again = auditd("apply").stdout.decode()
            self.assertIn(", 0 loaded, 0 removed", again)
            self.assertEqual(rules(), after)
            if RULES_FILE.parent.is_dir():
                self.assertIn("plimsoll-", RULES_FILE.read_text())
            auditd("apply", "--undo")
            self.assertFalse(RULES_FILE.exists())
            self.assertEqual([rule for rule in rules() if "zeta-theirs" in rule], [f"-w {watched} -p wa -k zeta-theirs"])
            self.assertEqual(ours(), [])


@unittest.skipUnless(platform.machine() == "x86_64" and shutil.which("cc"), "needs a C compiler on x86_64")
class EveryRoad(AuditTest):
    """A connect is recorded whichever way it is made."""

    def setUp(self):
        super().setUp()
        self.program = connect_program(self.folder)
        self.engine = self.enterContext(FakeEngine()) if hasattr(self, "enterContext") else FakeEngine()
        self.addCleanup(self.engine.__exit__, None, None, None)

    def heard(self, act, key):
        """The records of the act's event that carry the key."""
        listener = Listener()
        self.addCleanup(listener.socket.close)
        self.assertEqual(act().returncode, 0)
        return [(kind, text) for kind, text in listener.until_now() if kind in (SYSCALL, URINGOP) and f'key="{key}"' in text]

    def test_roads(self):
        link = self.folder / "link.sock"
        link.symlink_to(self.engine.path)
        auditctl("-e", "1")
        with loaded(f"-a always,exit -F path={self.engine.path} -k zeta-road"):
            for road, target in (("plain", self.engine.path), ("plain", link), ("i386", self.engine.path), ("socketcall", self.engine.path),
                                 ("uring", self.engine.path), ("sqpoll", self.engine.path)):
                with self.subTest(road=road, target=str(target)):
                    act = run(self.program, road, target, check=False)
                    if road in ("uring", "sqpoll") and act.stdout.strip() in (b"-38", b"-1"):
                        self.skipTest("this kernel has no io_uring")
                    found = self.heard(lambda: run(self.program, road, target, check=False), "zeta-road")
                    self.assertTrue(found)
                    if road == "sqpoll":
                        self.assertIn(URINGOP, [kind for kind, _ in found])
                    if road in ("i386", "socketcall"):
                        self.assertTrue(any("arch=40000003" in text for _, text in found))

    def test_the_old_advice_records_none_of_them(self):
        auditctl("-e", "1")
        with loaded(f"-w {self.engine.path} -p rwxa -k zeta-road"):
            for road in ("plain", "i386"):
                self.assertEqual(self.heard(lambda: run(self.program, road, self.engine.path), "zeta-road"), [])

    @need("auditctl", "dockerd", "docker", "busybox")
    def test_a_socket_that_is_mounted_in_a_container(self):
        engine = Docker()
        self.addCleanup(engine.stop)
        engine.make_image("zeta:1.0", changes=())
        auditd("apply", "--no-persist", "--engine", "docker")
        socket_file = f"{engine.folder}/docker.sock"
        self.assertTrue(any(socket_file in rule for rule in rules()), "the running daemon's socket is found")
        act = lambda: engine.docker("run", "--rm", "--name", "zeta-mounted", "--network", "none", "-v", f"{socket_file}:/x/d.sock",
                                    "-v", f"{self.program}:/connect:ro", "zeta:1.0", "/connect", "plain", "/x/d.sock")
        found = [text for _, text in self.heard(act, "plimsoll-docker-sock")]
        self.assertTrue(any('exe="/connect"' in text for text in found), found)


class Check(AuditTest):
    def ids(self, subject=""):
        return {f["id"] for f in check()["findings"] if subject in f["subject"]}

    def test_a_folder_that_came_after_its_watch(self):
        later = self.folder / "later"
        with loaded(f"-w {later} -p wa -k zeta-later"):
            self.assertEqual(self.ids("zeta-later") - {"not-persistent"}, {"path-missing"})
            later.mkdir()
            self.assertIn("directory-as-path", self.ids("zeta-later"))

    def test_a_shadowed_key_and_a_link(self):
        (self.folder / "file").write_text("")
        (self.folder / "link").symlink_to("file")
        with loaded(f"-a always,exit -F dir={self.folder} -F perm=wa -k zeta-all", f"-w {self.folder}/file -p wa -k zeta-file",
                    f"-w {self.folder}/link -p x -k zeta-link"):
            self.assertIn("shadowed", self.ids("zeta-file"))
            self.assertIn("symbolic-link", self.ids("zeta-link"))

    def test_the_name_of_an_address_family(self):
        with loaded("-a always,exit -F arch=b64 -S connect -F saddr_fam=local -k zeta-family"):
            self.assertLessEqual({"saddr-family-zero", "b32-missing"}, self.ids("zeta-family"))

    def test_after_apply_no_finding_is_about_our_rules(self):
        auditd("apply", "--profile", "full")
        findings = [f for f in check()["findings"] if "-k plimsoll-" in f["subject"] or "key=plimsoll-" in f["subject"]]
        if RULES_FILE.parent.is_dir():
            self.assertEqual(findings, [])

    def test_without_the_right_it_says_so(self):
        program = shutil.copy(PLIMSOLL, self.folder / "plimsoll")
        self.folder.chmod(0o755)
        result = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "auditd", "check", check=False)
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"CAP_AUDIT_CONTROL", result.stdout)
        refused = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "auditd", "apply", check=False)
        self.assertEqual(refused.returncode, 3)
        self.assertIn(b"CAP_AUDIT_CONTROL", refused.stderr)

    def test_another_network_namespace_is_told(self):
        result = run("unshare", "--net", PLIMSOLL, "auditd", "check", "--prove", check=False)
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"network namespace", result.stderr)

    def test_another_pid_namespace_is_told(self):
        result = run("unshare", "--pid", "--fork", PLIMSOLL, "auditd", "apply", check=False)
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"pid namespace", result.stderr)


class Removed(AuditTest):
    """Rules that go away under the running kernel; the records are the kernel's own, kept as an audit daemon keeps them."""

    NAMES = {CONFIG_CHANGE: "CONFIG_CHANGE", SYSCALL: "SYSCALL", PATH: "PATH", 1327: "PROCTITLE"}

    def log(self, listener):
        """What was heard up to now, as a log file."""
        file = self.folder / "audit.log"
        with open(file, "a") as out:
            for kind, text in listener.until_now():
                out.write(f"type={self.NAMES.get(kind, f'UNKNOWN[{kind}]')} msg={text}\n")
        return file

    def findings(self, log):
        return {f["subject"]: f for f in check("--log", str(log))["findings"] if f["id"] == "rule-removed"}

    def test_a_rule_that_somebody_removes_behind_the_back_of_apply(self):
        auditctl("-e", "1")
        listener = Listener()
        self.addCleanup(listener.socket.close)
        auditd("apply", "--no-persist", "--profile", "watch")
        self.assertEqual(self.findings(self.log(listener)), {}, "all are there")
        before = ours()
        change_rule(AUDIT_DEL_RULE, next(rule for rule in raw_rules() if b"plimsoll-docker-sock" in rule))
        victim, = set(before) - set(ours())
        found = self.findings(self.log(listener))
        self.assertEqual(list(found), [victim])
        self.assertIn("It was deleted 20", found[victim]["why"])
        self.assertIn("No record", self.findings(self.folder / "none.log")[victim]["why"], "found without the log as well")
        auditd("apply", "--no-persist", "--profile", "watch")
        self.assertEqual(self.findings(self.log(listener)), {})
        auditd("apply", "--undo")
        self.assertEqual(self.findings(self.log(listener)), {}, "what was taken back is not missing")

    def test_rules_of_others_that_are_removed_by_hand_and_with_their_folder(self):
        auditctl("-e", "1")
        listener = Listener()
        self.addCleanup(listener.socket.close)
        inside = self.folder / "folder" / "file"
        inside.parent.mkdir()
        inside.write_text("")
        other = self.folder / "other"
        other.write_text("")
        with loaded(f"-w {inside} -p wa -k zeta-folder", f"-w {other} -p wa -k zeta-gone", f"-w {other} -p r -k zeta-stays"):
            auditctl("-W", str(other), "-p", "wa", "-k", "zeta-gone")
            shutil.rmtree(inside.parent)
            found = self.findings(self.log(listener))
            self.assertEqual(found["key zeta-gone"]["severity"], "low")
            self.assertIn("folder was deleted", found[str(inside)]["why"])
            self.assertNotIn("key zeta-stays", found)


class Prove(AuditTest):
    def test_a_rule_on_operations_of_io_uring(self):
        rule = uring_rule("zeta-uring", 16)
        change_rule(AUDIT_ADD_RULE, rule)  # auditctl learned this list in 3.1
        try:
            proof = next(one for one in check("--prove=all")["proof"]["rules"] if "zeta-uring" in one["rule"])
        finally:
            change_rule(AUDIT_DEL_RULE, rule)
        if "not to be had" in proof["reason"]:
            self.skipTest(proof["reason"])
        self.assertEqual((proof["outcome"], proof["act"]), ("recorded", "connect that the kernel refuses, by io_uring"), proof)
        self.assertIn("uring_op=16", proof["record"])

    def test_every_rule_of_ours_fires_and_nothing_is_changed(self):
        auditd("apply", "--profile", "full", "--no-persist")
        auditctl("-e", "0")
        paths = [word.split("=")[-1] for rule in rules() for word in rule.split() if word.startswith(("path=", "dir=", "/"))]
        facts = {path: os.lstat(path) for path in paths if os.path.lexists(path)}
        self.assertGreater(len(facts), 5)
        proof = check("--prove")["proof"]
        self.assertTrue(proof["switched_on"])
        self.assertEqual(enabled(), 0)
        outcomes = {rule["rule"]: (rule["outcome"], rule["reason"]) for rule in proof["rules"]}
        for rule, (outcome, reason) in outcomes.items():
            with self.subTest(rule=rule):
                if "auid>=1000" in rule:
                    continue
                self.assertIn(outcome, ("recorded", "not-tried"))
                if outcome == "not-tried":
                    self.assertIn("does not exist", reason)
        self.assertGreater(sum(outcome == "recorded" for outcome, _ in outcomes.values()), 10)
        for path, before in facts.items():
            if path.startswith("/run/plimsoll-e2e-") and not os.path.lexists(path):
                continue  # of a daemon that another test has stopped since
            after = os.lstat(path)
            self.assertEqual((before.st_ino, before.st_mode, before.st_size), (after.st_ino, after.st_mode, after.st_size), path)
            if os.path.isfile(path):
                self.assertEqual((before.st_mtime_ns, before.st_ctime_ns), (after.st_mtime_ns, after.st_ctime_ns), path)
        self.assertFalse(any("plimsoll-probe" in rule for rule in rules()))

    def test_a_watch_on_a_socket_is_shown_to_be_silent(self):
        with FakeEngine() as engine, loaded(f"-w {engine.path} -p rwxa -k zeta-silent"):
            proof = next(rule for rule in check("--prove=all")["proof"]["rules"] if "zeta-silent" in rule["rule"])
            self.assertEqual((proof["outcome"], proof["act"]), ("nothing", f"connect to {engine.path}"))

    def test_a_shadowed_rule_is_shown_with_the_key_that_comes_instead(self):
        (self.folder / "file").write_text("")
        with loaded(f"-a always,exit -F dir={self.folder} -F perm=wa -k zeta-first", f"-w {self.folder}/file -p wa -k zeta-second"):
            proof = next(rule for rule in check("--prove=all")["proof"]["rules"] if "zeta-second" in rule["rule"])
            self.assertEqual(proof["outcome"], "other-key")
            self.assertIn("zeta-first", proof["reason"])

    @need("auditctl", "dockerd", "docker")
    def test_a_daemon_that_the_kernel_does_not_audit_is_found(self):
        """As one that started before auditing was: a rule keeps this test's own children from being audited."""
        own = pathlib.Path("/proc/self/loginuid")
        before = own.read_text()
        try:
            own.write_text("3141592")
        except OSError as error:
            self.skipTest(f"the login uid cannot be set: {error}")
        try:
            with loaded("-a never,task -F auid=3141592"):
                engine = Docker()
            self.addCleanup(engine.stop)
        finally:
            own.write_text(before)
        auditctl("-e", "1")
        pid = int((engine.folder / "pid").read_text())
        report = check("--prove")
        verdict = next(p for p in report["proof"]["processes"] if p["pid"] == pid)
        self.assertEqual(verdict["audited"], False)
        blind = [f for f in report["findings"] if f["id"] == "process-blind" and f"pid {pid})" in f["subject"]]
        self.assertEqual(len(blind), 1)
        self.assertFalse(blind[0]["inferred"])


if __name__ == "__main__":
    main()
