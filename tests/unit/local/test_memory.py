"""What a process has freed does not stay its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# One block of fifty stays: what lies between them is free, and none of it at the end of the heap.
_FREES = """
from pathlib import Path
from mtf_adapters.local import give_memory_back

def resident_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if "VmRSS" in line).split()[1]) / 1024

blocks = [bytes([1]) * 4000 for _ in range(20_000)]
kept = blocks[::50]
del blocks
before = resident_mb()
give_memory_back()
print(before - resident_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a call for it")
def test_what_was_freed_between_what_stays_goes_back_to_the_system() -> None:
    told = subprocess.run([sys.executable, "-c", _FREES], capture_output=True, text=True, check=True).stdout
    assert float(told) > 50  # of nearly 80 MB
