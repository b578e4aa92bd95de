#!/usr/bin/python3
"""The SQL functions and views under pgTAP (sql/tests), each file on a database of its own that `ringside migrate` made."""
import glob
import os
import subprocess
import time

import house

SEED = house.seed()


def prove(postgres, name, path):
    """Runs one file; returns how many assertions passed."""
    socket = postgres.conninfo.split()[0].split("=")[1]
    subprocess.run(["psql", "-X", "-q", "-h", socket, "-U", "ringside", "-d", "postgres", "-c", f"CREATE DATABASE {name}"], check=True)
    house.ringside("migrate", "-d", f"host={socket} dbname={name} user=ringside")
    environment = {**os.environ, "PGOPTIONS": f"-c statement_timeout=300s -c client_min_messages=error -c ringside.seed=0.{SEED}"}
    for extra in (["-c", "CREATE EXTENSION pgtap SCHEMA public"], ["-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", path]):
        result = subprocess.run(["psql", "-X", "-q", "-h", socket, "-U", "ringside", "-d", name, *extra], capture_output=True, text=True,
                                env=environment, timeout=500)
        house.check(result.returncode == 0, f"{path}: {result.stderr}")
    lines = result.stdout.splitlines()
    passed = sum(line.startswith("ok ") for line in lines)
    failed = [line for line in lines if line.startswith(("not ok ", "# "))]
    house.check(not failed and f"1..{passed}" in lines and passed > 10, f"{path}: {passed} passed\n" + "\n".join(failed))
    return passed


with house.folder() as place:
    server = house.Postgres(place)
    try:
        for file in sorted(glob.glob(os.path.join(house.SOURCE, "sql", "tests", "*_test.sql"))):
            title = os.path.basename(file)[:-len(".sql")]
            begin = time.monotonic()
            count = prove(server, title, file)
            house.checks += count
            print(f"{title}: {count} assertions ({time.monotonic() - begin:.1f} s)")
    finally:
        server.remove()
print(f"1 passed, 0 failed ({house.checks} checks)")
