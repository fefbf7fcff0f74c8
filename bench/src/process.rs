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

/// Resident memory of all processes of a process group, in MB. Pages that they share count once for each.
pub fn resident_mb_of_group(group: u32) -> Result<f64, Failure> {
    let mut sum = 0.0;
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end while the others are read, or be a zombie that has no memory.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let Some((_, after_name)) = stat.rsplit_once(") ") else { continue };
        // The group is field 5, and the third is the first here.
        if after_name.split(' ').nth(2).and_then(|field| field.parse().ok()) == Some(group) {
            sum += resident_mb(pid).unwrap_or(0.0);
        }
    }
    if sum > 0.0 { Ok(sum) } else { Err("no process of the group has memory".into()) }
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
