import { RootwardError } from '../../../shared/contract/errors.ts';
import {
  type Certificate,
  readCertificate,
  verifyCertificateSignature,
} from '../../../shared/tuf/certificate.ts';
import {
  contextTag,
  type DerValue,
  derObjectIdentifier,
  derOctets,
  derSmallInteger,
  derTag,
  readDer,
} from '../../../shared/tuf/der.ts';
import { replyInvalid } from '../tlv.ts';
import type { Attestation } from '../token.ts';
import { pinPolicyBytes, policyName, touchPolicyBytes } from './identifiers.ts';

/** Yubico's extensions of an attestation certificate (developers.yubico.com, "PIV Attestation"). */
const extension = {
  /** Three bytes. */
  firmware: '1.3.6.1.4.1.41482.3.3',
  /** INTEGER. */
  serial: '1.3.6.1.4.1.41482.3.7',
  /** Two bytes: PIN policy, touch policy. */
  policies: '1.3.6.1.4.1.41482.3.8',
} as const;

/**
 * Reads an attestation and checks its chain: the key's certificate by the card's, the card's by an authority. Dates
 * are not judged: a card has no clock, and where a key was made does not expire.
 * @param leaf the certificate of the key, DER
 * @param card the certificate of the card's attestation key, DER; undefined where the card has none
 * @param authorities certificates the user trusts, DER
 * @returns with `trustedBy` when the chain ends at one of them, else with the `problem`
 * @throws RootwardError `token-reply-invalid` when the key's certificate cannot be read, or is another slot's;
 *   `unsupported-key` when it is of a kind unknown here
 */
export function readAttestation(
  slot: string,
  leaf: Uint8Array,
  card: Uint8Array | undefined,
  authorities: readonly Uint8Array[],
): Attestation {
  const certificate = orInvalid(() => readCertificate(leaf));
  const said = orInvalid(() => extensionsOf(leaf));
  const firmware = said.get(extension.firmware);
  const serial = said.get(extension.serial);
  const policies = said.get(extension.policies);
  // Without it a proof about one slot could be shown for another.
  if (!certificate.subjectCommonName.toLowerCase().endsWith(` ${slot}`))
    throw replyInvalid(`its attestation speaks of "${certificate.subjectText}", not of slot ${slot}`);
  return {
    chain: card === undefined ? [leaf] : [leaf, card],
    ...judge(certificate, card, authorities),
    publicKey: certificate.publicKey,
    serial:
      serial &&
      orInvalid(() => derSmallInteger(readDer(serial), 'the serial number', 0xffff_ffff)).toString(),
    firmware: firmware?.length === 3 ? firmware.join('.') : undefined,
    pinPolicy: policyName(pinPolicyBytes, policies?.[0]),
    touchPolicy: policyName(touchPolicyBytes, policies?.[1]),
  };
}

function judge(
  leaf: Certificate,
  card: Uint8Array | undefined,
  authorities: readonly Uint8Array[],
): Pick<Attestation, 'trustedBy' | 'problem'> {
  const not = (problem: string) => ({ trustedBy: undefined, problem });
  if (card === undefined) return not('The token has no attestation certificate of its own.');
  let issuer: Certificate;
  try {
    issuer = readCertificate(card);
  } catch {
    return not("The token's attestation certificate cannot be read.");
  }
  if (leaf.issuerText !== issuer.subjectText || !verifyCertificateSignature(leaf, issuer.publicKey))
    return not("The attestation was not signed with the token's attestation key.");
  const trusted = authorities
    .map(readCertificate)
    .find(
      authority =>
        authority.isCertificateAuthority &&
        authority.subjectText === issuer.issuerText &&
        verifyCertificateSignature(issuer, authority.publicKey),
    );
  if (trusted === undefined)
    return not(`The maker of the token, "${issuer.issuerText}", is none of the authorities you trust.`);
  // YubiKeys 4 left the factory with a certificate that does not say so (Yubico's support article 15000013406). Of no
  // other maker is that believed: any certificate of an authority could then pass for a token's.
  if (!issuer.isCertificateAuthority && !trusted.subjectText.startsWith('CN=Yubico '))
    return not("The token's attestation certificate may not sign other certificates.");
  return { trustedBy: trusted.subjectText, problem: undefined };
}

/** @returns the contents of a certificate's extensions by their object identifiers */
function extensionsOf(der: Uint8Array): Map<string, Uint8Array> {
  const signed = readDer(der).children[0];
  const list = signed?.children.find(child => child.tag === contextTag(3, true))?.children[0]?.children ?? [];
  return new Map(
    list.map((entry: DerValue): [string, Uint8Array] => {
      const [name, content] = [entry.children[0], entry.children.at(-1)];
      if (name?.tag !== derTag.objectIdentifier || content === undefined)
        throw replyInvalid('an extension of its attestation is damaged');
      return [derObjectIdentifier(name, 'an extension'), derOctets(content, 'an extension')];
    }),
  );
}

/** Errors that say already what is wrong. */
const ownCodes: readonly RootwardError['code'][] = ['token-reply-invalid', 'unsupported-key'];

function orInvalid<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RootwardError) || ownCodes.includes(error.code)) throw error;
    throw replyInvalid(`its attestation cannot be used (${error.message.replace(/\.$/, '')})`);
  }
}
