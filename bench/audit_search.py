#!/usr/bin/env python3
"""bench/audit_search.py [GIGABYTES]: searches audit logs of that size (1 by default), RAW and ENRICHED, by plimsoll beside ausearch,
aureport, grep, ripgrep and wc in the same run. The logs are made of the samples in ../shared/data/audit, each round later and with serials of
its own; what is searched for stands in one round of 200. They lie in a temporary folder (TMPDIR) that is removed at the end."""
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
PLIMSOLL = os.environ.get("PLIMSOLL", str(ROOT / "build" / "plimsoll"))
HEADER = re.compile(rb"audit\((\d+)\.(\d+):(\d+)\)")
RARE = 200
ROUND_SECONDS = 60


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


def run(command, environment=None):
    """Seconds on the clock, seconds of CPU, peak memory in MB, lines of output."""
    best = None
    for _ in range(3):
        with tempfile.TemporaryFile() as out:
            start = time.monotonic()
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            took = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu = usage.ru_utime + usage.ru_stime
            if process.returncode < 0:
                return None
            if best is None or cpu < best[1]:
                best = (took, cpu, usage.ru_maxrss / 1024, out.tell())
        if best[0] > 20:
            break
    return best


def show(name, size, result, base=None):
    if result is None:
        print(f"  {name:44} failed", flush=True)
        return
    took, cpu, memory, _ = result
    ratio = f"{base[1] / cpu:7.1f} times" if base else ""
    print(f"  {name:44} {took * 1000:9.1f} ms  {cpu * 1000:9.1f} ms CPU  {size / cpu / 1e6:8.0f} MB/s  {memory:6.0f} MB {ratio}", flush=True)


def clock(seconds):
    return time.strftime("%m/%d/%y", time.gmtime(seconds)), time.strftime("%H:%M:%S", time.gmtime(seconds))


def compare(title, path, size, options, tool="ausearch", ours="search", every=()):
    print(f" {title}: {' '.join(options)}")
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    theirs = run([tool, "-if", path, *options], environment) if shutil.which(tool) else None
    if theirs:
        show(tool, size, theirs)
    one = run([PLIMSOLL, "auditd", ours, "-if", path, *options, "--threads", "1"], environment)
    show(f"plimsoll auditd {ours}, one thread", size, one, theirs)
    many = run([PLIMSOLL, "auditd", ours, "-if", path, *options], environment)
    show(f"plimsoll auditd {ours}", size, many, theirs)
    for command in every:
        if shutil.which(command[0]):
            show(" ".join(command), size, run([*command, path]))


def main():
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 1) * 1e9)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder:
        for kind in ("raw", "enriched"):
            path = os.path.join(folder, kind + ".log")
            middle = make_log(path, f"sample-seq-{kind}.log", size)
            made = os.path.getsize(path)
            print(f"{kind}: {made / 1e9:.2f} GB", flush=True)
            for command in (["wc", "-l"], ["grep", "-F", "-c", 'key="docker-sock"'], ["rg", "-j1", "-F", "-c", 'key="docker-sock"']):
                if shutil.which(command[0]):
                    show(" ".join(command), made, run([*command, path], {**os.environ, "LC_ALL": "C"}))
            compare("by key", path, made, ["-k", "docker-sock", "--raw"])
            compare("by key, no match", path, made, ["-k", "nowhere", "--raw"])
            compare("by login user", path, made, ["-ul", "4242", "--raw"])
            compare("by file", path, made, ["-f", "docker.sock", "--raw"])
            compare("one minute", path, made, ["-ts", *clock(middle), "-te", *clock(middle + 59), "--raw"])
            compare("by result, many match", path, made, ["-sv", "no", "--raw"])
            compare("all, interpreted", path, made, ["-i"])
            compare("all, csv", path, made, ["--format", "csv"])
            compare("overview", path, made, [], "aureport", "summary")
            compare("keys", path, made, ["-k", "--summary"], "aureport", "summary")
            os.remove(path)


if __name__ == "__main__":
    main()
