#!/usr/bin/env python3
"""Enforces the plan of the house: which room may include which, how pure the core is, what lies where, how long lines are.

    arrows.py SOURCE [BUILD]    prints every violation as file:line: what; exits with 1 when there is one.
                                With a build folder the compiled rooms are looked at too (nm, objdump).
    arrows.py --self-test       plants violations in copies of a small good house and demands that each is found.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# A room may include itself and what stands before it in this list, ...
STACK = ["base", "config", "event", "ring", "core", "engine"]
# ... and these, which stand on top of it, never each other. main.c, its parts in service, and cli see everything.
EDGES = ["journal", "ingest", "connect", "store", "feed", "web", "client"]
# The library that other people's programs link stands on this much only.
CLIENT_MAY = {"client", "ring", "event", "base"}
SEE_ALL = {"cli", "main.c", "service"}   # service: the parts of main.c's wiring, no room

TOP_LEVEL = {"daemon", "include", "proto", "sql", "tests", "systemd", "CMakeLists.txt", "README.md", "CMakePresets.json",
             "CHANGELOG.md", "LICENSE", "build"}

# The core decides; it neither looks nor acts. These headers it may see, itself or through what it includes.
CORE_PURE_HEADERS = {"assert.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h",
                     "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h", "string.h",
                     "xxhash.h"}
CORE_IMPURE_OWN = {"base/clock.h", "base/log.h", "base/counter.h", "base/small_file.h", "base/zmq_bind.h", "base/zmq_frames.h",
                   "base/zmq_loop.h"}
# What no object of the core may call. (stdio.h is there for snprintf.)
CORE_FORBIDDEN_CALLS = re.compile(
    r"^(_?_?(v?f?printf|v?dprintf|puts|fputs|putchar|putc|fputc|perror)(_chk)?|fopen(64)?|fdopen|freopen(64)?|fclose|fread|fwrite|"
    r"fflush|fseeko?|getline|fgets|scanf|fscanf|stdin|stdout|stderr|open(at)?(64)?|creat|close|read|write|p?(read|write)v?(64)?|"
    r"unlink|rename|stat|fstat|mkdir|opendir|readdir(64)?|mmap(64)?|munmap|ioctl|fcntl(64)?|fsync|fdatasync|"
    r"socket|bind|listen|accept4?|connect|send(to|msg)?|recv(from|msg)?|poll|select|epoll_.*|getaddrinfo|"
    r"time|clock|gettimeofday|clock_.*|timespec_get|nanosleep|usleep|sleep|localtime(_r)?|gmtime(_r)?|mktime|timegm|strftime|tzset|"
    r"(secure_)?getenv|setenv|putenv|setlocale|rand|srand|random|srandom|rand_r|drand48|getrandom|getentropy|arc4random.*|"
    r"pthread_.*|thrd_.*|mtx_.*|cnd_.*|sem_.*|fork|vfork|exec.*|posix_spawn.*|system|popen|wait(pid)?|kill|raise|signal|sigaction|"
    r"syscall|futex|sched_.*|getpid|gettid|uv_.*|zmq_.*|PQ.*|rs_log_.*|rs_counter_.*|rs_zmq_.*|rs_small_file_.*|rs_sync_.*)$")

C_FILES = (".c", ".h", ".cc")
TEXT_FILES = C_FILES + (".py", ".sh", ".sql", ".md", ".proto", ".cmake", ".txt", ".json", ".conf", ".service", ".in", ".map")
NOT_OURS = ("tests/fixtures/", "tests/fuzz/corpus/")     # data, kept as they came
LONGEST_LINE = 140                                       # in characters, as .clang-format has it
MAY_BE_WIDE = (".sql", ".md", ".json")                   # queries, pages for people, dashboards
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def allowed_rooms(room):
    if room in SEE_ALL:
        return None
    if room == "client":
        return CLIENT_MAY
    if room in EDGES:
        return set(STACK) | {room}
    return set(STACK[:STACK.index(room) + 1])


def room_of(path):
    """daemon/<room>/... or daemon/main.c; None outside of the daemon."""
    parts = path.split("/")
    if parts[0] != "daemon":
        return None
    return parts[1] if len(parts) > 1 else None


class House:
    def __init__(self, root, build=None):
        self.root, self.build, self.violations = root, build, []
        self.files = sorted(self.walk())
        self.includes = {}
        for path in self.files:
            if path.startswith(("daemon/", "include/")) and path.endswith(C_FILES):
                self.includes[path] = self.read_includes(path)

    def walk(self):
        for folder, folders, names in os.walk(self.root):
            relative = os.path.relpath(folder, self.root)
            if relative == ".":
                folders[:] = [name for name in folders if not name.startswith(".git") and name != "build"]
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in names + [name + "/" for name in folders]:
                yield os.path.normpath(os.path.join(relative, name)) + ("/" if name.endswith("/") else "")

    def lines(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read().split("\n")

    def complain(self, path, line, what):
        self.violations.append(f"{path}:{line}: {what}" if line else f"{path}: {what}")

    def read_includes(self, path):
        """(line, quoted?, name, file in the house or None) of every include."""
        found = []
        for number, line in enumerate(self.lines(path), 1):
            match = INCLUDE.match(line)
            if match:
                quoted, name = match.group(1) == '"', match.group(2)
                found.append((number, quoted, name, self.resolve(path, name)))
        return found

    def resolve(self, path, name):
        for folder in (os.path.dirname(path), "daemon", "include"):
            candidate = os.path.normpath(os.path.join(folder, name))
            if candidate in self.files_set():
                return candidate
        return None

    def files_set(self):
        if not hasattr(self, "_files_set"):
            self._files_set = set(self.files)
        return self._files_set

    # --- the rules ---------------------------------------------------------------------------------------------------

    def check_top_level(self):
        for name in sorted(os.listdir(self.root)):
            if name not in TOP_LEVEL and not name.startswith("."):
                self.complain(name, 0, "is not one of the entries of the top level")
        for path in self.files:
            if path.endswith("/") and os.path.basename(path.rstrip("/")) == "sessions":
                self.complain(path, 0, "no folder of this name belongs here")

    def check_includes(self):
        known = set(STACK) | set(EDGES) | SEE_ALL
        for path, includes in self.includes.items():
            room = room_of(path)
            if room is not None and room not in known:
                self.complain(path, 0, f"'{room}' is not a room")
                continue
            for line, quoted, name, target in includes:
                self.check_include(path, room, line, quoted, name, target)

    def check_include(self, path, room, line, quoted, name, target):
        if target is None:
            if quoted:
                self.complain(path, line, f"\"{name}\" is not a file of the house (others are included with < >)")
            return
        target_room = room_of(target)
        if room is None:
            if target_room is not None:
                self.complain(path, line, f"the public header includes the daemon's {target}")
            return
        allowed = allowed_rooms(room)
        if target_room is not None and allowed is not None and target_room not in allowed:
            self.complain(path, line, f"{room} may not include {target_room} ({target})")

    def check_core_headers(self):
        for path in self.includes:
            if room_of(path) == "core":
                self.check_pure(path, path, [], set())

    def check_pure(self, path, start, trail, seen):
        seen.add(path)
        for line, _, name, target in self.includes.get(path, []):
            way = "".join(f", through {step}" for step in trail)
            if target is None:
                if name not in CORE_PURE_HEADERS:
                    self.complain(path, line, f"<{name}> is not pure, and {start} sees it{way}")
            elif target.removeprefix("daemon/") in CORE_IMPURE_OWN:
                self.complain(path, line, f"{target} is not pure, and {start} sees it{way}")
            elif target not in seen:
                self.check_pure(target, start, trail + [target], seen)

    def check_text(self):
        for path in self.files:
            if path.endswith("/") or path.startswith(NOT_OURS) or not self.is_text(path):
                continue
            for number, line in enumerate(self.lines(path), 1):
                if "\t" in line:
                    self.complain(path, number, "a tab")
                if len(line) > LONGEST_LINE and not path.endswith(MAY_BE_WIDE):
                    self.complain(path, number, f"{len(line)} columns; no line is longer than {LONGEST_LINE}")

    def is_text(self, path):
        if path.endswith(TEXT_FILES):
            return True
        if "." in os.path.basename(path) or not os.access(os.path.join(self.root, path), os.X_OK):
            return False
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read(2) == b"#!"

    # --- what was compiled -------------------------------------------------------------------------------------------

    def check_objects(self):
        for room in STACK + EDGES:
            archive = os.path.join(self.build, f"librs_{room}.a")
            if os.path.exists(archive):
                self.check_exports(room, archive)
        core = os.path.join(self.build, "librs_core.a")
        if os.path.exists(core):
            self.check_core_calls(core)
            self.check_core_state(core)

    def symbols(self, archive, *options):
        out = subprocess.run(["nm", "-A", *options, archive], capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            where, _, rest = line.rpartition(":")
            fields = rest.split()
            if len(fields) >= 2:
                yield where.split(":")[-1], fields[-2], fields[-1]

    def check_exports(self, room, archive):
        for member, kind, name in self.symbols(archive, "--extern-only", "--defined-only"):
            weak = kind in "VWuwv"     # instances of C++ templates, which every user of the header has
            if not weak and not name.startswith(("rs_", "__odr_asan", "__start_", "__stop_")):
                self.complain(f"librs_{room}.a({member})", 0, f"exports {name}, which does not begin with rs_")

    def check_core_calls(self, archive):
        for member, _, name in self.symbols(archive, "--undefined-only"):
            plain = name.split("@")[0]
            if CORE_FORBIDDEN_CALLS.match(plain):
                self.complain(f"librs_core.a({member})", 0, f"the core may not use {plain}")

    def check_core_state(self, archive):
        """The core has no variables of its own: nothing in .data or .bss. Instrumented builds put theirs there."""
        instrumented = any(re.match(r"__(asan|tsan|ubsan|gcov|sanitizer|llvm)", name)
                           for _, _, name in self.symbols(archive))
        if instrumented:
            return
        out = subprocess.run(["objdump", "-t", archive], capture_output=True, text=True, check=True).stdout
        member = ""
        for line in out.splitlines():
            header = re.match(r"^(\S+\.o):\s+file format", line)
            if header:
                member = header.group(1)
            variable = re.match(r"^[0-9a-f]+ .{7} (\.t?data|\.t?bss|\*COM\*)(?!\.rel\.ro)(\.\S+)?\s+[0-9a-f]+\s+(\S+)$", line)
            if variable and not variable.group(3).startswith("."):
                self.complain(f"librs_core.a({member})", 0, f"the core keeps state in {variable.group(3)}")

    def check(self):
        self.check_top_level()
        self.check_includes()
        self.check_core_headers()
        self.check_text()
        if self.build:
            self.check_objects()
        return self.violations


# --- self-test ------------------------------------------------------------------------------------------------------------

GOOD_HOUSE = {
    "README.md": "a house " * 30 + "\n", "CMakeLists.txt": "", ".gitignore": "build/\n",
    "include/ringside/event.h": "#include <stdint.h>\n",
    "daemon/base/base.h": "#include <ringside/event.h>\n#include <string.h>\n",
    "daemon/base/log.h": '#include "base/base.h"\n#include <stdio.h>\n',
    "daemon/config/config.h": '#include "base/base.h"\n' + "/* " + "…" * (LONGEST_LINE - 6) + " */\n",
    "daemon/event/event.h": '#include "base/base.h"\n',
    "daemon/ring/ring.c": '#include "ring/ring.h"\n#include <unistd.h>\n',
    "daemon/ring/ring.h": '#include "base/base.h"\n',
    "daemon/core/core.h": '#include "event/event.h"\n#include <stdlib.h>\n',
    "daemon/core/core.c": '#include "core/core.h"\n#include "core/deep/deep.h"\n'
                          "int rs_core_add(int n) { static const int one = 1; return n + one; }\n",
    "daemon/core/deep/deep.h": '#include "core/core.h"\n',
    "daemon/engine/engine.h": "",
    "daemon/engine/engine.c": '#include "core/core.h"\n#include <pthread.h>\n',
    "daemon/feed/feed.h": '#include "core/core.h"\n',
    "daemon/store/store.c": '#include "store/store.h"\n#include "core/core.h"\n',
    "daemon/store/store.h": '#include "base/base.h"\n',
    "daemon/client/client.c": '#include "event/event.h"\n',
    "daemon/main.c": '#include "store/store.h"\n#include "feed/feed.h"\n',
    "daemon/cli/main.c": '#include "core/core.h"\n#include "client/client.h"\n', "daemon/client/client.h": "",
    "tests/fixtures/log": "a\ttab in data\n" + "x" * (LONGEST_LINE + 1) + "\n",
}
# name of the planted violation: file, text that is put before what is there, part of the complaint
PLANTED = {
    "a room includes one below it": ("daemon/event/event.h", '#include "core/core.h"\n', "event may not include core"),
    "an edge includes another edge": ("daemon/store/store.c", '#include "feed/feed.h"\n', "store may not include feed"),
    "the client includes the core": ("daemon/client/client.c", '#include "core/core.h"\n', "client may not include core"),
    "the core includes the engine": ("daemon/core/deep/deep.h", '#include "engine/engine.h"\n', "core may not include engine"),
    "a public header includes a room": ("include/ringside/event.h", '#include "base/log.h"\n', "public header"),
    "a path that leaves the room": ("daemon/core/core.c", '#include "../store/store.h"\n', "core may not include store"),
    "the core sees a clock": ("daemon/core/core.c", "#include <time.h>\n", "<time.h> is not pure"),
    "the core sees threads through another room": ("daemon/event/event.h", "#include <pthread.h>\n", "<pthread.h> is not pure"),
    "the core sees a socket with odd spacing": ("daemon/core/core.c", "  #  include  <sys/socket.h>\n", "<sys/socket.h>"),
    "the core logs": ("daemon/core/core.c", '#include "base/log.h"\n', "base/log.h is not pure"),
    "an unknown header": ("daemon/base/base.h", '#include "base/nothing.h"\n', "not a file of the house"),
    "an unknown room": ("daemon/attic/box.c", "int rs_box;\n", "'attic' is not a room"),
    "an entry of the top level": ("notes.txt", "x\n", "top level"),
    "a folder called sessions": ("tests/sessions/x", "x\n", "no folder of this name"),
    "a tab in a source": ("daemon/base/base.h", "\tint rs_x;\n", "a tab"),
    "a tab in a script": ("tests/run", "#!/bin/sh\n\ttrue\n", "a tab"),
    "a line that is too long": ("daemon/base/base.h", "/* " + "…" * (LONGEST_LINE - 5) + " */\n", "daemon/base/base.h:1: 141 columns"),
    "a line of a script that is too long": ("tests/run", "#!/bin/sh\n" + "#" * 200 + "\n", "tests/run:2: 200 columns"),
    "the core asks for the time": ("daemon/core/core.c", "long time(long *); long rs_core_now(void) { return time(0); }\n",
                                   "may not use time"),
    "the core keeps state": ("daemon/core/core.c", "static int hidden; int rs_core_next(void) { return ++hidden; }\n",
                             "keeps state in hidden"),
    "the core keeps state that began with a value": ("daemon/core/core.c",
                                                     "static int kept = 7; int rs_core_next(void) { return ++kept; }\n",
                                                     "keeps state in kept"),
    "a name without rs_": ("daemon/core/core.c", "int wrong_name(void) { return 1; }\n", "exports wrong_name"),
}


def build_house(folder, files):
    for path, text in files.items():
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
        if text.startswith("#!"):
            os.chmod(target, 0o755)


def compile_core(root):
    """The core of the small house, without its includes, as a build folder would have it."""
    build = os.path.join(root, "build")
    os.makedirs(build, exist_ok=True)
    with open(os.path.join(root, "daemon/core/core.c"), encoding="utf-8") as file:
        code = "".join(line for line in file if not INCLUDE.match(line))
    source, thing = os.path.join(build, "core.c"), os.path.join(build, "core.o")
    with open(source, "w", encoding="utf-8") as file:
        file.write(code)
    subprocess.run(["cc", "-fPIC", "-c", source, "-o", thing], check=True)
    subprocess.run(["ar", "rcs", os.path.join(build, "librs_core.a"), thing], check=True)
    return build


def found_in(files):
    root = tempfile.mkdtemp(prefix="ringside-arrows-")
    try:
        build_house(root, files)
        return House(root, compile_core(root)).check()
    finally:
        shutil.rmtree(root)


def self_test():
    failures = []
    good = found_in(GOOD_HOUSE)
    if good:
        failures.append(f"the good house is blamed: {good}")
    for name, (path, text, complaint) in PLANTED.items():
        found = found_in({**GOOD_HOUSE, path: text + GOOD_HOUSE.get(path, "")})
        if not any(complaint in violation for violation in found):
            failures.append(f"{name}: not found; said {found}")
    print("\n".join(failures) if failures else f"{len(PLANTED)} planted violations, all found")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    violations = House(*arguments).check()
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
