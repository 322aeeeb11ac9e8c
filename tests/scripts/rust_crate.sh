#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/rust_crate.sh SET: a stranger's way to the crate in linker/rust, by each Rust that is installed:
# `cargo new`, `cargo add --path`, and the program is Emma's: one of std with several threads (tests/rust/std.rs),
# the one of the crate's README, and one without std over crates that Debian packages (tests/rust/no_std.rs). The
# build script takes the archives of EMMA, builds them, or finds an installation by pkg-config.
# TEST-ONCE: it builds with the default build
# TEST-LIMIT: 240
set -euo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
unset MAKEFLAGS MAKELEVEL MFLAGS
set=$(realpath "$1")
crate=$(realpath linker/rust)
tests=$(realpath tests/rust)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
complain() { echo "$*" && exit 1; }
export RUSTC_BOOTSTRAP=1 CARGO_NET_OFFLINE=true

toolchains=()
for cargo in /usr/bin/cargo "$(command -v cargo || true)"; do
    [[ ! -x $cargo || " ${toolchains[*]} " == *" $cargo "* ]] || toolchains+=("$cargo")
done
((${#toolchains[@]})) || { echo "SKIPPED: no cargo here (tests/setup rust installs it)" && exit 0; }

# new NAME [FEATURES]: a project with the crate, in a folder with a space.
new() {
    project="$work/a project/$1"
    "$cargo" new --quiet --vcs none "$project"
    cd "$project"
    "$cargo" add --quiet --path "$crate" "${@:2}"
}
without_std=(--no-default-features --features no_std)
profiles=$'\n[profile.dev]\npanic = "abort"\n[profile.release]\npanic = "abort"\n'
code() { # number of the block in the crate's README
    # shellcheck disable=SC2016  # the backquotes are Markdown's
    awk -v wanted="$1" '/^```$/ { inside = 0 } inside { print } /^```rust$/ { inside = ++count == wanted }' "$crate/README.md"
}
build() { "$cargo" build --quiet "$@" >"$work/log" 2>&1 || complain "$cargo: $(head -n 40 "$work/log")"; }
static_without_libc() {
    local undefined
    [[ $(readelf -lW "$1") != *INTERP* ]] || complain "$cargo: $1: not static"
    undefined=$(readelf -sW "$1" | awk '$5 == "GLOBAL" && $7 == "UND"')
    [[ -z $undefined ]] || complain "$cargo: $1: undefined: $undefined"
}

for cargo in "${toolchains[@]}"; do
    cd "$work"
    export RUSTC=${cargo%cargo}rustc EMMA=$set
    rm -rf "$work/a project"
    mkdir "$work/a project"

    # ---- with std: the archive is built by the crate, once
    new std
    cp "$tests/std.rs" src/main.rs
    [[ $cargo != "${toolchains[0]}" ]] || unset EMMA
    build --release
    export EMMA=$set
    for _ in 1 2 3; do
        [[ $(timeout 60 target/release/std) == well ]] || complain "$cargo: std: status $?"
    done

    # ---- without: as the crate's README says
    new readme "${without_std[@]}"
    printf '%s' "$profiles" >>Cargo.toml
    code 2 >build.rs
    code 3 >src/main.rs
    build --release
    static_without_libc target/release/readme
    [[ $(target/release/readme a 'b c') == "2 arguments" ]] || complain "$cargo: the program of the README"
    echo "$cargo: the README's program without std, stripped: $(strip -o "$work/stripped" target/release/readme && stat -c %s "$work/stripped") bytes"

    # ---- with Debian's crates
    if compgen -G '/usr/share/cargo/registry/hashbrown-*' >/dev/null; then
        new packaged "${without_std[@]}"
        printf 'hashbrown = { version = "*", default-features = false }\nitoa = "*"\nsmallvec = "*"\n%s' "$profiles" >>Cargo.toml
        code 2 >build.rs
        cp "$tests/no_std.rs" src/main.rs
        mkdir .cargo
        printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "/usr/share/cargo/registry"\n' >.cargo/config.toml
        build
        build --release
        for profile in debug release; do
            program=target/$profile/packaged
            static_without_libc "$program"
            [[ $(timeout 60 "$program") == 299629 ]] || complain "$cargo: $profile: without std"
            status=0
            timeout 60 "$program" panic >/dev/null 2>"$work/said" || status=$?
            [[ $status -eq 101 && $(<"$work/said") == *'index out of bounds'* ]] || complain "$cargo: $profile: a panic: $status, $(<"$work/said")"
        done
    else
        echo "SKIPPED: librust-hashbrown-dev, -itoa-dev and -smallvec-dev are not installed"
    fi

    # ---- in one line what can't be
    new both --features no_std
    "$cargo" build --quiet >"$work/log" 2>&1 && complain "$cargo: std and no_std at once"
    grep -q '^ *emma: the features std and no_std exclude each other' "$work/log" || complain "$cargo: $(<"$work/log")"
done

# ---- the crate alone, without the sources around it, finds an installation
cd "$(dirname "$crate")/.."
make install-static PREFIX="$work/installed" >/dev/null
cp -r "$crate" "$work/crate"
crate=$work/crate
unset EMMA
new alone
cp "$tests/std.rs" src/main.rs
PKG_CONFIG_PATH=$work/installed/lib/pkgconfig build
[[ $(target/debug/alone) == well ]] || complain "an installation by pkg-config"
