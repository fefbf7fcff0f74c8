#!/usr/bin/env python3
"""Fails when a direct dependency has no reason in docs/dependencies.md, or no crate that uses it."""

import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
OWN = "pasarela"


def complaints(declared, used, explained):
    """What is wrong between the root's dependencies, the crates' and the page's (sets of names)."""
    return (
        [f"{name}: no crate uses it; take it out of the root Cargo.toml" for name in sorted(declared - used)]
        + [f"{name}: docs/dependencies.md has no reason for it" for name in sorted(declared - explained)]
        + [f"{name}: docs/dependencies.md explains what is no dependency" for name in sorted(explained - declared)]
    )


def main():
    root = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
    declared = {name for name in root["dependencies"] if not name.startswith(OWN)}
    used = set()
    manifests = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*/Cargo.toml"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.split()
    for manifest in manifests:
        crate = tomllib.loads((ROOT / manifest).read_text())
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            used |= set(crate.get(kind, {}))
    # The crates come first on the page; the tests' tools after them are no workspace dependencies.
    page = (ROOT / "docs/dependencies.md").read_text().split("\n## ")[0]
    explained = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    wrong = complaints(declared, used, explained)
    for complaint in wrong:
        print(complaint)
    if not wrong:
        print(f"dependencies: {len(declared)}, each used and explained")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
