import { RootwardError } from '../../../shared/contract/errors.ts';

/** What a reader says it does by itself (USB CCID 1.1, section 5.1). */
export interface CcidDescriptor {
  /** How commands are put to it: whole APDUs, or the TPDUs of protocol T=0, one for each APDU. */
  readonly level: 'apdu' | 'tpdu';
  /** Whether APDUs in extended length go through. */
  readonly extended: boolean;
  /** Whether it chooses the card's voltage. */
  readonly chooses: boolean;
  /** The longest message either way, its header of ten bytes included. */
  readonly longestMessage: number;
}

const smartCardClass = 0x0b;
const [interfaceType, functionalType] = [4, 0x21];
const descriptorLength = 54;
const levels = { tpdu: 0x1, shortApdu: 0x2, extendedApdu: 0x4 };
const protocolT0 = 1;

/** @returns an error for a reader Rootward cannot speak with */
function unsuitable(what: string): RootwardError {
  return new RootwardError('token-not-capable', {
    message: `This smart-card reader cannot be used directly: ${what}.`,
    remedy: 'Use another reader or token, or one that has a PKCS#11 module.',
  });
}

/**
 * @param configuration a whole USB configuration descriptor, with all that follows it
 * @returns what the smart-card interface in it says
 * @throws RootwardError `token-not-capable` when there is none, when it is damaged, and for readers that leave the
 *   protocol T=1 or single characters to the host
 */
export function readCcidDescriptor(configuration: Uint8Array): CcidDescriptor {
  let inside = false;
  for (let at = 0; at + 2 <= configuration.length; ) {
    const length = configuration[at] ?? 0;
    const type = configuration[at + 1];
    if (length < 2 || at + length > configuration.length) break;
    if (type === interfaceType) inside = configuration[at + 5] === smartCardClass;
    else if (inside && type === functionalType && length === descriptorLength)
      return readFunctional(new DataView(configuration.buffer, configuration.byteOffset + at, length));
    at += length;
  }
  throw unsuitable('it does not describe itself as one');
}

function readFunctional(view: DataView): CcidDescriptor {
  const features = view.getUint32(40, true);
  const level = (features >> 16) & 0x7;
  const isTpdu = level === levels.tpdu;
  if (!isTpdu && (level & (levels.shortApdu | levels.extendedApdu)) === 0)
    throw unsuitable('it passes single characters on and leaves everything else to the computer');
  if (isTpdu && (view.getUint32(6, true) & protocolT0) === 0)
    throw unsuitable('it leaves the protocol T=1 to the computer');
  return {
    level: isTpdu ? 'tpdu' : 'apdu',
    extended: (level & levels.extendedApdu) !== 0,
    chooses: (features & 0x8) !== 0,
    // 271 is the least a reader may have; more than an extended APDU needs nobody has to believe.
    longestMessage: Math.min(Math.max(view.getUint32(44, true), 271), 65_556),
  };
}
