import { ledgerFinder } from '../../signers/ledger/finder.ts';
import { pivTokens } from '../../signers/piv/piv-token.ts';
import { pkcs11Finder } from '../../signers/pkcs11/finder.ts';
import { ledgerHidBus } from '../../signers/transport/ledger-hid.ts';
import { usbCcidBus } from '../../signers/transport/usb-ccid.ts';
import type { TokenFinders } from './token-desk.ts';

/** The ways to tokens on this machine. Each loads its native package when it first looks. */
export const tokenFindersHere: TokenFinders = settings => [
  pivTokens(usbCcidBus()),
  ledgerFinder(ledgerHidBus()),
  pkcs11Finder(() => settings().modules),
];
