"""What failing_disk.so shall do to a program's files below a folder, while the program runs."""
import mmap
import os
import struct

import house

PLACES = {"sync_errors": 0, "sync_delay_ms": 4, "write_errors": 8, "is_full": 12, "is_read_only": 16}
DONE = {"syncs": 20, "failed_syncs": 24, "refused": 28}
ALWAYS = (1 << 31) - 1


class FailingDisk:
    def __init__(self, path, folder):
        """`path`: where the file for the wishes may be; `folder`: whose files are touched."""
        control = os.path.join(path, "faults")
        with open(control, "wb") as file:
            file.write(bytes(4096))
        with open(control, "r+b") as file:
            self.control = mmap.mmap(file.fileno(), 4096)
        self.environment = {"RS_FAULT_CONTROL": control, "RS_FAULT_FOLDER": os.path.join(os.path.realpath(path), folder),
                            "LD_PRELOAD": os.path.join(house.BUILD, "failing_disk.so"),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def set(self, name, number):
        place = PLACES[name]
        self.control[place:place + 4] = struct.pack("=I", number)

    def clear(self):
        for name in PLACES:
            self.set(name, 0)

    def done(self, name):
        return struct.unpack("=I", self.control[DONE[name]:DONE[name] + 4])[0]
