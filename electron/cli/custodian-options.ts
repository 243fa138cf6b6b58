import type { CustodianOptions } from '../custodian/custodian.ts';

declare const __ROOTWARD_VERSION__: string;

/** @returns how a command makes its custodian; without a vault where it needs none */
export function cliCustodian(vaultPath = ''): CustodianOptions {
  return { vaultPath, runtime: 'stand-in', version: __ROOTWARD_VERSION__ };
}
