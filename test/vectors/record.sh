#!/bin/bash
# Records what the real tools write: key files, certificates, metadata, canonical JSON. The keys are made anew with
# every run and belong to nobody: PUBLIC TEST KEYS.
#
#   bash test/vectors/record.sh [FOLDER]          (default: test/vectors/recorded, which is replaced)
#
# Needs notary and notary-server (apt-get install notary), openssl 3, docker CLI < 29, node with the checkout's
# node_modules, and python-tuf (sh test/interop/peers/install-python.sh python-tuf, or ROOTWARD_PYTHON_TUF=a python).
# The only network is the notary-server on loopback that this script starts and ends.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
target=${1:-$here/recorded}
python=${ROOTWARD_PYTHON_TUF:-$checkout/.cache/python-tuf/bin/python}
work=$(mktemp -d)
# Everything is made here and takes the place of the old recording at the very end, whole or not at all.
output=$work/output
server_pid=
finish() {
  if [ -n "$server_pid" ]; then kill "$server_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

gun=registry.example.com/payments
passphrase=public-test-passphrase
export HOME=$work/home PYTHONWARNINGS=ignore PYTHONDONTWRITEBYTECODE=1
export NOTARY_ROOT_PASSPHRASE=$passphrase-root NOTARY_TARGETS_PASSPHRASE=$passphrase-targets
export NOTARY_SNAPSHOT_PASSPHRASE=$passphrase-snapshot NOTARY_DELEGATION_PASSPHRASE=$passphrase-delegation
export DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE=$passphrase-docker DOCKER_CONFIG=$work/docker
mkdir -p "$HOME"

keys=$output/public-test-keys
mkdir -p "$keys"/{notary,docker,openssl,certificates,public,tuf} "$output"/{server-keys,notary-collection}

# One line for index.json: entry FILE KIND FORM TOOL WHAT [name=value …]; record/index.py adds what it can compute.
entries=$work/entries.jsonl
entry() {
  "$python" -c 'import json,sys
file, kind, form, tool, what, *more = sys.argv[1:]
print(json.dumps({"file": file, "kind": kind, "form": form, "tool": tool, "what": what, **dict(m.split("=", 1) for m in more)}))' \
    "${1#"$output"/}" "${@:2}" >>"$entries"
}
# A PEM without Notary's own headers, which OpenSSL does not read.
without_headers() { sed -e '/^[a-z]*: /d' -e '/^$/d' "$1"; }

### 1. Base keys by openssl, and Notary's own ID for each ###########################################################
openssl ecparam -name prime256v1 -genkey -noout -out "$work/p256.pem"
openssl ecparam -name secp384r1 -genkey -noout -out "$work/p384.pem"
openssl genrsa -traditional -out "$work/rsa2048.pem" 2048 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$work/ed25519.pem"
"$python" "$here/record/notary_ed25519.py" "$work/ed25519.pem" "$work"
# The same four keys imported into a Notary store: the file name is Notary's ID, the file its own encrypted form.
store=$work/imported
for key in p256 p384 rsa2048 ed25519; do
  source=$work/$key.pem
  [ $key = ed25519 ] && source=$work/ed25519.notary-pkcs8.pem
  notary -d "$work/one" key import -r root "$source" >/dev/null
  file=$(ls "$work/one/private")
  declare "id_$key=${file%.key}"
  mkdir -p "$keys/notary/imported"
  cp "$work/one/private/$file" "$keys/notary/imported/$file"
  entry "$keys/notary/imported/$file" private-key notary-encrypted-pkcs8 notary \
    "a $key key made by openssl, imported with notary key import -r root: as it stands in the trust directory" \
    label=$key role=root passphrase=$NOTARY_ROOT_PASSPHRASE "notaryKeyId=${file%.key}"
  rm -rf "$work/one"
done
unset store

### 2. The same keys in every form openssl writes ###################################################################
forms=$keys/openssl
record_form() { # NAME LABEL FORM WHAT [name=value …]
  local id="id_$2"
  entry "$forms/$1" private-key "$3" openssl "$4" label="$2" "notaryKeyId=${!id}" "${@:5}"
}
# What Notary says of an encrypted file, asked by having it change the passphrase of the file in a store. P-256 only:
# it does not read openssl's Ed25519, and the encryption is the same for all.
notary_reads() { # FILE
  rm -rf "$work/one" && mkdir -p "$work/one/private" && chmod -R 700 "$work/one"
  # A DEK-Info block has headers already, any other needs the empty line after its first.
  sed "1a role: root$(grep -q '^DEK-Info' "$1" || printf '\\n')" "$1" >"$work/one/private/$id_p256.key"
  if NOTARY_ROOT_PASSPHRASE=$passphrase notary -d "$work/one" key passwd "$id_p256" >/dev/null 2>&1; then
    echo notaryReads=yes
  else
    echo notaryReads=no
  fi
  rm -rf "$work/one"
}
for key in p256 p384; do
  cp "$work/$key.pem" "$forms/$key.sec1.pem"
  record_form $key.sec1.pem $key sec1 "EC PRIVATE KEY, plain (openssl ecparam -genkey)"
  openssl ec -in "$work/$key.pem" -aes256 -passout pass:$passphrase -out "$forms/$key.sec1-encrypted.pem" 2>/dev/null
  verdict=()
  [ $key != p256 ] || verdict=("$(notary_reads "$forms/$key.sec1-encrypted.pem")")
  record_form $key.sec1-encrypted.pem $key sec1-dek-info "EC PRIVATE KEY with Proc-Type/DEK-Info AES-256-CBC (openssl ec -aes256)" \
    passphrase=$passphrase "${verdict[@]}"
done
cp "$work/rsa2048.pem" "$forms/rsa2048.pkcs1.pem"
record_form rsa2048.pkcs1.pem rsa2048 pkcs1 "RSA PRIVATE KEY, plain (openssl genrsa -traditional)"
openssl rsa -in "$work/rsa2048.pem" -traditional -aes256 -passout pass:$passphrase -out "$forms/rsa2048.pkcs1-encrypted.pem" 2>/dev/null
record_form rsa2048.pkcs1-encrypted.pem rsa2048 pkcs1-dek-info "RSA PRIVATE KEY with Proc-Type/DEK-Info AES-256-CBC (openssl rsa -traditional -aes256)" passphrase=$passphrase
openssl rsa -in "$work/rsa2048.pem" -traditional -aes128 -passout pass:$passphrase -out "$forms/rsa2048.pkcs1-encrypted-aes128.pem" 2>/dev/null
record_form rsa2048.pkcs1-encrypted-aes128.pem rsa2048 pkcs1-dek-info "RSA PRIVATE KEY with Proc-Type/DEK-Info AES-128-CBC" passphrase=$passphrase
for key in p256 p384 rsa2048 ed25519; do
  openssl pkcs8 -topk8 -nocrypt -in "$work/$key.pem" -out "$forms/$key.pkcs8.pem"
  record_form $key.pkcs8.pem $key pkcs8 "PRIVATE KEY, plain PKCS#8 (openssl pkcs8 -topk8 -nocrypt)"
  openssl pkcs8 -topk8 -nocrypt -in "$work/$key.pem" -outform DER -out "$forms/$key.pkcs8.der"
  record_form $key.pkcs8.der $key pkcs8-der "PKCS#8 as plain DER"
  encrypt() { # NAME WHAT OPTIONS…
    openssl pkcs8 -topk8 -in "$work/$key.pem" -passout pass:$passphrase -out "$forms/$key.pkcs8-$1.pem" "${@:3}"
    local verdict=()
    [ $key != p256 ] || verdict=("$(notary_reads "$forms/$key.pkcs8-$1.pem")")
    record_form "$key.pkcs8-$1.pem" $key encrypted-pkcs8 "ENCRYPTED PRIVATE KEY, $2" passphrase=$passphrase "${verdict[@]}"
  }
  encrypt hmac-sha1-600000 "PBES2, PBKDF2 hmacWithSHA1 600000 iterations, AES-256-CBC" -v2 aes-256-cbc -v2prf hmacWithSHA1 -iter 600000
  encrypt hmac-sha256 "PBES2 as openssl 3 makes it without options: PBKDF2 hmacWithSHA256 2048 iterations, AES-256-CBC"
  encrypt scrypt "PBES2, scrypt (N 16384, r 8, p 1), AES-256-CBC" -scrypt
  if [ $key = p256 ]; then
    encrypt hmac-sha512 "PBES2, PBKDF2 hmacWithSHA512, AES-256-CBC" -v2 aes-256-cbc -v2prf hmacWithSHA512
    encrypt aes-128 "PBES2, PBKDF2 hmacWithSHA1, AES-128-CBC" -v2 aes-128-cbc -v2prf hmacWithSHA1
    encrypt des3 "PBES2, PBKDF2 hmacWithSHA1, 3DES" -v2 des3 -v2prf hmacWithSHA1
    encrypt pbes1 "PBES1 (pbeWithSHA1And3-KeyTripleDES-CBC), the old way" -v1 PBE-SHA1-3DES
  fi
  openssl pkey -in "$work/$key.pem" -pubout -out "$keys/public/$key.pem" 2>/dev/null
  openssl pkey -in "$work/$key.pem" -pubout -outform DER -out "$keys/public/$key.der" 2>/dev/null
  id="id_$key"
  entry "$keys/public/$key.pem" public-key spki-pem openssl "public half, PEM" label=$key "notaryKeyId=${!id}"
  entry "$keys/public/$key.der" public-key spki-der openssl "public half, DER" label=$key "notaryKeyId=${!id}"
done
# Built by hand after formats.md 1.1, because no tool makes them; that Notary imports them is checked here and above.
mkdir "$keys/notary/by-hand"
cp "$work/ed25519.notary-pkcs8.pem" "$work/ed25519.notary-legacy.pem" "$keys/notary/by-hand/"
notary -d "$work/one" key import -r root "$work/ed25519.notary-legacy.pem" >/dev/null
[ "$(ls "$work/one/private")" = "$id_ed25519.key" ]
rm -rf "$work/one"
entry "$keys/notary/by-hand/ed25519.notary-pkcs8.pem" private-key notary-pkcs8-ed25519 by-hand \
  "PRIVATE KEY with Notary's own Ed25519 form (OID 1.3.6.1.4.1.11591.15.1): built by record/notary_ed25519.py, imported by notary" \
  label=ed25519 role=root "notaryKeyId=$id_ed25519"
entry "$keys/notary/by-hand/ed25519.notary-legacy.pem" private-key notary-legacy-ed25519 by-hand \
  "ED25519 PRIVATE KEY, Notary's legacy form (public, seed, public: 96 bytes): built by record/notary_ed25519.py, imported by notary" \
  label=ed25519 "notaryKeyId=$id_ed25519"

### 3. notary key generate and export ###############################################################################
trust=$work/generated
mkdir "$keys/notary/generated"
notary -d "$trust" key generate >/dev/null
notary -d "$trust" key generate --role targets/team-a >/dev/null
root_id=$(notary -d "$trust" key list | awk '$1 == "root" { print $2 }')
team_id=$(notary -d "$trust" key list | awk '$1 == "targets/team-a" { print $2 }')
cp "$trust/private/"*.key "$keys/notary/generated/"
entry "$keys/notary/generated/$root_id.key" private-key notary-encrypted-pkcs8 notary "notary key generate" \
  role=root passphrase=$NOTARY_ROOT_PASSPHRASE "notaryKeyId=$root_id"
entry "$keys/notary/generated/$team_id.key" private-key notary-encrypted-pkcs8 notary "notary key generate --role targets/team-a" \
  role=targets/team-a passphrase=$NOTARY_DELEGATION_PASSPHRASE "notaryKeyId=$team_id"
notary -d "$trust" key export -o "$keys/notary/generated/export-all.pem"
entry "$keys/notary/generated/export-all.pem" private-keys notary-export notary "notary key export: both keys, each block with a path header" \
  "notaryKeyIds=$(grep '^path: ' "$keys/notary/generated/export-all.pem" | cut -d' ' -f2 | paste -sd,)" \
  "passphrases=$(grep '^role: ' "$keys/notary/generated/export-all.pem" | sed -e "s/^role: root$/$NOTARY_ROOT_PASSPHRASE/" -e "s/^role: .*/$NOTARY_DELEGATION_PASSPHRASE/" | paste -sd,)"
notary -d "$trust" key export --key "$root_id" -o "$keys/notary/generated/export-root.pem"
entry "$keys/notary/generated/export-root.pem" private-key notary-export notary "notary key export --key ID" \
  role=root passphrase=$NOTARY_ROOT_PASSPHRASE "notaryKeyId=$root_id"
(cd "$keys/notary/generated" && notary -d "$work/unused" key generate -o offline >/dev/null)
# The tool does not say this key's ID and cannot import its own file: decrypt it, and have it named by importing that.
# With -o it takes the DELEGATION passphrase from the environment, though the role in the header is root.
without_headers "$keys/notary/generated/offline-key.pem" >"$work/offline.pem"
openssl pkey -in "$work/offline.pem" -passin "pass:$NOTARY_DELEGATION_PASSPHRASE" -out "$work/offline-plain.pem"
notary -d "$work/one" key import -r root "$work/offline-plain.pem" >/dev/null
offline_id=$(basename "$work/one/private/"*.key .key)
rm -rf "$work/one"
entry "$keys/notary/generated/offline-key.pem" private-key notary-encrypted-pkcs8 notary "notary key generate -o offline: no path header, so notary cannot import it" \
  role=root passphrase=$NOTARY_DELEGATION_PASSPHRASE "notaryKeyId=$offline_id"
entry "$keys/notary/generated/offline.pem" public-key notary-public-pem notary "notary key generate -o offline: the public half, with a role header" \
  role=root "notaryKeyId=$offline_id"

### 4. docker trust key generate ####################################################################################
(cd "$keys/docker" && docker trust key generate alice >/dev/null)
alice_id=$(basename "$DOCKER_CONFIG/trust/private/"*.key .key)
cp "$DOCKER_CONFIG/trust/private/$alice_id.key" "$keys/docker/"
entry "$keys/docker/$alice_id.key" private-key notary-encrypted-pkcs8 docker "docker trust key generate alice: in the Docker trust directory" \
  role=alice passphrase=$DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE "notaryKeyId=$alice_id"
entry "$keys/docker/alice.pub" public-key notary-public-pem docker "docker trust key generate alice: the public half, with a role header" \
  role=alice "notaryKeyId=$alice_id"

### 5. A real collection: three roots ###############################################################################
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
echo "{\"trust_service\":{\"type\":\"local\"},\"storage\":{\"backend\":\"memory\"},\"server\":{\"http_addr\":\"127.0.0.1:$port\"}}" >"$work/server.json"
notary-server -config "$work/server.json" >"$work/server.log" 2>&1 &
server_pid=$!
fetch() { "$python" -c 'import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
open(sys.argv[2], "wb").write(opener.open(sys.argv[1]).read())' "$url/v2/$1/_trust/tuf/$2" "$3"; }
for _ in $(seq 100); do
  fetch registry.example.com/empty timestamp.key "$output/server-keys/timestamp.key" 2>/dev/null && break
  sleep 0.1
done
fetch registry.example.com/empty snapshot.key "$output/server-keys/snapshot.key"
for role in timestamp snapshot; do
  entry "$output/server-keys/$role.key" public-key notary-server-key-json notary-server \
    "GET /v2/registry.example.com/empty/_trust/tuf/$role.key before anything was published" role=$role gun=registry.example.com/empty
done
trust=$work/publisher
notary -s "$url" -d "$trust" init -p $gun >/dev/null
printf 'a payload\n' >"$work/payload"
notary -s "$url" -d "$trust" add $gun 1.0.0 "$work/payload" -p >/dev/null
echo yes | notary -s "$url" -d "$trust" key rotate $gun root >/dev/null
echo yes | notary -s "$url" -d "$trust" key rotate $gun root >/dev/null
notary -s "$url" -d "$work/fresh" list $gun | grep -q 1.0.0
collection=$output/notary-collection
for name in 1.root.json 2.root.json 3.root.json root.json targets.json snapshot.json timestamp.json; do
  fetch $gun $name "$collection/$name"
  entry "$collection/$name" metadata notary-v1 notary-server "GET /v2/$gun/_trust/tuf/$name" gun=$gun
done
mkdir "$keys/notary/collection"
for file in "$trust/private/"*.key; do
  id=$(basename "$file" .key)
  role=$(sed -n 's/^role: //p' "$file")
  variable=NOTARY_$(echo "$role" | tr '[:lower:]' '[:upper:]')_PASSPHRASE
  cp "$file" "$keys/notary/collection/"
  owner=()
  [ "$role" = root ] || owner=("gun=$gun")
  entry "$keys/notary/collection/$id.key" private-key notary-encrypted-pkcs8 notary "notary init and key rotate: a $role key of the collection in notary-collection/" \
    "role=$role" "${owner[@]}" "passphrase=${!variable}" "notaryKeyId=$id"
done

### 6. Certificates, and the ID Notary gives them ###################################################################
certify() { # NAME KEY CN DAYS EXTENSIONS [openssl options…]
  printf '[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = extensions\n[name]\nCN = %s\n[extensions]\n%b\n' "$3" "$5" >"$work/certificate.cnf"
  openssl req -x509 -new -config "$work/certificate.cnf" -key "$work/$2.pem" -days "$4" -out "$keys/certificates/$1.pem" "${@:6}"
}
usual='basicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature,keyEncipherment\nextendedKeyUsage = codeSigning'
record_certificate() { # NAME LABEL WHAT CN
  # Only an encrypted root key is taken ("only encrypted root keys may be imported"): the one in Notary's own form.
  # The real judge: a collection is initialised with the certificate and published. The ID is the root's own.
  local id="id_$2" verdict=(notaryAccepts=no)
  rm -rf "$work/init"
  if notary -s "$url" -d "$work/init" init -p "$4" --rootkey "$keys/notary/imported/${!id}.key" --rootcert "$keys/certificates/$1.pem" >"$work/init.log" 2>&1 &&
    notary -s "$url" -d "$work/init-fresh-$1" list "$4" >>"$work/init.log" 2>&1; then
    mkdir -p "$output/certificate-roots"
    fetch "$4" root.json "$work/init-root.json"
    cp "$work/init-root.json" "$output/certificate-roots/$1.root.json"
    entry "$output/certificate-roots/$1.root.json" metadata notary-v1 notary "the root of notary init --rootkey --rootcert with the certificate $1.pem" "gun=$4" label="$2"
    verdict=(notaryAccepts=yes "notaryTufKeyId=$("$python" -c 'import json,sys; print(json.load(open(sys.argv[1]))["signed"]["roles"]["root"]["keyids"][0])' "$work/init-root.json")")
  else
    verdict+=("notarySays=$(grep -ho 'fatal.*' "$work/init.log" | head -1)")
  fi
  entry "$keys/certificates/$1.pem" certificate x509 openssl "$3" label="$2" "notaryKeyId=${!id}" "gun=$4" "${verdict[@]}"
}
certify p256 p256 registry.example.com/p256 3650 "$usual"
record_certificate p256 p256 "self-signed, P-256, as Notary makes them" registry.example.com/p256
certify p384 p384 registry.example.com/p384 3650 "$usual" -sha384
record_certificate p384 p384 "self-signed, P-384, ecdsa-with-SHA384" registry.example.com/p384
certify rsa2048 rsa2048 registry.example.com/rsa2048 3650 "$usual"
record_certificate rsa2048 rsa2048 "self-signed, RSA-2048, sha256WithRSAEncryption" registry.example.com/rsa2048
certify wildcard p256 'registry.example.com/team-a/*' 3650 "$usual"
record_certificate wildcard p256 "CN ends in *: a prefix wildcard" registry.example.com/team-a/one
certify other-name p256 registry.example.com/elsewhere 3650 "$usual"
record_certificate other-name p256 "CN of another collection" registry.example.com/other-name
certify authority p256 registry.example.com/authority 3650 'basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign'
record_certificate authority p256 "CA:TRUE: no leaf" registry.example.com/authority
certify sha1 p256 registry.example.com/sha1 3650 "$usual" -sha1
record_certificate sha1 p256 "signed with SHA-1" registry.example.com/sha1
certify expires-soon p256 registry.example.com/expires-soon 30 "$usual"
record_certificate expires-soon p256 "30 days: less than the half year below which Notary warns" registry.example.com/expires-soon
# openssl req cannot set a start in the past, openssl ca can.
mkdir "$work/ca" && touch "$work/ca/index.txt"
printf '[ca]\ndefault_ca = d\n[d]\nnew_certs_dir = %s\ndatabase = %s/index.txt\nrand_serial = yes\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n[extensions]\n%b\n' "$work/ca" "$work/ca" "$usual" >"$work/ca.cnf"
dated() { # NAME START END
  openssl req -new -key "$work/p256.pem" -subj "/CN=registry.example.com\/$1" -out "$work/$1.csr"
  openssl ca -batch -notext -selfsign -config "$work/ca.cnf" -extensions extensions -keyfile "$work/p256.pem" -in "$work/$1.csr" \
    -startdate "$2" -enddate "$3" -out "$keys/certificates/$1.pem" 2>/dev/null
}
dated expired 20150101000000Z 20250101000000Z
record_certificate expired p256 "expired on 2025-01-01" registry.example.com/expired
dated not-yet 20450101000000Z 20550101000000Z
record_certificate not-yet p256 "not valid before 2045-01-01" registry.example.com/not-yet

### 7. TUF 1.0 chains, canonical JSON, the index ####################################################################
"$python" "$here/record/tuf_chains.py" "$output" "$entries"
node "$here/record/tuf-js-verdicts.mjs" "$output"
"$python" "$here/record/canonical_json.py" "$checkout/test/interop/peers" "$output/canonical-json.json"
"$python" "$here/record/index.py" "$output" "$entries" \
  "notary=$(dpkg-query -W -f '${Version}' notary 2>/dev/null || echo unknown)" \
  "notary-server=$(dpkg-query -W -f '${Version}' notary 2>/dev/null || echo unknown)" \
  "openssl=$(openssl version | cut -d' ' -f2)" "docker=$(docker --version | sed 's/^Docker version \([^,]*\),.*/\1/')" \
  "by-hand=test/vectors/record/notary_ed25519.py"
cp "$here/record/README.recorded.md" "$output/README.md"
rm -rf "$target"
mkdir -p "$(dirname "$target")"
cp -r "$output" "$target"
# As git keeps it: the same for whoever records.
find "$target" -type f -exec chmod 644 {} + -o -type d -exec chmod 755 {} +
