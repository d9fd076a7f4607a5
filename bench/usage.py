#!/usr/bin/env python3
"""sudo bench/usage.py [CONTAINERS]: starts containers (30 by default) on the machine's Docker engine, measures them by build/release/usage_bench,
removes them. Needs an image with a shell: PLIMSOLL_BENCH_IMAGE, else one is made of the machine's busybox."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = os.environ.get("PLIMSOLL_USAGE_BENCH", str(ROOT / "build" / "release" / "usage_bench"))
IMAGE = os.environ.get("PLIMSOLL_BENCH_IMAGE", "plimsoll-bench:1.0")


def docker(*words, **options):
    return subprocess.run(["docker", *words], check=True, capture_output=True, **options).stdout.decode()


def make_image():
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        (tree / "bin").mkdir()
        busybox = subprocess.run(["which", "busybox"], check=True, capture_output=True).stdout.decode().strip()
        (tree / "bin" / "busybox").write_bytes(pathlib.Path(busybox).read_bytes())
        (tree / "bin" / "busybox").chmod(0o755)
        (tree / "bin" / "sleep").symlink_to("busybox")
        archive = subprocess.run(["tar", "-C", folder, "-c", "."], check=True, capture_output=True).stdout
        docker("import", "-", IMAGE, input=archive)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    made_image = "PLIMSOLL_BENCH_IMAGE" not in os.environ
    if made_image:
        make_image()
    ids = []
    try:
        for _ in range(count):
            ids.append(docker("run", "--detach", "--memory", "64m", "--pids-limit", "50", IMAGE, "sleep", "100000").strip())
        print(f"{count} containers of this script; every container that runs is measured", flush=True)
        subprocess.run([BENCH, "--benchmark_min_time=0.5"], check=True)
    finally:
        if ids:
            docker("rm", "--force", *ids)
        if made_image:
            docker("rmi", IMAGE)


if __name__ == "__main__":
    main()
