//! Names of subdirs, which are also the names of platforms (CEP 26).

/// Every subdir that conda or rattler knows. A channel's last path component is read as a subdir only if it is one.
pub const KNOWN_SUBDIRS: &[&str] = &[
    "noarch",
    "emscripten-wasm32",
    "freebsd-64",
    "linux-32",
    "linux-64",
    "linux-aarch64",
    "linux-armv6l",
    "linux-armv7l",
    "linux-loongarch64",
    "linux-ppc64",
    "linux-ppc64le",
    "linux-riscv32",
    "linux-riscv64",
    "linux-s390x",
    "osx-64",
    "osx-arm64",
    "wasi-wasm32",
    "win-32",
    "win-64",
    "win-arm64",
    "zos-z",
];

/// Whether `text` is one of [`KNOWN_SUBDIRS`].
pub fn is_known_subdir(text: &str) -> bool {
    KNOWN_SUBDIRS.contains(&text)
}

/// The subdir of the machine this was compiled for; `None` where conda has no name for it.
pub fn host_subdir() -> Option<&'static str> {
    Some(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-64",
        ("linux", "x86") => "linux-32",
        ("linux", "aarch64") => "linux-aarch64",
        ("linux", "arm") => "linux-armv7l",
        ("linux", "loongarch64") => "linux-loongarch64",
        ("linux", "powerpc64") if cfg!(target_endian = "little") => "linux-ppc64le",
        ("linux", "powerpc64") => "linux-ppc64",
        ("linux", "riscv64") => "linux-riscv64",
        ("linux", "s390x") => "linux-s390x",
        ("macos", "x86_64") => "osx-64",
        ("macos", "aarch64") => "osx-arm64",
        ("windows", "x86_64") => "win-64",
        ("windows", "x86") => "win-32",
        ("windows", "aarch64") => "win-arm64",
        ("freebsd", "x86_64") => "freebsd-64",
        _ => return None,
    })
}
