"""A disk that is really full, in a mount namespace of this test's own: a small ext4 in a file (a loop device), one whose blocks have no
room behind them (the loop's file is on a full tmpfs, so that writing back fails and a second sync would lie), and a small tmpfs where there
is no loop device. Nothing is acknowledged that is not on disk, the rest goes on, and it resumes by itself; a kill in between changes
nothing.

    full_disk_test.py BUILD [TEST…]"""
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import house                                # noqa: E402
from producing import Producer              # noqa: E402

INSIDE = "RS_OWN_MOUNTS"
MIB = 1 << 20
tests = []


def test(function):
    tests.append(function)
    return function


class Skipped(Exception):
    pass


# --- disks ---------------------------------------------------------------------------------------------------------------
def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=house.PATIENCE)


def mount_ext4(path, size, behind=None):
    """A file system of `size` bytes; `behind`: its file is on a tmpfs with room for so much only. (place, where its file is)"""
    place, holder = os.path.join(path, "disk"), os.path.join(path, "holder")
    os.makedirs(place)
    os.makedirs(holder)
    if behind is not None:
        run("mount", "-t", "tmpfs", "-o", f"size={behind}", "tmpfs", holder)
    image = os.path.join(holder, "image")
    with open(image, "wb") as file:
        file.truncate(size)
    run("mkfs.ext4", "-q", "-m", "0", "-b", "4096", *(["-O", "^has_journal", "-E", "lazy_itable_init=1"] if behind else []), image)
    mounted = run("mount", "-o", "loop" + (",errors=continue" if behind else ""), image, place, check=False)
    if mounted.returncode != 0:
        raise Skipped(f"no loop device: {mounted.stderr.strip()}")
    if behind is not None:
        one_page_a_request(place)
    return place, holder


def one_page_a_request(place):
    """The loop driver calls a request that found room for a part of it a success, which no sync can know: so each is one page, all or
    nothing."""
    device = run("findmnt", "-n", "-o", "SOURCE", place).stdout.strip()
    limit = f"/sys/block/{os.path.basename(device)}/queue/max_sectors_kb"
    try:
        with open(limit, "w", encoding="ascii") as file:
            file.write("4")
    except OSError as why:
        raise Skipped(f"{limit}: {why}") from why


def mount_tmpfs(path, size):
    place = os.path.join(path, "memory")
    os.makedirs(place)
    run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place)
    return place


def fill(place, leave):
    """A file that leaves so many bytes."""
    about = os.statvfs(place)
    with open(os.path.join(place, "filler"), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, about.f_bavail * about.f_frsize - leave)


