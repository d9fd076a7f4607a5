#!/usr/bin/env python3
"""bench/audit_search.py [GIGABYTES]: searches audit logs of that size (1 by default), RAW and ENRICHED, on one processor and on two.

Printed beside each other, from one run: the bound (`dd`, which only reads), grep -F, ripgrep and wc -l; ausearch and aureport as the peers; plimsoll
with one thread and with two. Rates are bytes by processor time, of the best of three runs; `x2` is the gain on the clock of a second thread.
The peers read a log of 30 MB made the same way: they would take minutes for the large one. What is searched for stands in one round of 200.
Answers go to /dev/null, through a pipe those of grep, which looks for one match alone where nobody reads. The logs are made of the samples in ../shared/data/audit, each round later and with serials of its own; they lie in
a temporary folder (TMPDIR) that is removed at the end."""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "audit"
PLIMSOLL = os.environ.get("PLIMSOLL", str(ROOT / "build" / "release" / "plimsoll"))
HEADER = re.compile(rb"audit\((\d+)\.(\d+):(\d+)\)")
ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
RARE = 200
ROUND_SECONDS = 60
PEER_BYTES = 30_000_000


def make_log(path, sample, size):
    """Writes `size` bytes; returns the time of the middle round, in seconds."""
    text = (DATA / sample).read_bytes()
    pieces, headers, at = [], [], 0
    for match in HEADER.finditer(text):
        pieces.append(text[at:match.start()])
        headers.append((int(match[1]), match[2], int(match[3])))
        at = match.end()
    tail = text[at:]
    # The same length, another word: what is looked for is rare.
    others = {b"docker-sock": b"docker-conf", b"auid=4242": b"auid=1234", b"docker.sock": b"docker.conf",
              b"646F636B65722E736F636B": b"646F636B65722E636F6E66"}
    common = []
    for piece in [*pieces, tail]:
        for word, other in others.items():
            piece = piece.replace(word, other)
        common.append(piece)
    rounds = -(-size // len(text))
    with open(path, "wb", buffering=1 << 22) as out:
        for number in range(rounds):
            parts = [*pieces, tail] if number % RARE == RARE // 2 else common
            line = []
            for part, (seconds, millis, serial) in zip(parts, headers):
                line.append(part)
                line.append(b"audit(%d.%b:%d)" % (seconds + number * ROUND_SECONDS, millis, serial + number * 4000))
            line.append(parts[-1])
            out.write(b"".join(line))
    return headers[0][0] + rounds // 2 * ROUND_SECONDS


class Run:
    """The best of `times` runs, of fewer when they take long: seconds on the clock and of processor time, peak memory in MB."""

    def __init__(self, command, path, times=3):
        self.size = os.path.getsize(path)
        self.clock = self.cpu = float("inf")
        self.memory = 0
        begin = time.monotonic()
        for _ in range(times):
            start = time.monotonic()
            process = subprocess.Popen(command, stdout=subprocess.PIPE if command[0] in ("grep", "rg") else subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in (0, 1):
                raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
            self.clock = min(self.clock, time.monotonic() - start)
            self.cpu = min(self.cpu, usage.ru_utime + usage.ru_stime)
            self.memory = max(self.memory, usage.ru_maxrss / 1024)
            if process.stdout:
                process.stdout.close()
            if time.monotonic() - begin > 4:
                return

    @property
    def rate(self):
        return self.size / self.cpu / 1e6


def bounds(path):
    print(f"  {'':24}{'MB/s':>8}")
    commands = [["dd", f"if={path}", "of=/dev/null", "bs=256K"], ["wc", "-l", path], ["grep", "-F", "-c", 'key="docker-sock"', path],
                ["rg", "-j1", "-F", "-c", 'key="docker-sock"', path]]
    for command in commands:
        if shutil.which(command[0]):
            print(f"  {' '.join(word for word in command if path not in word):24.24}{Run(command, path).rate:8.0f}")


def clock(seconds):
    return time.strftime("%m/%d/%y", time.gmtime(seconds)), time.strftime("%H:%M:%S", time.gmtime(seconds))


def compare(title, large, small, options, goal="", tool="ausearch", ours="search"):
    command = [PLIMSOLL, "auditd", ours, "-if", large, *options]
    one = Run([*command, "--threads", "1"], large)
    two = Run([*command, "--threads", "2"], large)
    peer = Run([tool, "-if", small, *options], small, 1) if shutil.which(tool) else None
    print(f"  {title:24}{one.rate:8.0f}{one.clock * 1000:9.1f}{one.clock / two.clock:6.2f}{max(one.memory, two.memory):7.0f}"
          + (f"{peer.rate:9.0f}{one.rate / peer.rate:8.1f}" if peer else f"{'':17}") + f"   {goal}", flush=True)


def main():
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 1) * 1e9)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors; {PLIMSOLL}")
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder:
        for kind in ("raw", "enriched"):
            large, small = (os.path.join(folder, f"{kind}-{name}.log") for name in ("large", "small"))
            middle = make_log(large, f"sample-seq-{kind}.log", size)
            make_log(small, f"sample-seq-{kind}.log", PEER_BYTES)
            print(f"\n{kind}: {os.path.getsize(large) / 1e9:.2f} GB", flush=True)
            bounds(large)
            print(f"  {'':24}{'MB/s':>8}{'ms':>9}{'x2':>6}{'MB':>7}{'peer MB/s':>9}{'ratio':>8}")
            fast = "goal 2000 MB/s, 10 times the peer"
            compare("by key", large, small, ["-k", "docker-sock", "--raw"], fast)
            compare("by key, no match", large, small, ["-k", "nowhere", "--raw"], fast)
            compare("by login user", large, small, ["-ul", "4242", "--raw"], fast)
            compare("by file", large, small, ["-f", "docker.sock", "--raw"], fast)
            compare("one minute", large, small, ["-ts", *clock(middle), "-te", *clock(middle + 59), "--raw"], "goal 20 ms")
            compare("by result, many match", large, small, ["-sv", "no", "--raw"])
            compare("all, interpreted", large, small, ["-i"], "goal 400 MB/s")
            compare("all, csv", large, small, ["--format", "csv"])
            compare("overview", large, small, [], "goal 1000 MB/s", "aureport", "summary")
            compare("keys", large, small, ["-k", "--summary"], "", "aureport", "summary")
            os.remove(large)
            os.remove(small)


if __name__ == "__main__":
    main()
