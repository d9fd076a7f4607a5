"""Settings of real daemons with their origin, listeners with and without TLS, several daemons on one host, Podman."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from support import IMAGE, Docker, Report, audit, main, need, run


def make_certificates(folder):
    """A certificate authority, a server for 127.0.0.1 and a client."""
    def openssl(*words):
        run("openssl", *words, cwd=folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=ca",
            "-keyout", "ca-key.pem", "-out", "ca.pem")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"), ("client", "extendedKeyUsage=clientAuth\n")):
        (folder / "extensions").write_text(extension)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}-key.pem",
                "-out", f"{name}.csr")
        openssl("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", "extensions",
                "-out", f"{name}.pem")
    # The names that the docker command line expects in DOCKER_CERT_PATH.
    shutil.copy(folder / "client.pem", folder / "cert.pem")
    shutil.copy(folder / "client-key.pem", folder / "key.pem")


NEEDS = need("dockerd", "docker", "busybox", "unshare", "nsenter", "openssl")


@NEEDS
class Listeners(unittest.TestCase):
    def test_plain_tcp_is_critical_and_can_be_audited(self):
        engine = Docker("--host", "tcp://127.0.0.1:23755")
        self.addCleanup(engine.stop)
        report = engine.report()
        self.assertIn("engine-tcp-plain", report.failed("daemon"))
        over_tcp = Report(audit("--host", "tcp://127.0.0.1:23755", "--json", within=engine.within))
        self.assertIn("engine-tcp-plain", over_tcp.failed("daemon"))

    def test_plain_tcp_in_a_pretty_printed_file(self):
        """The listener is seen in the kernel's socket table, however the setting is written."""
        engine = Docker(config={"debug": True, "log-level": "debug", "insecure-registries": ["registry.example:5000"], "live-restore": False,
                                "icc": False, "userland-proxy": False, "no-new-privileges": True})
        self.addCleanup(engine.stop)
        report = engine.report("--verbose")
        failed = report.failed("daemon")
        for check in ("daemon-debug", "daemon-insecure-registries", "daemon-no-live-restore"):
            self.assertIn(check, failed)
        for check in ("daemon-userland-proxy", "daemon-may-gain-privileges", "engine-tcp-plain"):
            self.assertNotIn(check, failed)
        origins = {e["origin"] for f in failed.values() for e in f["evidence"] + [e for i in f["items"] for e in i["evidence"]]}
        self.assertTrue(any(str(engine.config) in origin for origin in origins), origins)

    def test_flag_and_default_are_told_apart(self):
        engine = Docker("--log-level", "debug", "--no-new-privileges=false")
        self.addCleanup(engine.stop)
        text = engine.audit("--explain", "daemon-may-gain-privileges").stdout.decode()
        self.assertIn("--no-new-privileges", text)
        failed = engine.report().failed("daemon")
        self.assertIn("daemon-may-gain-privileges", failed)

    def test_verified_tls(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            make_certificates(folder)
            engine = Docker("--host", "tcp://127.0.0.1:23756", "--tlsverify", "--tlscacert", str(folder / "ca.pem"), "--tlscert",
                            str(folder / "server.pem"), "--tlskey", str(folder / "server-key.pem"))
            self.addCleanup(engine.stop)
            failed = engine.report().failed("daemon")
            self.assertNotIn("engine-tcp-plain", failed)
            self.assertNotIn("engine-tcp-unverified", failed)

            address, tls = "tcp://127.0.0.1:23756", {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": name}
            report = Report(audit("--json", within=engine.within, env={"DOCKER_HOST": address, **tls}))
            self.assertTrue(any("23756" in e for e in report.data["engines"]), report.data["problems"])

            make_certificates(folder)  # another authority: neither side may trust the other
            report = Report(audit("--json", within=engine.within, env={"DOCKER_HOST": address, **tls}))
            self.assertEqual(report.data["engines"], [])
            self.assertRegex(" ".join(report.data["problems"]), "(?i)certificate|tls|ssl")

    def test_tls_without_client_certificates(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            make_certificates(folder)
            engine = Docker("--host", "tcp://127.0.0.1:23757", "--tls", "--tlscacert", str(folder / "ca.pem"), "--tlscert",
                            str(folder / "server.pem"), "--tlskey", str(folder / "server-key.pem"))
            self.addCleanup(engine.stop)
            self.assertIn("engine-tcp-unverified", engine.report().failed("daemon"))


@NEEDS
class SeveralDaemons(unittest.TestCase):
    def test_settings_are_not_mixed_up(self):
        first = Docker("--live-restore", "--userland-proxy=false")
        self.addCleanup(first.stop)
        second = Docker(config={"live-restore": False, "debug": True})  # the newer process
        self.addCleanup(second.stop)
        first.make_image()
        first.docker("create", "--name", "only-in-first", IMAGE, "/bin/sleep", "60")
        one, two = first.report(), second.report()
        self.assertNotIn("daemon-no-live-restore", one.failed("daemon"))
        self.assertNotIn("daemon-debug", one.failed("daemon"))
        self.assertIn("daemon-no-live-restore", two.failed("daemon"))
        self.assertIn("daemon-debug", two.failed("daemon"))
        both = Report(first.audit("--json", "--host", second.host))
        self.assertEqual(len(both.data["engines"]), 2)
        self.assertEqual(len(both.objects("daemon")), 2)
        self.assertEqual(both.objects("container"), ["only-in-first"])


@need("podman", "busybox")
class Podman(unittest.TestCase):
    """Podman's compatible API is audited as any other engine."""

    def test_audit(self):
        with tempfile.TemporaryDirectory(prefix="plimsoll-e2e-", dir="/run") as name:
            folder = pathlib.Path(name)
            store = ["--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs"]
            with open(folder / "log", "wb") as log:
                service = subprocess.Popen([str(w) for w in ["podman", *store, "system", "service", "--time=0", f"unix://{folder}/podman.sock"]],
                                           stdout=log, stderr=log)
            try:
                deadline = time.monotonic() + 20
                while not (folder / "podman.sock").exists() and time.monotonic() < deadline:
                    time.sleep(0.1)
                (folder / "tree" / "bin").mkdir(parents=True)
                shutil.copy(shutil.which("busybox"), folder / "tree" / "bin" / "busybox")
                run("tar", "-C", folder / "tree", "-cf", folder / "image.tar", ".")
                run("podman", *store, "import", folder / "image.tar", "plimsoll-e2e:1.0")
                run("podman", *store, "create", "--name", "e2e-podman", "--network", "host", "--pid", "host", "--volume", "/etc:/host-etc",
                    "localhost/plimsoll-e2e:1.0", "/bin/busybox", "sleep", "60")
                report = Report(audit("--host", f"unix://{folder}/podman.sock", "--json"))
                self.assertRegex(report.data["engines"][0], "(?i)podman")
                self.assertEqual([p for p in report.data["problems"] if str(folder) in p], [])
                failed = report.failed("container", "e2e-podman")
                for check in ("container-runs-as-root", "container-host-pid", "container-host-network", "host-autostart-writable"):
                    self.assertIn(check, failed)
            finally:
                service.terminate()
                service.wait(10)
                run("podman", *store, "rm", "--force", "--all", check=False)
                for line in reversed(pathlib.Path("/proc/mounts").read_text().splitlines()):
                    if line.split()[1].startswith(f"{folder}/"):
                        run("umount", "-l", line.split()[1], check=False)


if __name__ == "__main__":
    main()
