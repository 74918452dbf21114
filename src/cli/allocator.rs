//! The allocator gives back what the first scan has freed.
//!
//! glibc's raises its own limit for that with each large block that is freed, and has several heaps for threads.
//! That costs 1.4 MB at 3000 processes (docs/benchmarks.md).

/// Most bytes that are free at the end of the heap before they are given back: the default of mallopt(3), which is
/// no longer raised once it is set.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const FREE_BYTES: libc::c_int = 128 * 1024;

/// Environment variables that set malloc up in another way: mallopt(3), and "Tunables" in glibc's manual.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const CHOSEN_BY: [&str; 3] = [
    "MALLOC_ARENA_MAX",
    "MALLOC_TRIM_THRESHOLD_",
    "GLIBC_TUNABLES",
];

/// Sets glibc's allocator up for a program that runs long and small. Other systems' remain as they are.
pub(super) fn set_up() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if CHOSEN_BY
        .iter()
        .all(|name| std::env::var_os(name).is_none())
    {
        give_back_soon();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "no crate wraps mallopt")]
fn give_back_soon() {
    // SAFETY: mallopt(3) may be called at any time and takes two numbers. It takes the allocator's lock, so that
    // other threads could run, but none does yet. It returns 0 if it refuses; then all remains as it was.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, FREE_BYTES);
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
