/**
 * Overwrites secret bytes with zeros. JavaScript may have copied them before (a string, a resized buffer); what can
 * be reached is wiped, and secrets are kept in byte arrays so that they can be reached.
 * @param secrets byte arrays; undefined is passed over, so that a `finally` needs no condition
 */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}
