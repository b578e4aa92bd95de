"""What the replay tests share: running `ringside replay` and comparing figures with a truth."""
import json
import os
import pathlib
import subprocess
import sys

SKIP = 77
SOURCE = pathlib.Path(os.environ.get("RS_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))


def shared_folder():
    """The folder of data that is not part of the project: RS_SHARED, else `shared` beside the source folder."""
    return pathlib.Path(os.environ.get("RS_SHARED", SOURCE.parent / "shared"))


def skip_without(path):
    if not path.exists():
        print(f"skipped: {path} is not there (set RS_SHARED to the folder that has fixtures/)")
        sys.exit(SKIP)


class Truth:
    """Counts comparisons and remembers those that failed."""

    def __init__(self, build):
        self.program = pathlib.Path(build) / "ringside"
        self.compared = 0
        self.failures = []

    def rows(self, path, *options):
        command = [str(self.program), "replay", "--output", "ndjson", *options, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            print(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
            sys.exit(1)
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def equal(self, what, figure, truth):
        self.compared += 1
        if figure != truth:
            self.failures.append(f"{what}: {figure}, should be {truth}")

    def near(self, what, figure, truth, relative=0.0, absolute=0.0):
        """Within `relative` of the truth, or within `absolute`; None must be None."""
        self.compared += 1
        if figure is None or truth is None:
            if figure is not truth:
                self.failures.append(f"{what}: {figure}, should be {truth}")
        elif abs(figure - truth) > max(relative * abs(truth), absolute) + 1e-9:
            self.failures.append(f"{what}: {figure}, should be {truth}")

    def finish(self):
        for failure in self.failures[:60]:
            print(f"  {failure}")
        if not self.compared:
            print("nothing was compared")
        print(f"{self.compared - len(self.failures)} of {self.compared} figures agree")
        sys.exit(1 if self.failures or not self.compared else 0)


def only(rows, **dimensions):
    """The one row with these dimensions."""
    found = [row for row in rows if all(row[name] == value for name, value in dimensions.items())]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} rows with {dimensions}")
    return found[0]
