"""An engine over TLS: the recorder follows its events with a certificate of its own, refuses an engine that it cannot verify, and says why."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from agent_test import NEEDS, Agent, eventually
from support import IMAGE, PLIMSOLL, Docker, main, run


class Certificates:
    """An authority, and what it signed for engine and client, as the docker client names the files."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=authority",
            "-keyout", self.at("ca-key.pem"), "-out", self.at("ca.pem"))
        self.sign("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        self.sign("client", "extendedKeyUsage=clientAuth\n")
        shutil.copy(self.at("client-cert.pem"), self.at("cert.pem"))
        shutil.copy(self.at("client-key.pem"), self.at("key.pem"))

    def at(self, name):
        return self.folder / name

    def sign(self, name, extensions):
        self.at("extensions").write_text(extensions)
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", self.at(f"{name}-key.pem"), "-out", self.at(f"{name}.csr"))
        run("openssl", "x509", "-req", "-in", self.at(f"{name}.csr"), "-CA", self.at("ca.pem"), "-CAkey", self.at("ca-key.pem"), "-CAcreateserial",
            "-days", "2", "-extfile", self.at("extensions"), "-out", self.at(f"{name}-cert.pem"))


class TlsAgent(Agent):
    """An agent in the engine's network namespace, with the docker client's variables for TLS."""

    def __init__(self, engine, certificates, address="tcp://127.0.0.1:2376"):
        self.engine = engine
        self.certificates = certificates
        super().__init__(address)

    def start(self):
        environment = {**os.environ, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(self.certificates)}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.engine.within, PLIMSOLL, "agent", "--config", self.config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=environment)
        eventually(self.answers)

    def source(self):
        return next(s for s in self.status()["sources"] if s["name"].startswith("engine"))


@NEEDS
class TlsEngine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-tls-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.certificates = Certificates(cls.folder / "certs")
        at = cls.certificates.at
        cls.engine = Docker("--host", "tcp://127.0.0.1:2376", "--tlsverify", "--tlscacert", str(at("ca.pem")), "--tlscert", str(at("server-cert.pem")),
                            "--tlskey", str(at("server-key.pem")))
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image(changes=())

    def agent(self, certificates):
        agent = TlsAgent(self.engine, certificates)
        self.addCleanup(agent.remove)
        return agent

    def test_events_of_an_engine_over_tls_are_recorded(self):
        agent = self.agent(self.certificates.folder)
        eventually(agent.connected)
        self.engine.docker("run", "-d", "--name", "web", IMAGE, "sleep", "600")
        self.engine.docker("exec", "web", "sh", "-c", "exit 3", check=False)
        self.engine.docker("rm", "--force", "web")
        eventually(lambda: agent.search("docker.action = destroy and container.name = web"))
        actions = {e["docker.action"] for e in agent.search("record.kind = event and docker.type = container and container.name = web")}
        self.assertLessEqual({"create", "start", "exec_create", "exec_start", "exec_die", "die", "destroy"}, actions)
        created = agent.search("docker.action = create and container.name = web")[0]
        self.assertIn(IMAGE.split(":")[0], created["container.image"], "inspected over TLS too")
        self.assertEqual(agent.source()["fault"], "")
        self.assertEqual(agent.stop(), 0)
        run(PLIMSOLL, "verify", "--ledger", agent.ledger)

    def test_a_restart_of_the_agent_loses_no_event(self):
        agent = self.agent(self.certificates.folder)
        eventually(agent.connected)
        self.engine.docker("run", "--rm", "--name", "before", IMAGE, "true")
        eventually(lambda: agent.search("docker.action = destroy and container.name = before"))
        agent.kill()
        self.engine.docker("run", "--rm", "--name", "meanwhile", IMAGE, "true")
        agent.start()
        eventually(lambda: agent.search("docker.action = destroy and container.name = meanwhile"))

    def test_an_engine_that_another_authority_vouches_for_is_refused(self):
        other = Certificates(self.folder / "other")
        agent = self.agent(other.folder)
        eventually(lambda: agent.source()["fault"])
        self.engine.docker("run", "--rm", "--name", "unseen", IMAGE, "true")
        source = agent.source()
        self.assertFalse(source["connected"])
        self.assertRegex(source["fault"], "certificate")
        self.assertEqual(agent.search("container.name = unseen"), [])
        self.assertEqual(agent.stop(), 0)

    def test_an_agent_without_a_certificate_is_refused_and_says_so(self):
        bare = self.folder / "bare"
        bare.mkdir()
        shutil.copy(self.certificates.at("ca.pem"), bare)
        agent = self.agent(bare)
        eventually(lambda: agent.source()["fault"])
        self.assertFalse(agent.source()["connected"])
        self.assertIsNone(agent.process.poll())
        self.assertEqual(agent.stop(), 0)


if __name__ == "__main__":
    main()
