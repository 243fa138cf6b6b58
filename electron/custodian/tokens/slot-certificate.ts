import { randomBytes } from 'node:crypto';
import { beginRootCertificate } from '../../../shared/tuf/certificate.ts';
import { formatDateTime } from '../../../shared/tuf/date-time.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import { ecdsaToDer } from '../../../shared/tuf/signature.ts';
import type { NewTokenKey } from '../../signers/token.ts';
import type { SignNow } from '../with-signer.ts';

/** Notary's certificates last ten years of 365 days (const.go:38-46). */
const lifetime = 10 * 365 * 86_400_000;

/**
 * The certificate that Notary's YubiKey support looks for beside a root key: self-signed, named after the role and not
 * after a collection (trustmanager/yubikey/yubikeystore.go, addECDSAKey). It says where the key is; no client sees it.
 * @param sign signs with the key itself: fixed-width ECDSA
 * @returns DER
 * @throws RootwardError `unsupported-key` for a key that is not ECDSA
 */
export async function makeSlotCertificate(
  publicKey: PublicKey,
  sign: SignNow,
  now: Date,
): Promise<Uint8Array> {
  const notBefore = Math.floor(now.getTime() / 1000) * 1000;
  const { tbs, finish } = beginRootCertificate({
    commonName: 'root',
    notBefore: formatDateTime(notBefore),
    notAfter: formatDateTime(notBefore + lifetime),
    serial: randomBytes(16),
    publicKey,
  });
  return finish(ecdsaToDer(await sign(tbs, 'sha256')));
}

/** @returns how a token certifies a key it has just made, where it shows its keys by their certificates alone */
export const slotCertifier =
  (now: Date): NonNullable<NewTokenKey['certify']> =>
  (publicKey, sign) =>
    makeSlotCertificate(publicKey, sign, now);
