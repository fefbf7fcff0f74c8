#!/usr/bin/env python3
"""Runs the official SDKs, unmodified, against a running server.

    conformance/run.py --binary target/debug/pasarela [--suite node|python|shop] [--way hosts|proxy]

The SDKs have the address https://api.mercadopago.com built in, and no test changes that. They reach the server in the
two ways that a person would use:

hosts   a hosts entry and a certificate authority: in a network and mount namespace of its own, where port 443 and
        /etc/hosts are ours without touching the machine's.
proxy   the HTTPS forward proxy, by HTTPS_PROXY.

The suite `shop` starts and kills its own servers, and its shop reaches them by their proxy: it runs once, whatever the way.

Ends with one line, `conformance: N passed, N failed, N skipped`.
"""

import argparse
import csv
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
HOST = "api.mercadopago.com"
SUITES = ("node", "python", "shop")
WAYS = ("hosts", "proxy")
READY_SECONDS = 180
SUITE_SECONDS = 1800


class Server:
    """The real binary, with everything it wrote within reach."""

    def __init__(self, binary, directory, arguments):
        self.data = directory / "data"
        self.output = directory / "server.out"
        self.log = directory / "server.err"
        self.process = subprocess.Popen(
            [binary, "dev", "--listen", "127.0.0.1:0", "--data", self.data, "--log", "debug", "--json", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log.open("wb"),
            env=os.environ | {"NO_COLOR": "1"},
        )
        self.ready = self._wait_until_ready()

    def _wait_until_ready(self):
        # A server that hangs while starting is ended, and its closed output ends the wait.
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            sys.exit(f"the server did not start:\n{self.log.read_text()[-4000:]}")
        self._drain = threading.Thread(target=self._keep_output, args=(line,), daemon=True)
        self._drain.start()
        return json.loads(line)

    def _keep_output(self, first):
        with self.output.open("wb") as file:
            file.write(first)
            for line in self.process.stdout:
                file.write(line)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        finally:
            self._drain.join(timeout=10)


def install_node():
    """Exactly what the lock file says, once."""
    directory = HERE / "node"
    done = directory / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < (directory / "package-lock.json").stat().st_mtime:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=directory,
            check=True,
        )


def install_python():
    """A virtual environment with exactly the pinned versions, once."""
    directory = HERE / "python"
    environment = directory / ".venv"
    done = environment / "installed.txt"
    wanted = (directory / "requirements.txt").read_text()
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run(
            [environment / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
             "-r", directory / "requirements.txt"],
            check=True,
        )
        done.write_text(wanted)


def command_of(suite):
    if suite == "node":
        tests = sorted(str(path) for path in (HERE / "node/tests").glob("*.test.mjs"))
        # One file after the other: one of them keeps the server busy on purpose.
        return ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *tests], HERE / "node"
    if suite == "shop":
        return ["node", "--test", "--test-reporter=spec", "shop/shop.test.mjs"], HERE / "node"
    return [str(HERE / "python/.venv/bin/python"), "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests"], (
        HERE / "python"
    )


def counts(suite, output):
    """(passed, failed, skipped) as the suite's own runner says."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", output)
    if suite in ("node", "shop"):
        def number(word):
            found = re.findall(rf"^\S+ {word} (\d+)$", text, re.MULTILINE)
            return int(found[-1]) if found else 0

        return number("pass"), number("fail") + number("cancelled"), number("skipped") + number("todo")
    summary = text.strip().rsplit("\n", 1)[-1]

    def number(word):
        found = re.search(rf"(\d+) {word}", summary)
        return int(found.group(1)) if found else 0

    return number("passed"), number("failed") + number("errors?"), number("skipped")


def written_card_data(*places):
    """Where a card number that the tests used, or a security code, stands in clear in files and directories."""
    with (ROOT / "crates/domain/data/test_cards.csv").open() as file:
        numbers = {row["number"].encode() for row in csv.DictReader(file)}
    found = []
    files = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
    for path in files:
        content = path.read_bytes()
        found += [f"{path.name}: a card number" for number in numbers if number in content]
        if re.search(rb'security_code\\?"\s*:\s*\\?"\d', content):
            found.append(f"{path.name}: a security code")
    return found


def run_here(binary, suite, way):
    """One suite in one way, in this process's own network."""
    with tempfile.TemporaryDirectory(prefix="pasarela-conformance-") as name:
        directory = pathlib.Path(name)
        arguments = ["--https"]
        if way == "hosts":
            take_over_host(directory)
        else:
            arguments += ["--https-listen", "127.0.0.1:0", "--proxy", "127.0.0.1:0"]
        server = Server(binary, directory, arguments)
        try:
            output, status = run_suite(binary, suite, way, directory, server.ready)
        finally:
            ended = server.stop()
        passed, failed, skipped = counts(suite, output)
        if status != 0 and failed == 0:
            failed += 1
        leaks = written_card_data(server.data, server.output, server.log)
        for leak in leaks:
            print(f"FAILED: {leak} in clear")
        if ended != 0:
            print(f"FAILED: the server ended with {ended} when asked to stop")
        checks = [not leaks, ended == 0]
        passed, failed = passed + sum(checks), failed + checks.count(False)
        if failed:
            print(f"-- the server's last words:\n{server.log.read_text(errors='replace')[-3000:]}")
        return passed, failed, skipped


