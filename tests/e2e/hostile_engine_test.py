"""Engines that are down, slow, broken or hostile: the audit goes on, says what it could not find out, and prints nothing raw."""
import csv
import io
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from support import PLIMSOLL, SANITIZED, FakeEngine, Report, answer, audit, inspected, listed, main

ONE = "a" * 64
TWO = "b" * 64


def problems(report, engine=""):
    """The report's problems that name the engine's socket."""
    return "\n".join(line for line in report.data["problems"] if engine in line)


class BrokenEngine(unittest.TestCase):
    def judged(self, engine, *more, within_seconds=20):
        """The report, which must come in time and hold the host's own findings."""
        start = time.monotonic()
        result = audit("--host", engine.host, "--json", "--timeout", "1", *more)
        self.assertLess(time.monotonic() - start, within_seconds)
        report = Report(result)
        self.assertTrue(report.objects("host"), "the host is judged without the engine")
        return report

    def broken(self, route, reply, *more):
        with FakeEngine({route: reply}, containers=[inspected(ONE, "one"), inspected(TWO, "two")]) as engine:
            report = self.judged(engine, *more)
            self.assertTrue(any(route in request for request in engine.requests), "the route was never asked")
            return problems(report, engine.path), report

    def test_healthy_engine_is_the_control(self):
        with FakeEngine(containers=[inspected(ONE, "one"), inspected(TWO, "two")]) as engine:
            report = self.judged(engine)
            self.assertEqual(sorted(report.objects("container")), ["one", "two"])
            self.assertIn("container-runs-as-root", report.failed("container", "one"))
            self.assertEqual(problems(report, engine.path), "")

    def test_engine_that_is_down(self):
        result = audit("--host", "unix:///nowhere/docker.sock", "--json")
        report = Report(result)
        self.assertIn("/nowhere/docker.sock", problems(report))
        self.assertEqual(report.objects("container"), [])

    def test_engine_that_hangs_in_the_middle_of_an_answer(self):
        def hang(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"Id\": ")
            time.sleep(8)
        told, report = self.broken(f"/containers/{ONE}/json", hang)
        self.assertIn("two", report.objects("container"))
        self.assertRegex(told, "(?i)timed? ?out|in time")

    def test_engine_that_never_answers(self):
        for route in ("/version", "/info", "/containers/json"):
            with self.subTest(route=route):
                self.assertRegex(self.broken(route, lambda connection: time.sleep(8))[0], "(?i)timed? ?out|in time")

    def test_engine_that_drips_one_byte_at_a_time(self):
        def drip(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
            for _ in range(80):
                connection.sendall(b" ")
                time.sleep(0.1)
        self.assertRegex(self.broken("/info", drip)[0], "(?i)timed? ?out|in time")

    def test_garbage(self):
        for name, reply in {
            "not http": b"\x00\xff\x13garbage\n\n" * 50,
            "not json": answer(b"<html>proxy error</html>"),
            "wrong type": answer([1, 2, 3]),
            "nothing": answer(b""),
            "deeply nested": answer(b"[" * 200000),
            "server error": answer({"message": "boom"}, "500 Internal Server Error"),
            "huge header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 5_000_000 + b"\r\n\r\n",
        }.items():
            for route in ("/version", "/info", "/containers/json", f"/containers/{ONE}/json", "/images/json", "/networks", "/volumes"):
                with self.subTest(reply=name, route=route):
                    self.assertTrue(self.broken(route, reply)[0], "silence must not look like success")

    def test_truncated_chunk(self):
        reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n[{\"Id\":\"aa\""

        def cut(connection):
            connection.sendall(reply)
            connection.shutdown(socket.SHUT_RDWR)
        for route in ("/info", "/containers/json", f"/containers/{ONE}/json"):
            with self.subTest(route=route):
                self.assertTrue(self.broken(route, cut)[0])

    def test_engine_that_closes(self):
        for route in ("/version", "/info", "/containers/json", f"/containers/{ONE}/json"):
            with self.subTest(route=route):
                self.assertTrue(self.broken(route, None)[0])

    def test_ten_megabytes_for_one_container(self):
        big = inspected(ONE, "one", Labels={f"label-{n}": "x" * 1000 for n in range(10_000)})
        self.assertGreater(len(answer(big)), 10_000_000)
        with FakeEngine(containers=[big, inspected(TWO, "two")]) as engine:
            command = ["/usr/bin/env", PLIMSOLL, "audit", "--host", engine.host, "--json"]
            with tempfile.TemporaryFile() as out:
                process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                self.assertIn(process.returncode, (0, 1))
                out.seek(0)
                report = json.load(out)
            self.assertIn("two", [o["name"] for o in report["objects"]])
            self.assertLess(usage.ru_maxrss, 256 * 1024, "memory stays bounded (KiB)")

    def test_endless_answer(self):
        def endless(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        self.assertTrue(self.broken("/containers/json", endless)[0])

    def test_container_that_vanishes_between_list_and_inspect(self):
        gone = answer({"message": f"No such container: {ONE}"}, "404 Not Found")
        _, report = self.broken(f"/containers/{ONE}/json", gone)
        self.assertIn("two", report.objects("container"))
        self.assertNotIn("container-runs-as-root", report.findings("pass", "container", "one"))

    def test_an_id_cannot_smuggle_a_request(self):
        smuggled = "x HTTP/1.1\r\nHost: a\r\n\r\nDELETE /containers/victim?force=1 HTTP/1.1\r\nHost: b\r\n\r\nGET /y"
        routes = {"/containers/json": answer([listed(smuggled, "a"), listed("../../volumes/create", "b")]),
                  "/images/json": answer([{"Id": "sha256:a b\r\nX: y", "RepoTags": ["i:1"], "RepoDigests": [], "Created": 1}])}
        with FakeEngine(routes) as engine:
            self.judged(engine)
            self.assertTrue([target for target in engine.requests if "victim" in target and "%0D%0A" in target], engine.requests)
            self.assertFalse([target for target in engine.requests if target.startswith("/containers/victim") or target == "/y/json"])
            self.assertFalse([target for target in engine.requests if "volumes/create" in target])

    def test_a_container_that_cannot_be_read_stays_in_the_report_as_unknown(self):
        for name, reply in {"status": answer({"message": "broken"}, "500 Internal Server Error"), "parts": answer({"Id": ONE, "Name": "/one"}),
                            "type": answer({"Id": ONE, "Name": "/one", "HostConfig": None, "Config": {}, "State": {}})}.items():
            with self.subTest(name), FakeEngine({f"/containers/{ONE}/json": reply}, containers=[inspected(ONE, "one")]) as engine:
                result = audit("--host", engine.host, "--json", "--fail-on", "critical", "--only", "container-privileged", "--only", "host-root-writable")
                report = Report(result)
                self.assertIn("one", report.objects("container"))
                self.assertEqual(report.failed("container", "one"), {})
                self.assertEqual([f for f in report.data["findings"] if f["outcome"] == "pass"], [])
                self.assertEqual(result.returncode, 3)

    def test_a_list_that_failed_is_not_an_empty_list(self):
        with FakeEngine({"/containers/json": answer({"message": "broken"}, "500 Internal Server Error")}) as engine:
            report = Report(audit("--host", engine.host, "--json", "--only", "container-sprawl"))
            self.assertEqual([f["outcome"] for f in report.data["findings"]], ["unknown"])

    def test_a_named_engine_that_is_silent_is_not_clean(self):
        self.assertEqual(audit("--host", "unix:///nowhere/docker.sock", "--fail-on", "critical", "--only", "container-*", "--only", "component-*").returncode, 3)

    def test_a_hanging_engine_costs_a_few_time_limits_not_one_for_each_container(self):
        containers = [inspected(f"{n:064x}", f"c{n}") for n in range(60)]
        hanging = {f"/containers/{c['Id']}/json": lambda connection: time.sleep(30) for c in containers}
        with FakeEngine(hanging, containers=containers) as engine:
            report = self.judged(engine, within_seconds=8)
            self.assertEqual(len(report.objects("container")), 60)

    def test_interrupt_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name), tempfile.TemporaryDirectory() as folder, \
                    FakeEngine({"/info": lambda connection: time.sleep(8)}) as engine:
                target = os.path.join(folder, "report.json")
                process = subprocess.Popen([PLIMSOLL, "audit", "--host", engine.host, "--json", "--output", target],
                                           env={**os.environ, "TMPDIR": folder}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                deadline = time.monotonic() + 10
                while not any("/info" in request for request in engine.requests) and time.monotonic() < deadline:
                    time.sleep(0.02)
                with open(f"/proc/{process.pid}/task/{process.pid}/children") as kernel:
                    children = kernel.read()
                process.send_signal(number)
                process.wait(5)
                self.assertNotEqual(process.returncode, 0)
                self.assertEqual(children, "")
                self.assertEqual(os.listdir(folder), [])


HOSTILE = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>=cmd|'/c calc'!A0\r\n\u202e\u0085\u009b31m'\""


class HostileStrings(unittest.TestCase):
    """Every string that an engine can choose is hostile at once."""

    @classmethod
    def setUpClass(cls):
        container = inspected(ONE, HOSTILE, User=HOSTILE, Env=[f"PASSWORD{HOSTILE}=secret-value-{HOSTILE}"], Image=HOSTILE,
                              Labels={HOSTILE: HOSTILE}, Cmd=[HOSTILE], Hostname=HOSTILE)
        container["Mounts"] = [{"Type": "bind", "Source": "/etc" + HOSTILE, "Destination": HOSTILE, "RW": True, "Mode": HOSTILE, "Propagation": HOSTILE}]
        container["HostConfig"].update(NetworkMode=HOSTILE, PidMode=HOSTILE, SecurityOpt=[HOSTILE], CapAdd=[HOSTILE], Runtime=HOSTILE,
                                       Devices=[{"PathOnHost": "/dev/" + HOSTILE, "PathInContainer": HOSTILE, "CgroupPermissions": HOSTILE}],
                                       LogConfig={"Type": HOSTILE, "Config": {HOSTILE: HOSTILE}}, Sysctls={HOSTILE: HOSTILE}, Links=[HOSTILE])
        container["NetworkSettings"]["Ports"] = {"80/tcp": [{"HostIp": HOSTILE, "HostPort": HOSTILE}]}
        second = inspected(TWO, "=HYPERLINK(1)", User="+1")
        image = {"Id": "sha256:" + "1" * 64, "RepoTags": [HOSTILE + ":1"], "RepoDigests": [HOSTILE], "Size": 1, "Created": 1, "Labels": {HOSTILE: HOSTILE}}
        network = {"Name": HOSTILE, "Id": "n" * 64, "Driver": HOSTILE, "Scope": "local", "Options": {HOSTILE: HOSTILE}, "Containers": {}}
        volume = {"Name": HOSTILE, "Driver": "local", "Mountpoint": "/nowhere/" + HOSTILE, "Scope": "local"}
        log = HOSTILE.encode() + b" ERROR panic: \x1b[31m\n"
        cls.engine = FakeEngine({
            "/images/json": answer([image]), "/networks": answer([network]), "/volumes": answer({"Volumes": [volume]}),
            f"/images/sha256:{'1' * 64}/json": answer({**image, "Config": {"User": HOSTILE, "Env": [HOSTILE], "Labels": {HOSTILE: HOSTILE}}}),
            f"/images/sha256:{'1' * 64}/history": answer([{"Id": "x", "Created": 1, "CreatedBy": "ADD http://x " + HOSTILE, "Size": 1, "Comment": HOSTILE}]),
            f"/containers/{ONE}/logs": answer(b"\x01\x00\x00\x00" + len(log).to_bytes(4, "big") + log),
        }, containers=[container, second])
        cls.addClassCleanup(cls.engine.__exit__)

    def render(self, form, *more):
        result = audit("--host", self.engine.host, "--format", form, "--verbose", *more)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return result

    def assert_no_controls(self, data, allowed="\n"):
        text = data.decode("utf-8")  # raises when it is not UTF-8
        bad = {c for c in text if (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068") and c not in allowed}
        self.assertEqual(bad, set())
        return text

    def test_terminal(self):
        text = self.assert_no_controls(self.render("text", "--colour", "never").stdout)
        self.assertIn("owned", text)

    def test_standard_error(self):
        self.assert_no_controls(self.render("json").stderr)

    def test_json(self):
        data = self.render("json").stdout
        self.assert_no_controls(data)
        report = json.loads(data)
        self.assertIn(HOSTILE, [o["name"] for o in report["objects"] if o["kind"] == "container"])

    def test_sarif(self):
        self.assertEqual(json.loads(self.render("sarif").stdout)["version"], "2.1.0")

    def test_html(self):
        text = self.assert_no_controls(self.render("html").stdout)
        self.assertNotIn("<script>alert", text)
        self.assertIn("&lt;script&gt;", text)

    def test_markdown(self):
        text = self.assert_no_controls(self.render("markdown").stdout)
        self.assertNotRegex(text, r"(?<!\\)<script>")

    def test_junit(self):
        import xml.etree.ElementTree as tree
        tree.fromstring(self.render("junit").stdout)

    def test_csv(self):
        rows = list(csv.reader(io.StringIO(self.assert_no_controls(self.render("csv").stdout, allowed="\r\n"), newline="")))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        for row in rows[1:]:
            for cell in row:
                self.assertFalse(cell.startswith(("=", "+", "@")), cell)

    def test_secret_value_is_not_printed(self):
        for form in ("text", "json", "html", "csv", "markdown", "sarif", "junit"):
            self.assertNotIn(b"secret-value-", self.render(form).stdout)


if __name__ == "__main__":
    main()
