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

/// What every machine with an operating system may be assumed to have: the first part of a platform's name, then name
/// and version of virtual packages (CEP 30). Where they come from: the documentation of `resolvent.virtual_packages`.
const SYSTEM_BASELINES: &[(&str, &[(&str, &str)])] = &[
    (
        "linux",
        &[("__glibc", "2.28"), ("__linux", "4.18"), ("__unix", "0")],
    ),
    ("osx", &[("__osx", "13.0"), ("__unix", "0")]),
    ("win", &[("__win", "10.0")]),
    ("freebsd", &[("__unix", "0")]),
    ("emscripten", &[("__unix", "0")]),
];

/// The microarchitecture that every machine has: the second part of a platform's name, then the build of `__archspec`.
/// Apple's own chips are not among them: they begin at [`APPLE_BASELINE`].
const ARCHSPEC_BASELINES: &[(&str, &str)] = &[
    ("32", "x86"),
    ("64", "x86_64"),
    ("aarch64", "aarch64"),
    ("arm64", "aarch64"),
    ("armv6l", "armv6l"),
    ("armv7l", "armv7l"),
    ("ppc64", "ppc64"),
    ("ppc64le", "ppc64le"),
    ("riscv64", "riscv64"),
    ("s390x", "s390x"),
];

/// The microarchitecture of `osx-arm64`.
const APPLE_BASELINE: &str = "m1";

/// What every machine of a platform may be assumed to have, as name, version and build of virtual packages.
pub fn platform_baseline(platform: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let (system, machine) = platform.split_once('-').unwrap_or((platform, ""));
    let of_system = SYSTEM_BASELINES.iter().filter(|(name, _)| *name == system);
    let mut out: Vec<_> = of_system
        .flat_map(|(_, facts)| facts.iter().map(|(name, version)| (*name, *version, "0")))
        .collect();
    let architecture = ARCHSPEC_BASELINES.iter().find(|(name, _)| *name == machine);
    let build = match (system, machine) {
        ("osx", "arm64") => Some(APPLE_BASELINE),
        _ => architecture.map(|(_, build)| *build),
    };
    out.extend(build.map(|build| ("__archspec", "1", build)));
    out
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
