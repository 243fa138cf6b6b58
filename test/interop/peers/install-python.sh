#!/bin/sh
# Makes the Python that the interop tests run one peer with. Exact versions, checked by hash.
#
#   sh test/interop/peers/install-python.sh PEER [FOLDER]     PEER: python-tuf or shamir-mnemonic
#                                                             (FOLDER: .cache/PEER in the checkout unless told)
#
# To raise a version: change PEER.in, then pip-compile --generate-hashes --strip-extras.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
peer=$1
folder=${2:-$here/../../../.cache/$peer}
requirements=$here/$peer.requirements.txt

# The stamp is written last and holds what was installed: an interrupted or outdated folder is made anew.
stamp=$folder/installed-requirements.txt
if cmp -s "$requirements" "$stamp"; then
  exit 0
fi
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: --require-hashes -r "$requirements"
cp "$requirements" "$stamp"