# --- the daemon ------------------------------------------------------------------------------------------------------------
class OnDisk(house.Daemon):
    def __init__(self, path, journal, forced=False):
        self.journal = journal
        super().__init__(path, extra=f"journal: {{directory: {journal}, segment_bytes: 1MiB, max_bytes: 1GiB, snapshot_every: 1d, "
                         f"any_file_system: {str(forced).lower()}}}\nweb: {{listen: '127.0.0.1:0'}}\n", clock="wall")

    def get(self, what):
        port = re.findall(r"listening for HTTP address=127\.0\.0\.1:(\d+)", self.output())[-1]
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=house.PATIENCE)
        connection.request("GET", what)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def metric(self, name):
        return float(re.search(rf"^{name} (.*)$", self.get("/metrics")[1], re.M).group(1))

    def kill_now(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def again(self):
        os.rename(self.log, self.log + f".{time.time_ns()}")
        self.start()

    def refusal(self):
        result = subprocess.run([os.path.join(house.BUILD, "ringsided"), "--config", self.config], capture_output=True,
                                text=True, timeout=house.PATIENCE)
        return result.returncode, result.stderr

    def numbers(self):
        out = house.ringside("journal", "dump", "--folder", self.journal).stdout
        return [record["batch_number"] for record in map(json.loads, out.splitlines()) if record["kind"] == "event"]


def send_until_refused(producer):
    """Until the daemon says that it cannot."""
    for _ in range(5000):
        producer.send(200)
        producer.take(0.02)
        if "unavailable" in producer.errors:
            return producer.acknowledged
        if producer.next - producer.acknowledged > 20000:
            producer.take(0.5)
    raise AssertionError("the disk never became full")


def is_exact(daemon, acknowledged):
    numbers = daemon.numbers()
    house.check(numbers == list(range(1, len(numbers) + 1)), "an event is missing or there twice")
    house.check(len(numbers) >= acknowledged, f"{acknowledged} were acknowledged, {len(numbers)} are there")
    result = house.ringside("journal", "verify", "--folder", daemon.journal, check_status=False)
    house.check(result.returncode == 0, result.stdout)


def it_says_so_and_lives(daemon, acknowledged, producer):
    house.wait_for(lambda: daemon.metric("ringside_journal_failing") == 1)
    status, why = daemon.get("/readyz")
    house.check(status == 503 and "events cannot be written to disk" in why, f"{status} {why}")
    house.check(daemon.said("the journal cannot be written"), daemon.output())
    producer.take(0.5)
    house.check(producer.acknowledged == acknowledged or daemon.metric("ringside_journal_failing") == 0, "acknowledged without a disk")
    house.check(producer.hello() >= acknowledged, "the mark went back")


def resumes(daemon, producer):
    house.wait_for(lambda: daemon.get("/readyz")[0] == 200)
    producer.errors.clear()
    producer.acknowledged = producer.hello()
    producer.next = producer.acknowledged + 1
    producer.send(500)
    producer.wait_acknowledged(producer.next - 1)


def full_and_free_again(path, daemon, free):
    producer = Producer(daemon)
    acknowledged = send_until_refused(producer)
    house.check(acknowledged > 1000, f"only {acknowledged} were taken")
    it_says_so_and_lives(daemon, acknowledged, producer)
    free()
    resumes(daemon, producer)
    producer.close()
    daemon.kill_now()
    is_exact(daemon, producer.acknowledged)
    print(f"  {acknowledged} events until it was full, {producer.acknowledged} in all")


@test
def a_full_disk_refuses_and_goes_on_when_there_is_room(path):
    place, _ = mount_ext4(path, 96 * MIB)
    fill(place, 12 * MIB)
    daemon = OnDisk(path, os.path.join(place, "journal"))
    try:
        full_and_free_again(path, daemon, lambda: os.unlink(os.path.join(place, "filler")))
    finally:
        daemon.kill()


@test
def killed_on_a_full_disk_it_is_one_clear_line_or_a_start_and_nothing_is_lost(path):
    place, _ = mount_ext4(path, 96 * MIB)
    fill(place, 10 * MIB)
    daemon = OnDisk(path, os.path.join(place, "journal"))
    try:
        producer = Producer(daemon)
        acknowledged = send_until_refused(producer)
        daemon.kill_now()
        producer.close()
        is_exact(daemon, acknowledged)
        status, said = daemon.refusal()
        house.check(status == 1 and "No space left on device" in said and daemon.journal in said, f"{status}: {said}")
        os.unlink(os.path.join(place, "filler"))
        daemon.again()
        producer = Producer(daemon)
        house.check(producer.mark >= acknowledged, f"WELCOME {producer.mark} after ACK {acknowledged}")
        resumes(daemon, producer)
        producer.close()
        daemon.kill_now()
        is_exact(daemon, producer.acknowledged)
    finally:
        daemon.kill()


@test
def a_disk_whose_blocks_cannot_be_written_back_is_believed(path):
    """The file system has room, what is behind it has not: sync fails, once, and would then say that all is well."""
    place, holder = mount_ext4(path, 256 * MIB, behind=24 * MIB)
    daemon = OnDisk(path, os.path.join(place, "journal"))
    try:
        producer = Producer(daemon)
        acknowledged = send_until_refused(producer)
        it_says_so_and_lives(daemon, acknowledged, producer)
        run("mount", "-o", f"remount,size={300 * MIB}", holder)
        resumes(daemon, producer)
        producer.close()
        daemon.kill_now()
        # What the kernel only remembers is forgotten: what is read now comes from the disk.
        run("umount", place)
        run("mount", "-o", "loop", os.path.join(holder, "image"), place)
        is_exact(daemon, producer.acknowledged)
        print(f"  {acknowledged} events until the first sync failed, {producer.acknowledged} in all")
    finally:
        daemon.kill()


@test
def a_full_tmpfs_is_the_same_for_whoever_has_no_loop_device(path):
    place = mount_tmpfs(path, 16 * MIB)
    daemon = OnDisk(path, os.path.join(place, "journal"), forced=True)
    try:
        full_and_free_again(path, daemon, lambda: run("mount", "-o", f"remount,size={64 * MIB}", place))
    finally:
        daemon.kill()


@test
def folders_that_cannot_be_written_are_one_clear_line(path):
    place = mount_tmpfs(path, 64 * MIB)
    daemon = OnDisk(path, os.path.join(place, "journal"), forced=True)
    try:
        daemon.stop()
        run("mount", "-o", "remount,ro", place)
        status, said = daemon.refusal()
        house.check(status == 1 and "Read-only file system" in said and place in said, f"{status}: {said}")
        run("mount", "-o", "remount,rw", place)
        daemon.again()
        daemon.stop()
        run("umount", place)
        os.rmdir(place)
        status, said = daemon.refusal()
        house.check(status == 1 and "No such file or directory" in said and daemon.journal in said, f"{status}: {said}")
    finally:
        daemon.kill()


def main():
    if os.geteuid() != 0:
        print("skipped: only root can mount")
        return 77
    if INSIDE not in os.environ:
        inside = run("unshare", "-m", "--propagation", "private", "true", check=False)
        if inside.returncode != 0:
            print(f"skipped: no mount namespace of its own: {inside.stderr.strip()}")
            return 77
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])
    failed = skipped = 0
    for one in tests:
        if sys.argv[2:] and not any(name in one.__name__ for name in sys.argv[2:]):
            continue
        began = time.monotonic()
        try:
            with house.folder() as path:
                try:
                    one(path)
                finally:
                    for name in ("disk", "holder", "memory"):
                        run("umount", "-l", os.path.join(path, name), check=False)
            print(f"ok {one.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Skipped as why:
            skipped += 1
            print(f"skipped {one.__name__}: {why}", flush=True)
        except Exception as error:   # pylint: disable=broad-except
            failed += 1
            print(f"FAILED {one.__name__}: {error!r}"[:3000], flush=True)
    print(f"{failed} failed, {skipped} skipped ({house.checks} checks)")
    return 1 if failed else 0


sys.exit(main())
