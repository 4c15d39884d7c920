//! Minnow's C header by the program `bindgen` (Debian's package, or `cargo install bindgen-cli`), and what pkg-config says that
//! the linker wants. No crate is needed.
use std::{env, path::Path, process::Command};

fn said(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn main() {
    let include = said("pkg-config", &["--variable=includedir", "minnow"]);
    let header = format!("{}/minnow/minnow.h", include.trim());
    let bindings = Path::new(&env::var("OUT_DIR").unwrap()).join("minnow.rs");
    let allowed = ["--allowlist-function=minnow_.*", "--allowlist-var=MINNOW_.*"];
    said("bindgen", &[&header, "-o", bindings.to_str().unwrap(), allowed[0], allowed[1]]);
    // As libraries, which stand before C's own at the linker, and not as its arguments, which stand behind.
    for flag in said("pkg-config", &["--libs", "minnow"]).split_whitespace() {
        match flag.split_at(2) {
            ("-L", folder) => println!("cargo:rustc-link-search=native={folder}"),
            ("-l", library) => println!("cargo:rustc-link-lib={library}"),
            _ => println!("cargo:rustc-link-arg={flag}"),
        }
    }
    println!("cargo:rerun-if-changed={header}");
}
