#!/usr/bin/env bash
# Lays editors that this Debian does not have into a folder: fetch.sh FOLDER
#
# They come from a later release of Debian, through apt, with all the libraries they need, down to the C
# library. Nothing is installed: each is unpacked into its own folder, and FOLDER/bin has a script that
# runs it with its own loader. Does nothing for an editor that is there already.
set -euo pipefail

folder="$(mkdir -p "$1" && cd "$1" && pwd)"
suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Build tools and sources that the packages name, and that running the editor does not need.
unneeded='^(emacs-el|binutils.*|libbinutils|libc6-dev|linux-libc-dev|libc-dev-bin|libgcc-.*-dev|libcrypt-dev|libctf.*|libgprofng.*|libsframe.*|rpcsvc-proto|install-info|systemd.*|init-system-helpers|perl.*|libperl.*)$'

mirror() { # of the Debian that this is; nothing before the first `apt-get update`
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' '$1 == "Debian" && $2 == "Debian" && !found { found = $3 } END { print found }'
}

configure() {
  local mirror
  mirror="$(mirror)"
  if [ -z "$mirror" ]; then
    apt-get -qq update >/dev/null
    mirror="$(mirror)"
  fi
  mkdir -p apt/state/lists/partial apt/cache/archives/partial
  touch apt/state/status
  echo "deb [signed-by=$keyring] $mirror $suite main" >apt/sources.list
  cat >apt/apt.conf <<CONF
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$work/apt/state";
Dir::State::status "$work/apt/state/status";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "root";
CONF
  export APT_CONFIG="$work/apt/apt.conf"
  apt-get -qq update
}

unpack() { # PACKAGE ROOT
  local names
  names="$(apt-get -s install --no-install-recommends "$1" | awk '/^Inst/ { print $2 }' | grep -vE "$unneeded")"
  mkdir -p debs "$2"
  # shellcheck disable=SC2086
  (cd debs && apt-get -qq download $names)
  for package in debs/*.deb; do dpkg-deb -x "$package" "$2"; done
  rm -rf debs
}

script() { # NAME PROGRAM ENVIRONMENT ARGUMENTS
  local lib
  lib="$(dirname "$(find "$folder/$1/usr/lib" -name 'ld-linux*' | head -1)")"
  cat >"$folder/bin/$1" <<SCRIPT
#!/bin/sh
$3
exec $(ls "$lib"/ld-linux*) --library-path $lib --argv0 $folder/$1/$2 $folder/$1/$2 $4 "\$@"
SCRIPT
  chmod +x "$folder/bin/$1"
}

if [ -x "$folder/bin/hx" ] && [ -x "$folder/bin/emacs" ]; then
  exit 0
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
configure
mkdir -p "$folder/bin"
if [ ! -x "$folder/bin/hx" ]; then
  rm -rf "$folder/hx"
  unpack hx "$folder/hx"
  script hx usr/bin/hx "export HELIX_RUNTIME=$folder/hx/usr/lib/hx/runtime" ""
fi
if [ ! -x "$folder/bin/emacs" ]; then
  rm -rf "$folder/emacs"
  unpack emacs-nox "$folder/emacs"
  share="$(echo "$folder"/emacs/usr/share/emacs/[0-9]*)"
  libexec="$(echo "$folder"/emacs/usr/libexec/emacs/[0-9]*/*)"
  script emacs usr/bin/emacs-nox \
    "export EMACSLOADPATH=$share/lisp EMACSDATA=$share/etc EMACSDOC=$share/etc EMACSPATH=$libexec" \
    "--dump-file $(ls "$libexec"/*.pdmp)"
fi
