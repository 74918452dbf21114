# shellcheck shell=bash
# Functions for checks that need a program of a Debian package. Source it.

# Finds a program, or else unpacks its package into a folder: an installed one would start a server.
# Usage: find_program FOLDER PACKAGE PROGRAM
find_program() {
    command -v "$3" >/dev/null && return
    command -v apt-get >/dev/null || return
    (
        mkdir -p "$1/debian" && cd "$1/debian"
        ls "$2"_*.deb >/dev/null 2>&1 || apt-get download -qq "$2" || {
            # Its lists of packages can be old, and only root may renew them.
            [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq "$2"
        }
        dpkg-deb -x "$2"_*.deb .
    ) >>"$1/log" 2>&1 || return
    PATH=$PATH:$1/debian/usr/bin
    command -v "$3" >/dev/null
}
