import { RootwardError } from '../../../shared/contract/errors.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { Desk } from '../desk.ts';

/** Before 73-seat-late.rules, which hands out what `uaccess` marks. */
const ruleName = '70-rootward.rules';

/** The udev rule of assets/udev, as a file to save and as the command that puts that file in its place. */
export function readDeviceRule(desk: Desk): { file: FileInput; command: string } {
  if (process.platform !== 'linux' || desk.deviceRule === undefined) {
    throw new RootwardError('not-supported-here', {
      message: 'Rules for devices exist on Linux only.',
      remedy: 'On this system, tokens are reached through the PKCS#11 module of their maker.',
    });
  }
  return {
    file: { name: ruleName, bytes: new TextEncoder().encode(desk.deviceRule) },
    command: `sudo install -m 644 ${ruleName} /etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger`,
  };
}
