import { inflateRaw } from '../../../shared/display/inflate.ts';
import { writeInteger, writeSequence } from '../../../shared/tuf/der.ts';
import { type PublicKey, publicKeyFromRaw } from '../../../shared/tuf/public-key.ts';
import { findTlv, readTlvs, replyInvalid, requireTlv } from '../tlv.ts';

/** More than a certificate of a card ever has (the object holds about 3 kB). */
const certificateMaximum = 65_536;

/** @param modulus big-endian @param exponent big-endian @returns the RSA key of these numbers */
export function rsaPublicKeyFromNumbers(modulus: Uint8Array, exponent: Uint8Array): PublicKey {
  return publicKeyFromRaw('rsa', writeSequence(writeInteger(modulus), writeInteger(exponent)));
}

/**
 * @param object the content of a certificate object: 70 certificate, 71 how it is packed, FE
 * @returns the certificate's DER, unpacked if it was packed with gzip (bit 0 of 71)
 * @throws RootwardError `token-reply-invalid`
 * Source: SP 800-73-4 part 1 appendix A, table 10
 */
export function readCardCertificate(object: Uint8Array): Uint8Array {
  const parts = readTlvs(object, 'a certificate object');
  const stored = requireTlv(parts, 0x70, 'a certificate object');
  const packing = findTlv(parts, 0x71)?.[0] ?? 0;
  return (packing & 1) === 0 ? Uint8Array.from(stored) : gunzip(stored);
}

/** Gzip as cards' tools write it: a header without extra fields, raw DEFLATE, checksum and length (RFC 1952). */
function gunzip(bytes: Uint8Array): Uint8Array {
  const [first, second, method, flags = 0] = bytes;
  if (first !== 0x1f || second !== 0x8b || method !== 8 || flags !== 0 || bytes.length < 18)
    throw replyInvalid('a certificate is packed in an unknown way');
  try {
    return inflateRaw(bytes.subarray(10, -8), certificateMaximum);
  } catch {
    throw replyInvalid('a packed certificate is damaged');
  }
}
