/**
 * A rehearsed change as a process of its own, to be killed: rotation-child VAULT REQUEST OUT [COUNT]. Goes on with an
 * open ceremony of the plan where there is one, tells each step as a line of JSON, and dies by its own hand after COUNT
 * of them.
 */
import { readFileSync, writeSync } from 'node:fs';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { custodianAt } from '../interop/ceremony-program.ts';

const [, , vault = '', requestFile = '', out = '', count = ''] = process.argv;
const tell = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

const { plan, online, passphrases } = JSON.parse(readFileSync(requestFile, 'utf8'));
const custodian = custodianAt(vault);
tell({ ready: true });
const request = { plan, rehearsal: true, resume: true };
const { id } = answered(await custodian.handle('openCeremony', request));
tell({ ceremony: id });
let done = 0;
const answers = {
  passphrases: new Map(Object.entries(passphrases as Record<string, string>)),
  online,
  keyFiles: new Map(),
  destination: out,
};
const finished = await driveCeremony(custodian, id, answers, step => {
  tell({ step: step.id });
  done += 1;
  if (String(done) === count) process.kill(process.pid, 'SIGKILL');
});
tell({ finished: finished.state === 'finished', version: finished.version });
await custodian.close();
