import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { defaultPin } from '../../simulators/piv-card.ts';
import { OrdinaryUser, userId } from '../ordinary-user.ts';
import { ledgers, onlyToken, pivTokenWithKey, plugged } from '../prepared-tokens.ts';
import { startPcscd, startUdevd } from '../programs.ts';
import { refusal } from '../refusals.ts';
import type { Scenario } from '../scenario.ts';
import { signRoot } from '../sign-root.ts';
import { until } from '../until.ts';

const rule = '70-rootward.rules';
const installedRule = `/etc/udev/rules.d/${rule}`;

/** What systemd-logind, which the guest has not, writes down about who sits at the machine. */
function sitAtTheMachine(user: number): void {
  mkdirSync('/run/systemd/seats', { recursive: true });
  writeFileSync('/run/systemd/seats/seat0', `ACTIVE_UID=${user}\n`);
}

/** Interfaces that a program has claimed are bound to the kernel's driver usbfs. */
const someProgramHoldsAnInterface = (): boolean =>
  readdirSync('/sys/bus/usb/drivers/usbfs').some(name => name.includes(':'));

export const accessScenarios: readonly Scenario[] = [
  {
    name: "no permission, and the project's udev rule gives it",
    run: async bench => {
      const user = await OrdinaryUser.start(bench.program);
      await bench.tokens.makePivCard('yubikey');
      await bench.tokens.makeLedger('ledger');
      const plugIn = async () => {
        await bench.tokens.plug('yubikey');
        await bench.tokens.plug('ledger');
        await onlyToken(ledgers());
      };
      await plugIn();
      for (const custody of ['piv', 'ledger'] as const) {
        const { remedy } = await refusal(bench, 'token-no-permission', user.identify(custody));
        assert.match(remedy, /udev rule/);
      }
      await bench.tokens.pull('yubikey');
      await bench.tokens.pull('ledger');

      sitAtTheMachine(userId);
      copyFileSync(`assets/udev/${rule}`, installedRule);
      const udevd = await startUdevd(bench);
      try {
        await plugIn();
        for (const custody of ['piv', 'ledger'] as const) {
          // The rules are at work some time after the device is there.
          const product = await until('permission', () => user.identify(custody).catch(() => undefined));
          bench.note(product);
        }
      } finally {
        await udevd.stop();
        rmSync(installedRule);
        user.stop();
      }
    },
  },
  {
    name: 'PIV: the reader held by pcscd, and given free',
    run: async bench => {
      const { finder, token, publicKey, signer } = await pivTokenWithKey(bench);
      const pcscd = await startPcscd(bench);
      try {
        await until('pcscd to take the reader', async () =>
          someProgramHoldsAnInterface() ? true : undefined,
        );
        const { remedy } = await refusal(bench, 'token-busy', token.identify());
        assert.match(remedy, /pcscd/);
        await refusal(bench, 'token-busy', signRoot(signer, defaultPin));
        await plugged(finder, 1);
      } finally {
        await pcscd.stop();
      }
      await signRoot(await token.signer(publicKey), defaultPin);
    },
  },
];
