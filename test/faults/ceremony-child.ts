/**
 * A rehearsal as a process of its own, to be killed: ceremony-child VAULT PLAN OUT. Goes on with an open ceremony of
 * the plan where there is one, and tells each step as a line of JSON.
 */
import { readFileSync, writeSync } from 'node:fs';
import { driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { answersFor, custodianAt } from '../interop/ceremony-program.ts';

const [, , vault = '', planFile = '', out = ''] = process.argv;
const tell = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

const plan = JSON.parse(readFileSync(planFile, 'utf8'));
const custodian = custodianAt(vault);
tell({ ready: true });
const { id } = answered(await custodian.handle('openCeremony', { plan, rehearsal: true, resume: true }));
tell({ ceremony: id });
const finished = await driveCeremony(custodian, id, answersFor(plan, out), step => tell({ step: step.id }));
tell({ finished: finished.state === 'finished' });
await custodian.close();
