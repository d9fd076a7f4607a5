#!/usr/bin/env python3
"""bench/agent.py [CONTAINERS [SAMPLES]]: what the recorder costs and how fast it is, on the release build.

Idle: a Docker daemon of its own with CONTAINERS (100) sleeping containers, the agent with its defaults beside it for 30 s: processor time and
resident memory from /proc. Latency: an engine of our own sends one event at a time at random moments; "synced" is when the ledger's log has
grown (it is written and synced in one step), "webhook" when a receiver on the loopback has the alert. Run it alone: figures move with the load.
"""
import glob
import http.server
import json
import os
import pathlib
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("PLIMSOLL", str(ROOT / "build" / "plimsoll"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from support import IMAGE, PLIMSOLL, Docker, FakeEngine, run  # noqa: E402

CONTAINERS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
SAMPLES = int(sys.argv[2]) if len(sys.argv) > 2 else 200
IDLE_SECONDS = 30


class Agent:
    def __init__(self, engine, more=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="plimsoll-bench-"))
        config = self.folder / "plimsoll.yaml"
        config.write_text(f"ledger: {{path: {self.folder}/ledger}}\nengines: ['{engine}']\ndaemon_log: {{enabled: false}}\nsensor: {{enabled: false}}\n"
                          f"agent: {{control_socket: {self.folder}/agent.sock, state: {self.folder}}}\n" + more)
        self.process = subprocess.Popen([PLIMSOLL, "agent", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.connected():
            if self.process.poll() is not None:
                raise SystemExit("the agent did not start")
            time.sleep(0.1)

    def connected(self):
        result = run(PLIMSOLL, "status", "--json", "--socket", self.folder / "agent.sock", check=False)
        return bool(result.stdout) and any(s["connected"] for s in json.loads(result.stdout)["sources"] if s["name"].startswith("engine"))

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def tail_size(self):
        return sum(os.stat(path).st_size for path in glob.glob(f"{self.folder}/ledger/tail-*.wal"))

    def stop(self):
        self.process.terminate()
        self.process.wait()
        subprocess.run(["rm", "-rf", self.folder], check=False)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def idle():
    engine = Docker()
    try:
        engine.make_image(changes=())
        for number in range(CONTAINERS):
            engine.docker("run", "--detach", "--name", f"c{number}", IMAGE, "sleep", "3600")
        agent = Agent(engine.host)
        try:
            time.sleep(12)  # the first sample, and what starting cost
            before = agent.processor_seconds()
            time.sleep(IDLE_SECONDS)
            used = agent.processor_seconds() - before
            print(f"idle, {CONTAINERS} containers, samples each 10 s: {100 * used / IDLE_SECONDS:.2f} % of a core, {agent.resident_mib():.1f} MiB resident")
        finally:
            agent.stop()
    finally:
        engine.stop()


class Events:
    """The event stream of a fake engine: what is put into the queue is sent at once."""

    def __init__(self):
        self.lines = queue.Queue()

    def serve(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line = self.lines.get()
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))

    def send(self, action):
        now = time.time_ns()
        event = {"Type": "container", "Action": action, "scope": "local", "time": now // 10**9, "timeNano": now,
                 "Actor": {"ID": "%064x" % random.getrandbits(256), "Attributes": {"name": f"n{now}", "image": "img:1"}}}
        self.lines.put(json.dumps(event).encode() + b"\n")
        return time.perf_counter()


def latency():
    arrived = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put(time.perf_counter())
            self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    events = Events()
    with FakeEngine({"/events": events.serve}) as engine:
        rules = pathlib.Path(tempfile.mkstemp(suffix=".yaml")[1])
        rules.write_text("- rule: Bench\n  desc: bench\n  condition: docker.action = top\n  output: top %container.name\n  priority: ERROR\n  source: docker\n")
        agent = Agent(engine.host, f"resources: {{every: 0s}}\nrules: {{files: [{rules}]}}\nalerts: {{sinks: [{{name: hook, type: webhook, "
                                   f"fold_for: 0s, per_minute: 0, url: 'http://127.0.0.1:{server.server_address[1]}/'}}]}}\n")
        try:
            time.sleep(2)
            synced, sent = [], []
            for _ in range(SAMPLES):
                time.sleep(random.uniform(0.02, 0.3))
                size = agent.tail_size()
                start = events.send("resize")
                while agent.tail_size() == size:
                    time.sleep(0.0005)
                synced.append(time.perf_counter() - start)
                time.sleep(random.uniform(0.02, 0.1))
                start = events.send("top")
                sent.append(arrived.get(timeout=10) - start)
            for name, values in (("event -> synced", synced), ("event -> webhook", sent)):
                print(f"{name}, {len(values)} events: p50 {percentile(values, .5):.1f} ms, p99 {percentile(values, .99):.1f} ms, most {max(values) * 1000:.1f} ms")
        finally:
            agent.stop()
            rules.unlink()
    server.shutdown()


latency()
idle()
