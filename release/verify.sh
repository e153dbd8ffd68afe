#!/usr/bin/env bash
# Checks a release: release/verify.sh PUBLIC_KEY [FOLDER]. Fails where the signature is not of that key, or a file differs.
set -euo pipefail
key=${1:?"usage: release/verify.sh PUBLIC_KEY [FOLDER]; PUBLIC_KEY is the file of a public SSH key"}
folder=${2:-dist}
test -r "$key" || { echo "there is no key $key" >&2; exit 1; }
signers=$(mktemp)
trap 'rm -f "$signers"' EXIT
echo "mtf-release $(cut -d ' ' -f 1,2 "$key")" > "$signers"
cd "$folder"
ssh-keygen -Y verify -f "$signers" -I mtf-release -n mtf-release -s SHA256SUMS.sig < SHA256SUMS
sha256sum --check SHA256SUMS
