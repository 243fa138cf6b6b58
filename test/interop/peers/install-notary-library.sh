#!/bin/sh
# Builds the program that asks Notary's own library about root chains. Exact versions, checked by hash (go.sum).
#
#   sh test/interop/peers/install-notary-library.sh [FOLDER]     (default: .cache/notary-library in the checkout)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$here/notary-library
folder=${1:-$here/../../../.cache/notary-library}

# The stamp is written last and holds what was built: an interrupted or outdated folder is made anew.
stamp=$folder/built-from
if cat "$source/go.mod" "$source/go.sum" "$source/main.go" | cmp -s - "$stamp"; then
  exit 0
fi
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$source"
# Only the Go that is here: it must not fetch another one.
GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$folder/notary-library" .
cat go.mod go.sum main.go > "$stamp"
