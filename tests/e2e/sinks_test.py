"""Receivers of alerts that are real: an HTTP(S) server that fails in every way, rsyslog over TCP and TLS, a rotated file, a command."""
import calendar
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from support import ROOT, need, run

DELIVER = os.environ.get("DELIVER", str(ROOT / "build" / "dev" / "deliver"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def make_certificates(folder):
    """An authority of our own, and a server certificate for localhost by it."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority", "-keyout", folder / "ca.key",
        "-out", folder / "ca.pem")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", folder / "server.key", "-out", folder / "server.csr")
    (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run("openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", folder / "ext", "-out", folder / "server.pem")


class Receiver:
    """Keeps every request with its time; `answer(index)` gives (status, seconds to wait, headers)."""

    def __init__(self, answer=lambda index: (200, 0, {}), port=0, certificates=None):
        self.requests = []
        self.taken = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                arrived = time.time_ns()
                status, wait, headers = answer(len(outer.requests))
                outer.requests.append((self.path, dict(self.headers), body, arrived))
                time.sleep(wait)
                if status == 200:
                    outer.taken.append(json.loads(body)["number"])
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def start(kind, address, count, **options):
    return subprocess.Popen([DELIVER, kind, address, str(count), *[f"{name}={value}" for name, value in options.items()]],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def deliver(*arguments, **options):
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=120)
    return process.returncode, json.loads(out) if out else {}, err.decode()


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-sinks-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def receiver(self, *arguments, **options):
        made = Receiver(*arguments, **options)
        self.addCleanup(made.close)
        return made


@need("openssl")
class Webhook(Folder):
    def test_signed_over_tls_with_an_own_authority(self):
        make_certificates(self.folder)
        receiver = self.receiver(certificates=self.folder)
        code, status, err = deliver("webhook", f"https://localhost:{receiver.port}/hook", 50, ca=self.folder / "ca.pem", secret="s3cret")
        self.assertEqual(code, 0, (status, err))
        self.assertEqual(receiver.taken, list(range(50)))
        for path, headers, body, arrived in receiver.requests:
            stamp, mac = headers["X-Plimsoll-Signature"].split(",")
            seconds = stamp.removeprefix("t=")
            expected = hmac.new(b"s3cret", seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
            self.assertEqual(mac, "v1=" + expected)
            self.assertLess(abs(int(seconds) - arrived / 1e9), 30)

    def test_a_certificate_of_an_unknown_authority_is_refused(self):
        make_certificates(self.folder)
        receiver = self.receiver(certificates=self.folder)
        code, status, _ = deliver("webhook", f"https://localhost:{receiver.port}/", 1, wait=1)
        self.assertEqual(code, 1)
        self.assertIn("certificate is not trusted", status["last_error"])
        self.assertEqual(receiver.requests, [])

    def test_a_certificate_for_another_name_is_refused(self):
        make_certificates(self.folder)
        run("openssl", "x509", "-req", "-in", self.folder / "server.csr", "-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key", "-days", "2",
            "-out", self.folder / "server.pem")  # no name that a client may accept but the CN "localhost"
        other = self.receiver(certificates=self.folder)
        code, status, _ = deliver("webhook", f"https://127.0.0.1:{other.port}/", 1, ca=self.folder / "ca.pem", wait=1)
        self.assertEqual(code, 1)
        self.assertIn("certificate is not trusted", status["last_error"])
        self.assertEqual(other.requests, [])

    def test_down_then_failing_then_slow_then_well_nothing_is_lost_and_nobody_waits(self):
        port = free_port()
        process = start("webhook", f"http://127.0.0.1:{port}/", 500, timeout=300, retry=100)
        time.sleep(1)

        def answer(index):
            if index < 20:
                return 500, 0, {}
            if index < 22:
                return 503, 0.6, {}  # longer than the time limit
            return (302, 0, {"Location": "http://127.0.0.1:1/"}) if index < 25 else (200, 0, {})

        receiver = self.receiver(answer, port=port)
        out, err = process.communicate(timeout=60)
        status = json.loads(out)
        self.assertEqual(process.returncode, 0, (status, err))
        self.assertEqual(receiver.taken, list(range(500)))
        self.assertGreater(status["retries"], 20)
        self.assertLess(status["notified_s"], 1.0, "notify() waited for a receiver")

    def test_killed_in_the_middle_and_started_again_every_alert_arrives(self):
        receiver = self.receiver(lambda index: (200, 0.002, {}))
        cursors = self.folder / "cursors"
        process = start("webhook", f"http://127.0.0.1:{receiver.port}/", 400, cursors=cursors)
        self.assertTrue(until(lambda: len(receiver.taken) > 100))
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        reached = int((cursors / "under_test.cursor").read_text())
        code, status, err = deliver("webhook", f"http://127.0.0.1:{receiver.port}/", 410, cursors=cursors, **{"from": 400}, expect=410 - reached)
        self.assertEqual(code, 0, (status, err))
        self.assertEqual(sorted(set(receiver.taken)), list(range(410)))
        self.assertLess(len(receiver.taken), 410 + 100, "the cursor was far behind")

    def test_from_notify_to_receipt(self):
        receiver = self.receiver()
        code, status, err = deliver("webhook", f"http://127.0.0.1:{receiver.port}/", 1000, gap=2000)
        self.assertEqual(code, 0, (status, err))
        late = []
        for _, _, body, arrived in receiver.requests:
            text = json.loads(body)["time"]  # set right before notify
            whole, digits = text.rstrip("Z").split(".")
            sent = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(digits)
            late.append((arrived - sent) / 1e6)
        late.sort()
        print(f"\nnotify to receipt, 1000 alerts: p50 {late[500]:.2f} ms, p99 {late[990]:.2f} ms, most {late[-1]:.2f} ms")
        self.assertLess(late[500], 50)


RSYSLOG = """
module(load="imtcp" {tls})
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="whole" type="string" string="%rawmsg%\\n")
template(name="parts" type="string" string="%syslogseverity-text%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
action(type="omfile" file="{out}" template="parts")
"""

TLS = """global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{0}/ca.pem"
 DefaultNetstreamDriverCertFile="{0}/server.pem" DefaultNetstreamDriverKeyFile="{0}/server.key")
"""


@need("rsyslogd", "openssl")
class Syslog(Folder):
    def rsyslog(self, tls):
        port = free_port()
        out = self.folder / "messages"
        options = 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.Authmode="anon"' if tls else ""
        config = self.folder / "rsyslog.conf"
        config.write_text((TLS.format(self.folder) if tls else "") + RSYSLOG.format(tls=options, port=port, out=out))
        process = subprocess.Popen(["rsyslogd", "-n", "-f", str(config), "-i", str(self.folder / "pid")], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        self.assertTrue(until(listens), "rsyslogd does not listen")
        return port, out, process

    def lines(self, out):
        return out.read_text().splitlines() if out.exists() else []

    def check(self, lines, count):
        self.assertEqual([line.rsplit("number ", 1)[1] for line in lines], [str(n) for n in range(count)])
        self.assertTrue(lines[0].startswith('notice|host1|plimsoll|alert|[plimsoll@32473 number="0"'), lines[0])

    def test_a_thousand_over_tcp(self):
        port, out, _ = self.rsyslog(tls=False)
        code, status, err = deliver("syslog", f"tcp://127.0.0.1:{port}", 1000)
        self.assertEqual(code, 0, (status, err))
        self.assertTrue(until(lambda: len(self.lines(out)) >= 1000))
        self.check(self.lines(out), 1000)

    @unittest.skipUnless(any(pathlib.Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")), "needs rsyslog-gnutls")
    def test_a_thousand_over_tls(self):
        make_certificates(self.folder)
        port, out, _ = self.rsyslog(tls=True)
        code, status, err = deliver("syslog", f"tls://localhost:{port}", 1000, ca=self.folder / "ca.pem")
        self.assertEqual(code, 0, (status, err))
        self.assertTrue(until(lambda: len(self.lines(out)) >= 1000))
        self.check(self.lines(out), 1000)
        code, status, _ = deliver("syslog", f"tls://localhost:{port}", 1, wait=1)
        self.assertEqual(code, 1)
        self.assertIn("certificate is not trusted", status["last_error"])

    def test_a_receiver_that_is_stopped_and_started_gets_the_rest(self):
        port, out, process = self.rsyslog(tls=False)
        sender = start("syslog", f"tcp://127.0.0.1:{port}", 600, gap=2000, retry=100)
        self.assertTrue(until(lambda: len(self.lines(out)) > 100))
        process.send_signal(signal.SIGTERM)
        process.wait()
        config = self.folder / "rsyslog.conf"
        again = subprocess.Popen(["rsyslogd", "-n", "-f", str(config), "-i", str(self.folder / "pid2")], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self.addCleanup(again.wait)
        self.addCleanup(again.kill)
        result, err = sender.communicate(timeout=60)
        self.assertEqual(sender.returncode, 0, (result, err))

        def numbers():
            return {int(line.rsplit("number ", 1)[1]) for line in self.lines(out)}

        until(lambda: len(numbers()) == 600, 5)
        # Syslog has no answer: what a dying receiver had taken and not written may be gone, and no more than that.
        missing = set(range(600)) - numbers()
        self.assertLessEqual(len(missing), 5, sorted(missing))


class Files(Folder):
    def test_a_rotated_file_loses_nothing(self):
        path = self.folder / "alerts.json"
        process = start("file", str(path), 2000, gap=300)
        for turn in range(5):
            self.assertTrue(until(path.exists))
            time.sleep(0.1)
            path.rename(f"{path}.{turn}")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, (out, err))
        numbers = [json.loads(line)["number"] for file in self.folder.iterdir() for line in file.read_text().splitlines()]
        self.assertEqual(sorted(numbers), list(range(2000)))
        self.assertTrue(all(file.stat().st_mode & 0o777 == 0o600 for file in self.folder.iterdir()))

    def test_a_command_that_fails_first_gets_each_alert_in_the_end(self):
        script = self.folder / "take"
        script.write_text(f"#!/bin/sh\nread -r line\n[ -e {self.folder}/ready ] || {{ touch {self.folder}/ready; echo not yet; exit 1; }}\n"
                          f"echo \"$line\" >> {self.folder}/taken\n")
        script.chmod(0o755)
        code, status, err = deliver("command", str(script), 20)
        self.assertEqual(code, 0, (status, err))
        self.assertEqual(status["last_error"], "exit code 1: not yet")
        self.assertEqual([json.loads(line)["number"] for line in (self.folder / "taken").read_text().splitlines()], list(range(20)))


if __name__ == "__main__":
    unittest.main()
