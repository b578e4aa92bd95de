#!/usr/bin/env python3
"""What `cmake --install` puts down is usable: a program finds libringside by pkg-config, links it shared and static, and every
function of the public headers is there and nothing else is shown; the unit names the installed daemon."""
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cache(name):
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
        match = re.search(rf"^{name}:\w+=(.*)$", file.read(), re.MULTILINE)
    return match.group(1) if match else ""


def public_functions():
    """Names declared at the start of a line of the public headers."""
    names = set()
    folder = os.path.join(SOURCE, "include/ringside")
    for header in sorted(os.listdir(folder)):
        with open(os.path.join(folder, header), encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
        names.update(re.findall(r"^(?!typedef|#|static)\w[\w \t*()]*?\b(rs_\w+)\([^;{]*\)[^;{]*;", text, re.MULTILINE))
    return sorted(names)


def installed(stage, name):
    found = [os.path.join(folder, name) for folder, _, names in os.walk(stage) if name in names]
    if len(found) != 1:
        raise AssertionError(f"{name} was installed {len(found)} times: {found}")
    return found[0]


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ringside-install-")
        cls.stage = os.path.join(cls.folder.name, "stage")
        run("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": cls.stage})

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def pkg_config(self, *arguments):
        place = os.path.dirname(installed(self.stage, "ringside.pc"))
        env = {**os.environ, "PKG_CONFIG_PATH": place, "PKG_CONFIG_SYSROOT_DIR": self.stage}
        return shlex.split(run("pkg-config", *arguments, "ringside", env=env))

    def compile(self, name, libraries):
        source, program = os.path.join(self.folder.name, name + ".c"), os.path.join(self.folder.name, name)
        headers = "".join(f"#include <ringside/{header}>\n"
                          for header in sorted(os.listdir(os.path.join(SOURCE, "include/ringside"))))
        uses = "".join(f"    (void (*)(void)){function},\n" for function in public_functions())
        with open(source, "w", encoding="utf-8") as file:
            file.write(f"#include <stdio.h>\n{headers}\nstatic void (*const uses[])(void) = {{\n{uses}}};\n"
                       "int main(void) {\n    int missing = 0;\n"
                       "    for (unsigned i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) missing += uses[i] == NULL;\n"
                       "    printf(\"%s, %s\\n\", rs_status_text(RS_ERR_FULL), rs_event_type_name(RS_CONTACT_QUEUED));\n"
                       "    return missing;\n}\n")
        flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        if cache("RS_SANITIZE"):
            flags.append("-fsanitize=" + cache("RS_SANITIZE"))
        if cache("RS_COVERAGE") == "ON":
            flags.append("--coverage")
        run(cache("CMAKE_C_COMPILER"), *flags, *self.pkg_config("--cflags"), source, "-o", program, *libraries)
        return program

    def test_headers_declare_functions(self):
        self.assertIn("rs_client_send", public_functions())
        self.assertIn("rs_status_text", public_functions())

    def test_program_links_the_shared_library(self):
        program = self.compile("shared", self.pkg_config("--libs"))
        place = os.path.dirname(installed(self.stage, "libringside.so"))
        self.assertIn("libringside.so.0", run("readelf", "-d", program))
        self.assertEqual(run(program, env={**os.environ, "LD_LIBRARY_PATH": place}), "full, contact.queued\n")

    def test_program_links_the_static_library(self):
        libraries = self.pkg_config("--libs", "--static")
        libraries = [installed(self.stage, "libringside.a") if word == "-lringside" else word for word in libraries]
        program = self.compile("static", libraries)
        self.assertNotIn("libringside", run("readelf", "-d", program))
        self.assertEqual(run(program), "full, contact.queued\n")

    def test_shared_library_shows_the_public_functions_and_nothing_else(self):
        shown = set()
        for line in run("nm", "-D", "--defined-only", installed(self.stage, "libringside.so")).splitlines():
            _, kind, name = line.split()
            if kind != "A":     # the version's own name
                shown.add(name.split("@")[0])
        self.assertEqual(sorted(shown), public_functions())

    def test_headers_work_in_cplusplus(self):
        source = os.path.join(self.folder.name, "user.cc")
        with open(source, "w", encoding="utf-8") as file:
            for header in sorted(os.listdir(os.path.join(SOURCE, "include/ringside"))):
                file.write(f"#include <ringside/{header}>\n")
        run(cache("CMAKE_CXX_COMPILER"), "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
            *self.pkg_config("--cflags"), source)

    def unit_command(self):
        """The daemon and the configuration that the installed unit names."""
        with open(installed(self.stage, "ringside.service"), encoding="utf-8") as file:
            command = re.search(r"^ExecStart=(\S+) --config (\S+)$", file.read(), re.MULTILINE)
        return self.stage + command.group(1), self.stage + command.group(2)

    def test_unit_starts_the_installed_daemon_with_the_installed_configuration(self):
        daemon, configuration = self.unit_command()
        self.assertTrue(os.access(daemon, os.X_OK))
        self.assertTrue(os.path.exists(configuration))

    def test_operators_configuration_is_not_overwritten(self):
        _, place = self.unit_command()
        with open(place, "w", encoding="utf-8") as file:
            file.write("# mine\n")
        run("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": self.stage})
        with open(place, encoding="utf-8") as file:
            self.assertEqual(file.read(), "# mine\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
