//! The peers on this machine: installed by npm and pip, at the pinned versions, when they are missing.

use crate::Failure;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

const PACKAGE_JSON: &str = include_str!("../../compare/package.json");
const REQUIREMENTS: &str = include_str!("../../compare/requirements.txt");

/// A peer's place of origin and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// npm.
    Node(&'static str),
    /// PyPI.
    Python(&'static str),
}

impl Package {
    /// The version that is pinned.
    pub fn version(self) -> String {
        let found = match self {
            Package::Node(name) => serde_json::from_str::<serde_json::Value>(PACKAGE_JSON)
                .ok()
                .and_then(|file| Some(file["dependencies"][name].as_str()?.to_owned())),
            Package::Python(name) => REQUIREMENTS
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix("=="))
                .map(str::to_owned),
        };
        found.unwrap_or_default() // a test says that each is pinned
    }
}

/// Where everything is that gets started.
#[derive(Debug)]
pub struct Installation {
    /// Pasarela's binary.
    pub pasarela: PathBuf,
    /// `bench/compare`.
    files: PathBuf,
    /// Why the packages of npm are not there.
    node_failure: Option<String>,
    /// Why the packages of PyPI are not there.
    python_failure: Option<String>,
}

impl Installation {
    /// Installs what is missing below `files`. A package client that fails is remembered, and its packages with it.
    pub async fn complete(pasarela: &Path, files: &Path) -> Result<Installation, Failure> {
        let files = files
            .canonicalize()
            .map_err(|_| format!("{} is not here: run this from the project's directory", files.display()))?;
        let pasarela = pasarela.canonicalize()?;
        let mut installation = Installation { pasarela, files, node_failure: None, python_failure: None };
        std::fs::create_dir_all(installation.peers())?;
        installation.node_failure = installation.install_node().await.err().map(|e| e.to_string());
        installation.python_failure = installation.install_python().await.err().map(|e| e.to_string());
        Ok(installation)
    }

    /// Why `package` cannot be started.
    pub fn missing(&self, package: Option<Package>) -> Option<&str> {
        match package? {
            Package::Node(_) => self.node_failure.as_deref(),
            Package::Python(_) => self.python_failure.as_deref(),
        }
    }

    /// A file of `bench/compare`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    /// The command that runs this script of an installed package.
    pub fn node(&self, script: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.peers().join("node_modules").join(script));
        command
    }

    /// The interpreter that sees the packages of PyPI.
    pub fn python(&self) -> PathBuf {
        self.peers().join("python/bin/python")
    }

    /// `Node 20.1.2 and Python 3.11.2`: what the peers run on.
    pub async fn runtimes(&self) -> String {
        let node = version_of(OsStr::new("node")).await;
        let python = version_of(self.python().as_os_str()).await;
        format!("Node {} and {python}", node.trim_start_matches('v'))
    }

    fn peers(&self) -> PathBuf {
        self.files.join(".peers")
    }

    async fn install_node(&self) -> Result<(), Failure> {
        let lock = std::fs::read_to_string(self.file("package-lock.json"))?;
        let mark = self.peers().join("node-installed");
        if is_marked(&mark, &lock) {
            return Ok(());
        }
        eprintln!("installing the peers of npm");
        std::fs::write(self.peers().join("package.json"), PACKAGE_JSON)?;
        std::fs::write(self.peers().join("package-lock.json"), &lock)?;
        let mut npm = Command::new("npm");
        // None of them needs the scripts that packages bring along.
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(self.peers());
        finish(npm).await?;
        std::fs::write(mark, lock)?;
        Ok(())
    }

    async fn install_python(&self) -> Result<(), Failure> {
        let mark = self.peers().join("python-installed");
        if is_marked(&mark, REQUIREMENTS) {
            return Ok(());
        }
        eprintln!("installing the peer of PyPI");
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(self.peers().join("python"));
        finish(venv).await?;
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        pip.arg(self.file("requirements.txt"));
        finish(pip).await?;
        std::fs::write(mark, REQUIREMENTS)?;
        Ok(())
    }
}

/// The mark is written last and says what was installed, so that half an installation and old pins are done again.
fn is_marked(mark: &Path, pins: &str) -> bool {
    std::fs::read_to_string(mark).is_ok_and(|text| text == pins)
}

async fn finish(mut command: Command) -> Result<(), Failure> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("not installed: {program} cannot be started ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("not installed: {program} failed: {}", words.trim().lines().last().unwrap_or_default())
        .into())
}

async fn version_of(program: &OsStr) -> String {
    match Command::new(program).arg("--version").output().await {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(_) => "(not installed)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::contender::Contender;

    #[test]
    fn every_peer_is_pinned_to_one_version() {
        for package in Contender::ALL.iter().filter_map(|contender| contender.package()) {
            let version = package.version();
            assert!(
                version.starts_with(|c: char| c.is_ascii_digit()),
                "{package:?} is pinned to {version:?}"
            );
        }
    }

    #[test]
    fn the_pins_name_no_registry() {
        let lock = include_str!("../../compare/package-lock.json");
        assert!(!lock.contains("\"resolved\""), "npm's omit-lockfile-registry-resolved leaves the hosts out");
        assert!(!REQUIREMENTS.contains("://"));
    }
}
