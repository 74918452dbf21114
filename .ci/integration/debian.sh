# shellcheck shell=bash
# Functions for checks that need a program of a Debian package. Source it.

# Finds a program, or else unpacks its package into a folder: an installed one would start a server.
# Usage: find_program FOLDER PACKAGE PROGRAM
find_program() {
    command -v "$3" >/dev/null && return
    command -v apt-get >/dev/null || return
    unpack "$1" "$2" || return
    PATH=$PATH:$1/debian/usr/bin:$1/debian/bin
    command -v "$3" >/dev/null
}

# Unpacks packages into a folder.
# Usage: unpack FOLDER PACKAGE...
unpack() {
    local folder=$1 package
    shift
    for package in "$@"; do
        (
            mkdir -p "$folder/debian" && cd "$folder/debian"
            ls "$package"_*.deb >/dev/null 2>&1 || apt-get download -qq "$package" || {
                # Its lists of packages can be old, and only root may renew them.
                [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq "$package"
            }
            dpkg-deb -x "$package"_*.deb .
        ) >>"$folder/log" 2>&1 || return
    done
}