def run_shop(binary):
    """The suite that starts its own servers; what they and the shop wrote is looked through afterwards."""
    with tempfile.TemporaryDirectory(prefix="pasarela-conformance-") as name:
        directory = pathlib.Path(name)
        environment = common_environment(binary, directory) | {
            "PASARELA_BINARY": binary,
            "PASARELA_DIRECTORY": name,
        }
        output, status = run_command("shop", environment)
        passed, failed, skipped = counts("shop", output)
        if status != 0 and failed == 0:
            failed += 1
        leaks = written_card_data(directory)
        for leak in leaks:
            print(f"FAILED: {leak} in clear")
        if failed:
            for log in directory.rglob("platform.err"):
                print(f"-- the last words of the server in {log.parent.name}:\n{log.read_text(errors='replace')[-3000:]}")
        return passed + (not leaks), failed + bool(leaks), skipped


def common_environment(binary, directory):
    """What every suite is told."""
    credentials = directory / "credentials.json"
    credentials.write_bytes(subprocess.run([binary, "credentials", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    environment = {
        name: value
        for name, value in os.environ.items()
        # The machine's own proxies and authorities have no part in this.
        if not name.lower().endswith("_proxy") and name not in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS")
    }
    return environment | {
        "PASARELA_CREDENTIALS": str(credentials),
        "PASARELA_DOMAIN_DATA": str(ROOT / "crates/domain/data"),
    }


def run_suite(binary, suite, way, directory, ready):
    environment = common_environment(binary, directory) | {
        "PASARELA_SERVER": ready["http"],
        "PASARELA_SIGNER": str(pathlib.Path(binary).with_name("pasarela-conformance-signer")),
        # What the server prints for each language.
        "NODE_EXTRA_CA_CERTS": ready["ca"],
        "REQUESTS_CA_BUNDLE": ready["ca"],
    }
    if way == "proxy":
        environment |= {
            "HTTPS_PROXY": ready["proxy"],
            "NO_PROXY": "127.0.0.1",
            # Node honours HTTPS_PROXY by itself from version 24 on; before, its own proxy agent is told to.
            "NODE_USE_ENV_PROXY": "1",
            "NODE_OPTIONS": f"--import={HERE}/node/environment-proxy.mjs",
        }
    return run_command(suite, environment)


def run_command(suite, environment):
    command, working_directory = command_of(suite)
    process = subprocess.run(
        command,
        cwd=working_directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SUITE_SECONDS,
    )
    output = process.stdout.decode(errors="replace")
    print(output, flush=True)
    return output, process.returncode


def take_over_host(directory):
    """Inside the namespaces: the loopback goes up, and the hosts file says that the API is here."""
    hosts = directory / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {HOST}\n::1 localhost\n")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)


UNSHARE = ["unshare", "--map-root-user", "--net", "--mount"]


def why_no_namespaces():
    """Why this machine lets nobody make namespaces; `None` when it does."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return "unshare or ip is not installed"
    tried = subprocess.run([*UNSHARE, "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if tried.returncode == 0 else tried.stdout.decode(errors="replace").strip()


def run_isolated(binary, suite):
    """The hosts way, in namespaces of its own."""
    command = [*UNSHARE, sys.executable, __file__, "--binary", binary, "--suite", suite, "--way", "hosts", "--inside"]
    process = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    output = process.stdout.decode(errors="replace")
    print(output, flush=True)
    found = re.findall(r"^conformance: (\d+) passed, (\d+) failed, (\d+) skipped$", output, re.MULTILINE)
    return tuple(int(number) for number in found[-1]) if found else (0, 1, 0)


def main():
    parser = argparse.ArgumentParser(description="The official SDKs against a running server.")
    parser.add_argument("--binary", required=True, type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--suite", choices=SUITES)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    total = [0, 0, 0]
    for suite in [arguments.suite] if arguments.suite else SUITES:
        if not arguments.inside:
            install_python() if suite == "python" else install_node()
        if suite == "shop":
            print("-- a shop with the node SDK, in a storm", flush=True)
            total = [sum(pair) for pair in zip(total, run_shop(arguments.binary))]
            continue
        for way in [arguments.way] if arguments.way else WAYS:
            if not arguments.inside:
                print(f"-- {suite} SDK, by {way}", flush=True)
            if way == "hosts" and not arguments.inside:
                reason = why_no_namespaces()
                if reason:
                    print(f"SKIPPED: {suite} by hosts: no namespaces here: {reason}")
                    continue
                result = run_isolated(arguments.binary, suite)
            else:
                result = run_here(arguments.binary, suite, way)
            total = [sum(pair) for pair in zip(total, result)]
    passed, failed, skipped = total
    print(f"conformance: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
