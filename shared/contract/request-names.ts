import type { RequestName } from './requests.ts';

/**
 * What the preload needs of the contract, free of zod, so that the code in front of the window stays small:
 * the names of the requests, the channels, and the wiping of what was handed on.
 */
export const requestNames = [
  'describeApplication',
  'createVault',
  'describeHome',
  'describeNetwork',
  'previewPlan',
  'openCeremony',
  'findFinished',
  'reviseCeremony',
  'readCeremony',
  'readPlan',
  'completeStep',
  'exportAgain',
  'abandonCeremony',
  'confirmUnpublished',
  'writeSigningRequest',
  'readSigningRequest',
  'signRequest',
  'importSignature',
  'readPayload',
  'readTranscript',
  'suggestPassphrase',
  'verifyFiles',
  'inspectFile',
  'describeTokens',
  'readTokenProof',
  'manageToken',
  'configureTokens',
  'readDeviceRule',
  'listMedia',
  'describeBackups',
  'setBackupPolicy',
  'noteBackup',
  'voidBackup',
  'changePassphrase',
  'beginSplit',
  'readSplit',
  'readShare',
  'confirmShare',
  'handOutShare',
  'confirmHandedShare',
  'finishSplit',
  'abandonSplit',
  'confirmVoidSplit',
  'makeBundle',
  'beginRestore',
  'readRestore',
  'addShare',
  'addBundle',
  'addRoot',
  'proveBackup',
  'finishRestore',
  'abandonRestore',
  'beginDrill',
  'readDrill',
  'finishDrill',
  'abandonDrill',
  'chooseFolder',
  'chooseFiles',
  'saveFile',
  'printTranscript',
  'printShareForm',
  'openScanner',
  'closeScanner',
] as const satisfies readonly RequestName[];

/** A request that stands in the contract and not in the list above makes this line a type error. */
type Forgotten = Exclude<RequestName, (typeof requestNames)[number]>;
export const everyRequestIsNamed: [Forgotten] extends [never] ? true : Forgotten = true;

/** The IPC channel of a request, and the one channel of events. */
export const channelOf = (name: RequestName): string => `rootward:${name}`;
export const eventChannel = 'rootward:event';

/**
 * Overwrites every byte array inside `value` with zeros: passphrases, and files, which may be keys. To be
 * called on one's own copy once it was handed on or used. Strings cannot be wiped; requests carry none that
 * are secret.
 */
export function wipeBytes(value: unknown): void {
  if (value instanceof Uint8Array) value.fill(0);
  else if (Array.isArray(value)) for (const item of value) wipeBytes(item);
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) wipeBytes(item);
}
