"""Makes a small TUF 1.0 repository with python-tuf alone, for tests of clients.

    python_tuf_repository.py DIRECTORY [--roots N]

DIRECTORY/metadata gets 1.root.json … N.root.json (two keys of three, one of them replaced in every version),
1.targets.json, 1.snapshot.json and timestamp.json; DIRECTORY/targets the one target `payments/app.txt` under its
consistent-snapshot name. Every key is made here and forgotten.
"""

from __future__ import annotations

import argparse
import copy
import datetime
import hashlib
import pathlib

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

TARGET_PATH = "payments/app.txt"
TARGET_BYTES = b"the payload of a test\n"


def make_repository(directory: pathlib.Path, root_versions: int) -> None:
    metadata_directory = directory / "metadata"
    target_directory = directory / "targets" / "payments"
    metadata_directory.mkdir(parents=True)
    target_directory.mkdir(parents=True)
    digest = hashlib.sha256(TARGET_BYTES).hexdigest()
    (target_directory / f"{digest}.app.txt").write_bytes(TARGET_BYTES)

    expires = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=30)
    make = [CryptoSigner.generate_ecdsa, CryptoSigner.generate_ed25519, CryptoSigner.generate_rsa]
    root_signers = [generate() for generate in make]
    online = {role: CryptoSigner.generate_ed25519() for role in ("targets", "snapshot", "timestamp")}

    root = Root(expires=expires, consistent_snapshot=True)
    for signer in root_signers:
        root.add_key(signer.public_key, "root")
    root.roles["root"].threshold = 2
    for role, signer in online.items():
        root.add_key(signer.public_key, role)

    previous_signers: list[CryptoSigner] = []
    for version in range(1, root_versions + 1):
        if version > 1:
            previous_signers = list(root_signers)
            replaced = (version - 2) % len(make)
            root = copy.deepcopy(root)
            root.version = version
            root.revoke_key(root_signers[replaced].public_key.keyid, "root")
            root_signers[replaced] = make[replaced]()
            root.add_key(root_signers[replaced].public_key, "root")
        metadata = Metadata(root)
        for signer in {s.public_key.keyid: s for s in [*previous_signers, *root_signers]}.values():
            metadata.sign(signer, append=True)
        write(metadata, metadata_directory / f"{version}.root.json")

    targets = Targets(expires=expires)
    targets.targets[TARGET_PATH] = TargetFile.from_data(TARGET_PATH, TARGET_BYTES)
    snapshot = Snapshot(expires=expires, meta={"targets.json": MetaFile(1)})
    timestamp = Timestamp(expires=expires, snapshot_meta=MetaFile(1))
    for name, role in (("1.targets.json", targets), ("1.snapshot.json", snapshot), ("timestamp.json", timestamp)):
        metadata = Metadata(role)
        metadata.sign(online[role.type])
        write(metadata, metadata_directory / name)


def write(metadata: Metadata, file: pathlib.Path) -> None:
    file.write_bytes(metadata.to_bytes(JSONSerializer(compact=False)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--roots", type=int, default=3)
    arguments = parser.parse_args()
    make_repository(arguments.directory, arguments.roots)
