//! What the kernel knows of a process and of a directory.

use crate::Failure;
use std::path::Path;

/// Clock ticks per second in `/proc/<pid>/stat`: 100 on every Linux that this runs on (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time, user and system, that the process has used so far.
pub fn processor_seconds(pid: u32) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name in parentheses and may hold anything, blanks too.
    let after_name = stat.rsplit_once(") ").ok_or("no name in stat")?.1;
    let ticks: f64 = after_name
        .split(' ')
        .skip(11) // utime is field 14, stime 15; the third is the first here
        .take(2)
        .map(|field| field.parse::<f64>())
        .sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}

/// Resident memory in MB.
pub fn resident_mb(pid: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .ok_or("no VmRSS in status")?
        .trim()
        .parse()?;
    Ok(kilobytes / 1024.0)
}

/// Bytes of all files in `directory` whose name passes `which`.
pub fn bytes_in(directory: &Path, which: fn(&str) -> bool) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            bytes += bytes_in(&entry.path(), which)?;
        } else if which(&entry.file_name().to_string_lossy()) {
            bytes += metadata.len();
        }
    }
    Ok(bytes)
}
