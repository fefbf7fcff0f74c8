//! What a process holds in memory, where the system tells.

/// Resident memory of a process in KiB: now, and the most it ever was.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub now_kib: u64,
    pub peak_kib: u64,
}

/// The memory of process `id`; `None` where there is no `/proc`.
pub fn memory_of(id: u32) -> Option<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    Some(Memory { now_kib: kib("VmRSS:")?, peak_kib: kib("VmHWM:")? })
}
