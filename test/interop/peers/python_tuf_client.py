"""python-tuf, the reference implementation of TUF, as a client for tests. One JSON object on standard output.

    python_tuf_client.py refresh --metadata-url URL --trusted-root FILE --client-directory DIR
                                 [--target NAME]... [--target-url URL]
    python_tuf_client.py verify_chain ROOT_FILE...
    python_tuf_client.py key_id                (a list of {keytype, scheme, keyval} on standard input)
    python_tuf_client.py canonical_json        (a list of JSON texts on standard input)

Exit code 0 and {"ok": true, ...}, or 1 and {"ok": false, "error": class, "message": text} when python-tuf refuses.
It opens no connection but to the URL it is given, and none for the other commands.
"""

from __future__ import annotations

import argparse
import datetime
import json
import pathlib
import sys

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import _utils as signer_utils
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType


def refresh(arguments: argparse.Namespace) -> dict:
    """Refreshes a fresh client from a trusted root, then looks the targets up."""
    directory = pathlib.Path(arguments.client_directory)
    downloads = directory / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    updater = Updater(
        metadata_dir=str(directory),
        metadata_base_url=arguments.metadata_url,
        target_dir=str(downloads),
        target_base_url=arguments.target_url,
        config=UpdaterConfig(),
        bootstrap=pathlib.Path(arguments.trusted_root).read_bytes(),
    )
    updater.refresh()
    targets = {}
    for name in arguments.target:
        found = updater.get_targetinfo(name)
        if found is None:
            targets[name] = None
            continue
        if arguments.target_url:
            updater.download_target(found)
        targets[name] = {
            "length": found.length,
            "hashes": found.hashes,
            "downloaded": bool(arguments.target_url),
        }
    # What the client keeps is what it trusts.
    versions = {
        f"{role}Version": json.loads((directory / f"{role}.json").read_bytes())["signed"]["version"]
        for role in ("root", "timestamp", "snapshot", "targets")
    }
    return {**versions, "targets": targets}


def verify_chain(arguments: argparse.Namespace) -> dict:
    """Walks a chain of roots: python-tuf's counts of signatures for each step, and its client's verdict.

    The first file is trusted, as a client trusts the root it is shipped with: it only has to be signed by itself.
    Every file is looked at even after a refusal, so that the counts can be compared step by step.
    """
    contents = [pathlib.Path(file).read_bytes() for file in arguments.files]
    steps = []
    previous: Root | None = None
    for content in contents:
        try:
            metadata = Metadata[Root].from_bytes(content)
            root = metadata.signed
            if not isinstance(root, Root):
                raise ValueError(f"not a root but {root.type}")
            delegator = previous or root
            result = root.get_root_verification_result(
                previous, metadata.signed_bytes, metadata.signatures
            )
            steps.append(
                {
                    "version": root.version,
                    "expires": root.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "expired": root.is_expired(datetime.datetime.now(datetime.timezone.utc)),
                    "byPrevious": None if previous is None else count(result.first, delegator),
                    "bySelf": count(result.second, root),
                    "verified": result.verified,
                }
            )
            previous = root
        except Exception as error:  # noqa: BLE001 - a refusal of any kind is the answer
            steps.append({"error": type(error).__name__, "message": explain(error)})
    verdict: dict = {"accepted": True}
    trusted = None
    for position, content in enumerate(contents):
        try:
            if trusted is None:
                trusted = TrustedMetadataSet(content, EnvelopeType.METADATA)
            else:
                trusted.update_root(content)
        except Exception as error:  # noqa: BLE001
            verdict = {
                "accepted": False,
                "position": position,
                "error": type(error).__name__,
                "message": explain(error),
            }
            break
    return {"steps": steps, "client": verdict}


def explain(error: BaseException) -> str:
    """The message with those of its causes: "Failed to deserialize JSON" alone says nothing."""
    parts = [str(error)]
    while (error := error.__cause__ or error.__context__) is not None:
        parts.append(f"{type(error).__name__}: {error}")
    return "; ".join(part for part in parts if part)


def count(result, delegator: Root) -> dict:
    """One role's verification result as plain numbers and key IDs."""
    role = delegator.get_delegated_role(Root.type)
    return {
        "threshold": result.threshold,
        "verified": result.verified,
        "signed": sorted(result.signed),
        "unsigned": sorted(result.unsigned),
        "keyIds": sorted(role.keyids),
    }


def key_id(_arguments: argparse.Namespace) -> dict:
    """securesystemslib's key ID of each key on standard input."""
    keys = json.load(sys.stdin)
    return {
        "keyIds": [
            signer_utils.compute_default_keyid(key["keytype"], key["scheme"], key["keyval"]) for key in keys
        ]
    }


def canonical_json(_arguments: argparse.Namespace) -> dict:
    """securesystemslib's canonical form of each JSON text on standard input, as hex, or its refusal."""
    results = []
    for text in json.load(sys.stdin):
        try:
            results.append({"canonicalHex": encode_canonical(json.loads(text)).encode("utf-8").hex()})
        except Exception as error:  # noqa: BLE001
            results.append({"error": type(error).__name__, "message": str(error)})
    return {"results": results}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    refresh_parser = commands.add_parser("refresh")
    refresh_parser.add_argument("--metadata-url", required=True)
    refresh_parser.add_argument("--trusted-root", required=True)
    refresh_parser.add_argument("--client-directory", required=True)
    refresh_parser.add_argument("--target", action="append", default=[])
    refresh_parser.add_argument("--target-url")
    chain_parser = commands.add_parser("verify_chain")
    chain_parser.add_argument("files", nargs="+")
    commands.add_parser("key_id")
    commands.add_parser("canonical_json")
    arguments = parser.parse_args()
    command = {
        "refresh": refresh,
        "verify_chain": verify_chain,
        "key_id": key_id,
        "canonical_json": canonical_json,
    }[arguments.command]
    try:
        answer = {"ok": True, **command(arguments)}
    except Exception as error:  # noqa: BLE001
        answer = {"ok": False, "error": type(error).__name__, "message": explain(error)}
    print(json.dumps(answer))
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
