#!/usr/bin/env python3
"""Fails when a crate of the workspace depends against the arrows.

    pasarela -> server -> engine -> {store, vault, rails} -> domain

Every kind of dependency counts (normal, build, dev): a test that reaches upwards ties the rooms together as firmly as
code does. Besides, only the engine may call the store, the vault and the rails. `docs/ARCHITECTURE.md` says why.

Usage: scripts/arrows.py            (asks `cargo metadata`)
"""

import json
import subprocess
import sys

TEST_DATABASE = "pasarela-test-database"

# What each room may depend on directly. A crate that is missing here has no room yet, and that is an error too.
ALLOWED = {
    "pasarela-domain": set(),
    "pasarela-store": {"pasarela-domain", TEST_DATABASE},
    "pasarela-vault": {"pasarela-domain"},
    "pasarela-rails": {"pasarela-domain"},
    "pasarela-engine": {"pasarela-domain", "pasarela-store", "pasarela-vault", "pasarela-rails", TEST_DATABASE},
    "pasarela-server": {"pasarela-domain", "pasarela-engine", TEST_DATABASE},
    "pasarela": {"pasarela-demo", "pasarela-domain", "pasarela-engine", "pasarela-server", TEST_DATABASE},
    # A shop like any other: it speaks HTTP to the platform and shares no code with it.
    "pasarela-demo": set(),
    # Programs at the edge, on which nothing may depend. This one measures the built binary from outside, and the worker of
    # notifications on a store of its own.
    "pasarela-bench": {"pasarela-domain", "pasarela-engine", "pasarela-store"},
    # Makes databases for the tests of any room; what it holds is PostgreSQL's, not Pasarela's.
    "pasarela-test-database": set(),
    # Runs the engine on the model of a store, and looks into both.
    "pasarela-simulation": {"pasarela-domain", "pasarela-engine", "pasarela-store"},
    # Lends the deliveries' signature to the official validators.
    "pasarela-conformance-signer": {"pasarela-engine"},
}


def offending_edges(metadata):
    """The edges of `cargo metadata`'s answer that go against the arrows, as sentences."""
    packages = metadata["packages"]
    members = {package["name"] for package in packages}
    offences = []
    for package in sorted(packages, key=lambda package: package["name"]):
        name = package["name"]
        if name not in ALLOWED:
            offences.append(f"{name} has no room: add it to scripts/arrows.py and to docs/ARCHITECTURE.md")
            continue
        for dependency in package["dependencies"]:
            target = dependency["name"]
            if target in members and target not in ALLOWED[name]:
                kind = dependency["kind"] or "normal"
                offences.append(f"{name} -> {target} ({kind} dependency, {package['manifest_path']})")
    return offences


def main():
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--no-deps", "--format-version", "1"],
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    )
    offences = offending_edges(metadata)
    for offence in offences:
        print(f"against the arrows: {offence}")
    if offences:
        print("The arrows are pasarela -> server -> engine -> {store, vault, rails} -> domain.")
        return 1
    print(f"arrows: {len(metadata['packages'])} crates, none depends upwards")
    return 0


if __name__ == "__main__":
    sys.exit(main())
