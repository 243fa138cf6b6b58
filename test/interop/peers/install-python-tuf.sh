#!/bin/sh
# Makes the Python that the interop tests run python-tuf with. Exact versions, checked by hash.
#
#   sh test/interop/peers/install-python-tuf.sh [FOLDER]     (default: .cache/python-tuf in the checkout)
#
# To raise a version: pip-compile --generate-hashes --strip-extras, from `tuf==…` and `securesystemslib[crypto]==…`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../../.cache/python-tuf}
requirements=$here/python-tuf.requirements.txt

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
