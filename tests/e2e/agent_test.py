"""The recorder against a real engine: what happens is in the ledger, proved, told, alerted; whatever is killed, nothing is lost."""
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from support import IMAGE, PLIMSOLL, SANITIZED, Docker, main, need, run

NEEDS = need("dockerd", "docker", "busybox", "unshare", "nsenter")
SLOW = 4 if SANITIZED else 1


def eventually(what, seconds=20):
    """The first true answer of `what`."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what.__name__}")
        time.sleep(0.05)


class Webhook:
    """A receiver on a unix-free port of the engine's network namespace is not needed: the agent runs on the host's loopback."""

    def __init__(self, port=0):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Agent:
    """`plimsoll agent` with a folder of its own."""

    def __init__(self, engine, config="", ledger=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-agent-"))
        self.ledger = self.folder / "ledger"
        self.socket = self.folder / "agent.sock"
        self.config = self.folder / "plimsoll.yaml"
        self.base = (f"ledger: {{path: {self.ledger}{ledger}}}\nengines: ['{engine}']\ndaemon_log: {{enabled: false}}\nsensor: {{enabled: false}}\nresources: {{every: 500ms}}\n"
                     f"agent: {{control_socket: {self.socket}, state: {self.folder}}}\n")
        self.config.write_text(self.base + config)
        self.log = self.folder / "agent.log"
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([PLIMSOLL, "agent", "--config", self.config], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        eventually(self.answers)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("the agent ended: " + self.log.read_text(errors="replace")[-2000:])
        return self.status() is not None

    def status(self):
        result = run(PLIMSOLL, "status", "--json", "--socket", self.socket, check=False)
        return json.loads(result.stdout) if result.returncode in (0, 1) and result.stdout else None

    def connected(self):
        state = self.status()
        return state and any(s["connected"] for s in state["sources"] if s["name"].startswith("engine"))

    def search(self, condition, *more):
        result = run(PLIMSOLL, "search", condition, "--ledger", self.ledger, "--json", *more)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20 * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the agent did not stop: " + self.log.read_text(errors="replace")[-2000:]) from None
        return self.process.returncode

    def remove(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@NEEDS
class Recording(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Docker()
        cls.addClassCleanup(cls.engine.stop)
        cls.engine.make_image(changes=())

    def agent(self, config="", ledger=""):
        agent = Agent(self.engine.host, config, ledger)
        self.addCleanup(agent.remove)
        eventually(agent.connected)
        return agent

    def test_the_life_of_a_container_is_recorded_proved_and_told(self):
        hook = Webhook()
        self.addCleanup(hook.stop)
        agent = self.agent(f"alerts:\n  sinks:\n  - {{name: hook, type: webhook, url: 'http://127.0.0.1:{hook.port}/'}}\n")
        self.engine.docker("run", "-d", "--name", "web", "--pid", "host", "--label", "tier=front", IMAGE, "sleep", "600")
        self.engine.docker("exec", "web", "sh", "-c", "sleep 0.3; exit 3", check=False)
        self.engine.docker("kill", "web")
        self.engine.docker("rm", "web")
        eventually(lambda: agent.search("docker.action = destroy and container.name = web"))

        actions = [e["docker.action"] for e in agent.search("docker.type = container and record.kind = event and container.name = web")]
        for expected in ("create", "start", "exec_create", "exec_start", "exec_die", "kill", "die", "destroy"):
            self.assertIn(expected, actions)
        start = agent.search("docker.action = start and container.name = web")[0]
        self.assertTrue(start["container.host_pid"])
        self.assertEqual(start["container.label"]["tier"], "front")
        self.assertEqual(start["container.image"], IMAGE)

        session, = agent.search("record.kind = session and container.name = web")
        self.assertEqual((session["exec.command"], session["exec.exit_code"]), ("sh -c sleep 0.3; exit 3", 3))
        self.assertGreater(session["exec.duration"], 200_000_000)

        eventually(lambda: [a for a in hook.received if "pid" in json.dumps(a).lower()])
        alerts = agent.search("record.kind = alert and container.name = web")
        self.assertTrue(alerts)

        number = alerts[0]["record.number"]
        run(PLIMSOLL, "alerts", "ack", str(number), "--reason", "a test", "--by", "anna", "--ledger", agent.ledger, "--socket", agent.socket)
        ack, = eventually(lambda: agent.search(f"record.kind = ack and ack.alert = {number}"))
        self.assertEqual((ack["ack.by"], ack["ack.reason"]), ("anna", "a test"))

        told = run(PLIMSOLL, "timeline", "web", "--since", "1h ago", "--ledger", agent.ledger).stdout.decode()
        for part in ("sleep 0.3; exit 3", "created", "started"):
            self.assertIn(part, told)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(run(PLIMSOLL, "verify", "--ledger", agent.ledger, check=False).returncode, 0)
        proof = agent.folder / "proof"
        proof.write_bytes(run(PLIMSOLL, "prove", str(start["record.number"]), "--ledger", agent.ledger).stdout)
        self.assertEqual(run(PLIMSOLL, "verify", "--proof", proof, check=False).returncode, 0)
        day = json.loads(run(PLIMSOLL, "report", "--since", "1h ago", "--format", "json", "--ledger", agent.ledger).stdout)
        self.assertIn("web", json.dumps(day))

    def test_a_killed_agent_misses_nothing_and_tells_nothing_twice(self):
        agent = self.agent()
        self.engine.docker("run", "-d", "--name", "before", IMAGE, "sleep", "600")
        eventually(lambda: agent.search("docker.action = start and container.name = before"))
        agent.kill()
        self.engine.docker("run", "-d", "--name", "meanwhile", IMAGE, "sleep", "600")
        self.engine.docker("rm", "-f", "before")
        agent.start()
        eventually(agent.connected)
        self.engine.docker("rm", "-f", "meanwhile")
        eventually(lambda: agent.search("docker.action = destroy and container.name = meanwhile"))
        for name, action in (("before", "create"), ("before", "start"), ("before", "destroy"), ("meanwhile", "create"), ("meanwhile", "start")):
            found = agent.search(f"record.kind = event and docker.action = {action} and container.name = {name}")
            self.assertEqual(len(found), 1, (name, action, found))
        self.assertEqual(len(agent.search("record.kind = start")), 2)
        agent.stop()
        self.assertEqual(run(PLIMSOLL, "verify", "--ledger", agent.ledger, check=False).returncode, 0)

    def test_more_events_than_the_engine_keeps_are_found_by_comparing(self):
        agent = self.agent()
        self.engine.docker("run", "-d", "--name", "stays", IMAGE, "sleep", "600")
        eventually(lambda: agent.search("docker.action = start and container.name = stays"))
        agent.kill()
        self.engine.docker("rm", "-f", "stays")
        for index in range(150):  # two events each: the engine's ring of 256 forgets the removal
            self.engine.docker("volume", "create", f"v{index}")
            self.engine.docker("volume", "rm", f"v{index}")
        agent.start()
        eventually(agent.connected)
        gone = eventually(lambda: agent.search("record.reconciled = true and container.name = stays"))
        self.assertIn("destroy", [event["docker.action"] for event in gone])
        loss = eventually(lambda: agent.search("record.kind = loss and loss.what = engine-events"))
        self.assertLess(loss[0]["loss.from"], loss[0]["loss.until"])

    def test_alerts_name_the_host_as_the_ledger_does(self):
        hook = Webhook()
        self.addCleanup(hook.stop)
        agent = self.agent(f"alerts:\n  sinks:\n  - {{name: hook, type: webhook, url: 'http://127.0.0.1:{hook.port}/'}}\n", ", host: edge-7")
        self.engine.docker("volume", "create", "named")
        self.addCleanup(self.engine.docker, "volume", "rm", "named", check=False)
        self.assertEqual(eventually(lambda: hook.received)[0]["host"], "edge-7")
        agent.stop()

    def test_jobs_that_succeed_are_silent_and_jobs_that_fail_are_not(self):
        agent = self.agent()

        def jobs(name, code):
            script = f"for i in $(seq 12); do docker --host {self.engine.host} run --rm --network none --name {name}$i {IMAGE} sh -c 'exit {code}' & done; wait"
            run("sh", "-c", script, timeout=300)
            eventually(lambda: len(agent.search(f"record.kind = event and docker.action = destroy and container.name startswith {name}")) == 12)

        def loud():
            return sorted({a["alert.rule"] for a in agent.search("record.kind = alert and alert.priority in (Emergency, Alert, Critical, Error, Warning)")})
        jobs("good", 0)
        self.assertEqual(loud(), [])
        self.assertEqual(agent.search("record.kind = alert and alert.rule in ('Terminal attached to a container', 'Container removed soon after start')"), [])
        ends = agent.search("record.kind = event and docker.action = destroy and container.name startswith good")
        self.assertEqual({e["docker.attributes"]["exitCode"] for e in ends}, {"0"})
        jobs("bad", 1)
        self.assertEqual(loud(), ["Many containers died", "Many containers removed"])

    def test_a_second_agent_is_refused(self):
        agent = self.agent()
        second = run(PLIMSOLL, "agent", "--config", agent.config, check=False)
        self.assertEqual(second.returncode, 3)
        self.assertIn(str(agent.process.pid), second.stderr.decode())
        self.assertIsNone(agent.process.poll())

    def test_a_broken_file_at_reload_keeps_the_old_settings(self):
        agent = self.agent()
        agent.config.write_text("ledger: {pth: /nowhere}\n")
        agent.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reload" in agent.log.read_text() and "plimsoll.yaml:1:10" in agent.log.read_text())
        self.engine.docker("run", "--rm", "--name", "after", IMAGE, "true")
        eventually(lambda: agent.search("docker.action = die and container.name = after"))
        check = run(PLIMSOLL, "config", "check", agent.config, check=False)
        self.assertEqual(check.returncode, 2)
        self.assertIn("path", check.stderr.decode())

    def test_a_rule_added_at_reload_fires(self):
        agent = self.agent()
        rules = agent.folder / "own.yaml"
        rules.write_text("- rule: Mine\n  desc: mine\n  condition: docker.action = pause\n  output: paused %container.name\n  priority: WARNING\n  source: docker\n")
        agent.config.write_text(agent.base + f"rules: {{files: [{rules}]}}\n")
        agent.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reloaded" in agent.log.read_text())
        self.engine.docker("run", "-d", "--name", "calm", IMAGE, "sleep", "600")
        self.engine.docker("pause", "calm")
        alert = eventually(lambda: agent.search("record.kind = alert and alert.rule = Mine"))[0]
        self.assertEqual(alert["alert.output"], "paused calm")
        self.engine.docker("rm", "-f", "calm")


@NEEDS
class EngineTrouble(unittest.TestCase):
    def test_an_engine_that_restarts_is_found_again(self):
        engine = Docker()
        self.addCleanup(engine.stop)
        agent = Agent(engine.host)
        self.addCleanup(agent.remove)
        eventually(agent.connected)
        os.kill(engine.process.pid, signal.SIGSTOP)
        os.kill(engine.process.pid, signal.SIGCONT)
        engine.process.send_signal(signal.SIGTERM)
        engine.process.wait(60)
        eventually(lambda: not agent.connected())
        faults = [s["fault"] for s in agent.status()["sources"] if s["name"].startswith("engine")]
        self.assertTrue(faults[0])
        down, = eventually(lambda: agent.search("evt.type = engine_down and record.kind = event"))
        self.assertEqual(down["docker.endpoint"], engine.host)
        self.assertTrue(down["loss.reason"])
        alert, = eventually(lambda: agent.search("record.kind = alert and alert.rule = 'Engine out of reach'"))
        self.assertEqual(alert["alert.priority"], "Warning")
        time.sleep(1)
        engine.process = subprocess.Popen(engine.process.args, stdout=engine.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        up, = eventually(lambda: agent.search("evt.type = engine_up and record.kind = event"), 60)
        self.assertGreater(up["loss.until"] - up["loss.from"], 10**9)
        self.assertEqual(len(agent.search("evt.type = engine_down and record.kind = event")), 1)
        report = json.loads(run(PLIMSOLL, "report", "--json", "--ledger", agent.ledger).stdout)
        self.assertEqual(report["ledger"]["outages"], 1)

    def test_sources_say_why_nothing_comes(self):
        with tempfile.TemporaryDirectory() as folder:
            missing = f"unix://{folder}/docker.sock"
            agent = Agent(missing, "container_logs: {follow: ['nothing-*']}\n")
            self.addCleanup(agent.remove)
            logs, = [s for s in agent.status()["sources"] if s["name"].startswith("container logs")]
            self.assertFalse(logs["connected"])
            self.assertTrue(logs["fault"])
            self.assertEqual(run(PLIMSOLL, "status", "--socket", agent.socket, check=False).returncode, 1)


if __name__ == "__main__":
    main()
