import assert from 'node:assert/strict';
import { platformVerifier } from '../../electron/signers/platform-verifier.ts';
import type { Signer } from '../../electron/signers/signer.ts';
import { signAndVerify } from '../../electron/signers/software.ts';
import { tuf10 } from '../../shared/dialects/tuf-1-0.ts';
import { canonicalJson } from '../../shared/tuf/canonical-json.ts';
import { readRoot } from '../../shared/tuf/metadata.ts';
import type { PublicKey } from '../../shared/tuf/public-key.ts';
import { verifyRoot } from '../../shared/tuf/verify.ts';
import { documentOf, listKey, makeTestKey, rootSigned } from '../unit/build-metadata.ts';

/** @returns what is under `signed` of a root whose one root key is the token's */
function rootOf(publicKey: PublicKey) {
  const object = tuf10.writeKey(publicKey);
  const online = listKey(tuf10, makeTestKey('ed25519'));
  const keyId = tuf10.keyId(object);
  const listed = { publicKey, privateKey: online.privateKey, object, keyId };
  const signed = rootSigned({
    dialect: tuf10,
    version: 1,
    root: { keys: [listed], threshold: 1 },
    online,
  });
  return { keyId, signed };
}

/** Signs a root of TUF 1.0 by a token, and verifies the whole document. */
export async function signRoot(signer: Signer, pin: string): Promise<void> {
  const { publicKey } = signer;
  const { keyId, signed } = rootOf(publicKey);
  const secret = new TextEncoder().encode(pin);
  const signature = await signAndVerify(signer, canonicalJson(signed), tuf10.hashFor(publicKey), secret);
  requireVerified(documentOf(signed, [tuf10.writeSignature(keyId, publicKey, signature)]));
}

/** Checks the first root of a repository as a client does, with the platform's crypto. */
export function requireVerified(root: Uint8Array): void {
  const verdict = verifyRoot(readRoot(root), undefined, true, {
    verifier: platformVerifier,
    at: Date.now(),
  });
  assert.deepEqual(verdict.problems, []);
}
