"""How long a large library takes, in one run: python tests/benchmarks/library.py [--personas 500] [--runs 7]

- loading the persona files from nothing, and checking them as 'fineline personas check' does; together at most 5 s for 500
- a warm start (settings aside: opening the library and listing it) with the whole shipped library against one persona, each in
  a process of its own; at most 30 ms more. The two take turns, so that a machine that slows down slows both. Medians count
- how long 'fineline personas try' needs from a save to the new persona, without the wait of its glance; at most 300 ms with it

The personas of the first are taken twice: as 'fineline personas new' begins them (some 6 kB), and as the shipped ones are (some
60 kB of lines), over and over, each under an id of its own. The second is left out with --small.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from simulator.authoring.check import check_paths
from simulator.authoring.library import Folder, Library, shipped_folders
from simulator.authoring.scaffold import PersonaIdea, persona_text
from simulator.tui.screens.trying import LOOK_EVERY_S
from simulator.tui.watching import WatchedFile

START = """
import sys, time
from pathlib import Path
from simulator.authoring.library import Folder, Library
begun = time.perf_counter()
library = Library([Folder(Path(each), "settings") for each in sys.argv[2:]], Path(sys.argv[1]))
assert library.summaries() and library.catalogue
print((time.perf_counter() - begun) * 1000)
"""


def start_ms(cache: Path, folders: list[Path]) -> float:
    """Return the milliseconds that opening and listing a library takes in a fresh process."""
    command = [sys.executable, "-c", START, str(cache), *map(str, folders)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def load_and_check(title: str, folder: Path, rubrics: Path) -> None:
    """Print how long the personas of a folder take."""
    size = sum(each.stat().st_size for each in folder.iterdir()) / 1e6
    library = Library([Folder(rubrics, "shipped"), Folder(folder, "settings")])
    begun, used = time.perf_counter(), time.process_time()
    found = len(library.personas)
    loading, loading_cpu = time.perf_counter() - begun, time.process_time() - used
    begun = time.perf_counter()
    report = check_paths([folder], known=library.catalogue, kinds=["persona"], workers=min(os.cpu_count() or 1, 8))
    checking = time.perf_counter() - begun
    print(f"{title}: {found} personas, {size:.1f} MB: loading {loading:.2f} s ({loading_cpu:.2f} s of one core), ", end="")
    print(f"checking {checking:.2f} s ({report.errors} errors), both {loading + checking:.2f} s (at most 5 for 500)")


def multiply(folder: Path, count: int, sources: list[Path]) -> None:
    """Write ``count`` personas into a folder."""
    folder.mkdir()
    texts = [each.read_text(encoding="utf-8") for each in sources]
    for number in range(count):
        source = sources[number % len(sources)]
        text = texts[number % len(sources)].replace(f"\nid: {source.stem}\n", f"\nid: {source.stem}-{number}\n", 1)
        (folder / f"{source.stem}-{number}.yaml").write_text(text, encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--personas", type=int, default=500)
    parser.add_argument("--small", action="store_true", help="only personas as they are begun")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    personas, rubrics = (each.path for each in shipped_folders())
    usable = {entry.path for entry in Library(shipped_folders()).personas.values()}
    sources = sorted(usable)
    with tempfile.TemporaryDirectory() as scratch:
        small, many, one, cache, seeds = (Path(scratch) / name for name in ("small", "many", "one", "cache", "seeds"))
        seeds.mkdir()
        (seeds / "begun.yaml").write_text(persona_text(PersonaIdea("begun")), encoding="utf-8")
        multiply(small, options.personas, [seeds / "begun.yaml"])
        load_and_check("as begun", small, rubrics)
        if not options.small:
            multiply(many, options.personas, sources)
            load_and_check("as shipped", many, rubrics)

        one.mkdir()
        shutil.copy(sources[0], one)
        whole_ms: list[float] = []
        one_ms: list[float] = []
        for count in range(options.runs + 1):
            times = start_ms(cache, [rubrics, personas]), start_ms(cache, [rubrics, one])
            if count:  # the first round fills the cache
                whole_ms.append(times[0])
                one_ms.append(times[1])
        whole, single = statistics.median(whole_ms), statistics.median(one_ms)
        print(
            f"warm start, whole library / one persona: {whole:.0f} ms / {single:.0f} ms, {whole - single:+.0f} ms (at most +30)"
        )

        file = WatchedFile(one / sources[0].name, "persona", Library(shipped_folders()).behaviour_ids)
        looks = []
        for _ in range(options.runs):
            begun = time.perf_counter()
            assert file.look().value is not None
            looks.append((time.perf_counter() - begun) * 1000)
        look = statistics.median(looks)
        print(f"reading a saved persona: {look:.0f} ms, {look + LOOK_EVERY_S * 1000:.0f} ms with the wait (at most 300)")


if __name__ == "__main__":
    main()
