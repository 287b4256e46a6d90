"""Times recorded against unrecorded runs, paired in one process, and prints the ratios: `python -m tests.benchmarks`.

Arguments pick works by a part of their name; `--profile` prints where the recorder's time goes.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import sys
import time
from pathlib import Path

from tests.benchmarks import work as programs
from tests.benchmarks.work import WORKS, Work
from tutor.kernel.record import Recorder
from tutor.protocol import TraceEvent

ROUNDS = 7


def seconds(work: Work) -> float:
    """Processor time: what other processes do meanwhile does not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def recorded(work: Work) -> tuple[float, int]:
    """Seconds, and how many events were told. Events go nowhere, as the kernel's go to the window."""
    events = 0

    def count(event: TraceEvent) -> None:
        nonlocal events
        events += 1

    recorder = Recorder(count)
    recorder.add_source(Path(programs.__file__).read_text(), path=None, cell=None, filename=programs.__file__)
    with recorder:
        taken = seconds(work)
    if recorder.fault is not None:
        raise RuntimeError(recorder.fault)
    return taken, events


def compare(name: str, work: Work) -> None:
    seconds(work)
    pairs = [(seconds(work), *recorded(work)) for _ in range(ROUNDS)]
    ratios = sorted(with_it / without for without, with_it, _ in pairs)
    plain = statistics.median(pair[0] for pair in pairs)
    sys.stdout.write(
        f"{name:32} {plain * 1000:9.1f} ms unrecorded   recorded {statistics.median(ratios):5.2f}× "
        f"({ratios[0]:.2f}–{ratios[-1]:.2f})   {pairs[0][2]:7} events\n"
    )


def profile(name: str, work: Work) -> None:
    seconds(work)
    profiler = cProfile.Profile()
    profiler.runcall(recorded, work)
    sys.stdout.write(f"== {name}\n")
    pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(25)


def main() -> None:
    wanted = [argument.lower() for argument in sys.argv[1:] if not argument.startswith("--")]
    for name, make in WORKS.items():
        if not wanted or any(word in name.lower() for word in wanted):
            (profile if "--profile" in sys.argv else compare)(name, make())


if __name__ == "__main__":
    main()
