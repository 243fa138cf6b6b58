"""python-tuf's client over many root chains at once: a JSON list of lists of texts on standard input.

For each chain null where every root is accepted (the first is trusted), or the position of the first refused one.
"""

import json
import sys

from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

verdicts: list = []
for chain in json.load(sys.stdin):
    trusted = None
    verdict = None
    for position, text in enumerate(chain):
        try:
            if trusted is None:
                trusted = TrustedMetadataSet(text.encode(), EnvelopeType.METADATA)
            else:
                trusted.update_root(text.encode())
        except Exception:  # noqa: BLE001 - a refusal of any kind is the answer
            verdict = position
            break
    verdicts.append(verdict)
json.dump(verdicts, sys.stdout)
