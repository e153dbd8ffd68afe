#!/usr/bin/env bash
# Signs the digests of a release with an SSH key: release/sign.sh KEY [FOLDER]. The key stays where it is.
# Whoever has the public key checks with release/verify.sh; nothing but OpenSSH and coreutils is needed for either.
set -euo pipefail
key=${1:?"usage: release/sign.sh KEY [FOLDER]; KEY is the file of a private SSH key"}
folder=${2:-dist}
test -r "$key" || { echo "there is no key $key" >&2; exit 1; }
cd "$folder"
sha256sum --check --quiet SHA256SUMS
ssh-keygen -Y sign -f "$key" -n mtf-release SHA256SUMS
