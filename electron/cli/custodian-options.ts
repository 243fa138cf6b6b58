import path from 'node:path';
import type { CustodianOptions } from '../custodian/custodian.ts';

declare const __ROOTWARD_VERSION__: string;

/**
 * @param modules PKCS#11 modules that were named on the command line
 * @returns how a command makes its custodian; without a vault where it needs none
 */
export function cliCustodian(vaultPath = '', modules: readonly string[] = []): CustodianOptions {
  return {
    vaultPath,
    runtime: 'stand-in',
    version: __ROOTWARD_VERSION__,
    modules: modules.map(file => path.resolve(file)),
  };
}
