#!/usr/bin/env python3
"""Time, memory and processes of a whole audit: `sudo bench/audit.py [CONTAINERS] [RUNS]`, 50 and 20 by default.

Starts a Docker daemon and containers of its own, and prints, from one run:
  plimsoll   wall time (median, range) and processor time of RUNS audits, peak memory, processes started
  floor      the same number of API requests over one kept-alive connection by a client that only reads the bytes
  peer       the method of docker-bench-security: the same `docker` command line starts per container and check. A sample of
             containers is measured and extrapolated; the page says so beside the figure.
"""
import http.client
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
os.environ.setdefault("PLIMSOLL", str(ROOT / "build" / "release" / "plimsoll"))
sys.dont_write_bytecode = True

from support import IMAGE, PLIMSOLL, Docker, run  # noqa: E402  (the path above comes first)

# `docker` starts of the peer for one container more, and for a host without any (research: 1943 starts with 50 containers, 81 with one).
PEER_PER_CONTAINER = 38
PEER_FIXED = 43
PEER_SAMPLE = 5


def timed(command, output=subprocess.DEVNULL):
    """(wall seconds, processor seconds, peak KiB, exit code) of a child and of what it started."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, process.returncode


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def floor(path, with_logs):
    """Seconds for the audit's own requests, one after the other over one connection; also their number and bytes."""
    start = time.perf_counter()
    connection = UnixConnection(path)
    count = size = 0

    def get(target):
        nonlocal count, size
        connection.request("GET", target)
        body = connection.getresponse().read()
        count, size = count + 1, size + len(body)
        return body
    import json
    for target in ("/version", "/info", "/networks", "/volumes"):
        get(target)
    for image in json.loads(get("/images/json")):
        get(f"/images/{image['Id']}/json")
        get(f"/images/{image['Id']}/history")
    for container in json.loads(get("/containers/json?all=1")):
        get(f"/containers/{container['Id']}/json")
        if with_logs:
            get(f"/containers/{container['Id']}/logs?stdout=1&stderr=1&tail=200")
    connection.close()
    return time.perf_counter() - start, count, size


def peer(host, names):
    """Seconds of the peer's command line starts for the containers named: mostly `docker inspect`, some `docker port` and `docker exec`."""
    start = time.perf_counter()
    for name in names:
        for n in range(PEER_PER_CONTAINER):
            words = ["port", name] if n < 3 else ["exec", name, "true"] if n == 3 else ["inspect", "--format", "{{ .HostConfig.Privileged }}", name]
            subprocess.run(["docker", "--host", host, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def show(name, seconds):
    low, high, middle = min(seconds) * 1e3, max(seconds) * 1e3, statistics.median(seconds) * 1e3
    print(f"{name:10} {middle:8.1f} ms   ({low:.1f} to {high:.1f}, {len(seconds)} runs)")
    return middle


def main():
    containers = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    engine = Docker()
    try:
        engine.make_image()
        for n in range(containers):
            engine.docker("run", "--detach", "--name", f"bench-{n}", "--network", "none", IMAGE, "/bin/sleep", "86400")
        command = [*engine.within, PLIMSOLL, "audit", "--host", engine.host, "--json"]
        timed(command)  # once for the page cache
        audits, floors, floors_without = [], [], []
        for _ in range(runs):  # alternating, so that both see the same load
            audits.append(timed(command))
            assert audits[-1][3] in (0, 1), f"plimsoll exited with {audits[-1][3]}"
            floors.append(floor(engine.host.removeprefix("unix://"), True))
            floors_without.append(floor(engine.host.removeprefix("unix://"), False))
        print(f"{containers} containers, {runs} runs, load {os.getloadavg()[0]:.1f}")
        middle = show("plimsoll", [a[0] for a in audits])
        print(f"{'':10} {statistics.median(a[1] for a in audits) * 1e3:8.1f} ms of processor time; peak memory {max(a[2] for a in audits) / 1024:.1f} MiB")
        without = show("  no logs", [timed([*command, "--log-lines", "0"])[0] for _ in range(runs)])
        show("floor", [f[0] for f in floors])
        print(f"{'':10} {floors[0][1]} requests, {floors[0][2] / 1e3:.0f} kB")
        show("  no logs", [f[0] for f in floors_without])
        with tempfile.NamedTemporaryFile() as trace:
            run(*engine.within, "strace", "-f", "-qq", "-o", trace.name, "-e", "trace=execve,fork,vfork,clone,clone3", *command[len(engine.within):], check=False)
            lines = pathlib.Path(trace.name).read_text(errors="replace").splitlines()
        started = sum("execve(" in line for line in lines) - 1 + sum("clone" in line and "CLONE_THREAD" not in line for line in lines)
        print(f"{'':10} {started} processes started")
        sample = min(PEER_SAMPLE, containers)
        if sample:
            each = peer(engine.host, [f"bench-{n}" for n in range(sample)]) / (sample * PEER_PER_CONTAINER)
            starts = PEER_FIXED + containers * PEER_PER_CONTAINER
            print(f"peer       {each * starts:8.1f} s    (extrapolated: {starts} starts of the docker command line, {each * 1e3:.1f} ms each, measured on "
                  f"{sample * PEER_PER_CONTAINER})")
            print(f"ratio      {each * starts * 1e3 / middle:8.0f}      (without logs, which the peer does not read either: {each * starts * 1e3 / without:.0f})")
    finally:
        engine.stop()


if __name__ == "__main__":
    main()
