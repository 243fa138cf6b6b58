import { randomBytes } from 'node:crypto';
import { rehearsalMark } from '../../../shared/ceremony/rehearsal-mark.ts';
import type { SettledPlan } from '../../../shared/ceremony/settled-plan.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { beginRootCertificate, readCertificateChain } from '../../../shared/tuf/certificate.ts';
import { formatDateTime } from '../../../shared/tuf/date-time.ts';
import { writePem } from '../../../shared/tuf/pem.ts';
import type { PublicKey } from '../../../shared/tuf/public-key.ts';
import { ecdsaToDer } from '../../../shared/tuf/signature.ts';
import type { SignNow } from '../with-signer.ts';

/** Notary's certificates last ten years of 365 days (const.go:38-46). */
const certificateLifetime = 10 * 365 * 86_400_000;

/**
 * Notary root keys stand in a self-signed certificate named after the collection (tuf/utils/x509.go).
 * @param sign signs with the key itself: fixed-width ECDSA
 * @returns PEM, read back
 */
export async function makeHolderCertificate(
  plan: SettledPlan,
  publicKey: PublicKey,
  sign: SignNow,
  now: Date,
): Promise<string> {
  const notBefore = Math.floor(now.getTime() / 1000) * 1000;
  const rootExpires = Date.parse(plan.expires.root);
  // A root that outlives its certificates could not be verified to its end; a rehearsal's must not outlive it.
  const notAfter = plan.rehearsal ? rootExpires : Math.max(notBefore + certificateLifetime, rootExpires);
  const { tbs, finish } = beginRootCertificate({
    commonName: plan.repository,
    ...(plan.rehearsal ? { organizationalUnit: rehearsalMark } : {}),
    notBefore: formatDateTime(notBefore),
    notAfter: formatDateTime(notAfter),
    serial: randomBytes(16),
    publicKey,
  });
  const pem = writePem('CERTIFICATE', finish(ecdsaToDer(await sign(tbs, 'sha256'))));
  if (readCertificateChain(pem)[0]?.publicKey.fingerprint !== publicKey.fingerprint) {
    throw new RootwardError('key-mismatch', {
      message: 'The certificate that was just made holds another key.',
      remedy: 'Stop. Nothing was kept. Report it: this is a fault of Rootward or of this machine.',
    });
  }
  return pem;
}
