import path from 'node:path';
import { z } from 'zod';
import { backupIdSchema, scenarioSchema } from '../../../shared/backup/events.ts';
import { personNameSchema, repositoryNameSchema } from '../../../shared/ceremony/plan.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { type Custodian, createCustodian } from '../../custodian/custodian.ts';
import { writeFileDurably } from '../../platform/durable-files.ts';
import { cliCustodian } from '../custodian-options.ts';
import { answered, type Command, readArguments, readNamedFile, required, wrongUsage } from '../output.ts';
import { type Passphrases, passphraseFor } from '../passphrases.ts';
import { addShares, opensWith } from '../recovery-files.ts';
import { networkOf, readPassphrases } from './backup.ts';
import { readJsonFile } from './ceremony.ts';

/** What a scripted drill does. Files are relative to the plan. */
const drillPlanSchema = z.strictObject({
  scenario: scenarioSchema,
  holder: personNameSchema.optional(),
  repository: repositoryNameSchema.optional(),
  /** `shares-lost`: the ID of the set, as `rootward backup list` tells it. */
  set: backupIdSchema.optional(),
  lost: z.array(personNameSchema).max(16).optional(),
  /** What keys are recovered from, one after another. */
  recover: z
    .array(
      z.union([
        z.strictObject({ bundle: z.string(), identity: z.string().optional() }),
        z.strictObject({ shares: z.array(z.string()).min(1).max(256), identity: z.string().optional() }),
      ]),
    )
    .max(100),
  people: z.array(personNameSchema).max(40).default([]),
  remark: z.string().trim().min(1).max(2000).optional(),
});
type DrillPlanFile = z.infer<typeof drillPlanSchema>;

/** `rootward drill PLAN.json --vault DIR --passphrases FILE [--rehearsal] [--out REPORT] [--json]` */
export const drillCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    vault: { type: 'string' },
    rehearsal: { type: 'boolean', default: false },
    passphrases: { type: 'string' },
    network: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  const [planFile, ...more] = positionals;
  if (planFile === undefined || more.length > 0) throw wrongUsage('Name one plan of a drill.');
  const plan = readJsonFile(planFile, drillPlanSchema, 'plan');
  const passphrases = readPassphrases(values);
  const { rehearsal } = values;
  const { scenario, holder, repository, set, lost, people, remark } = plan;
  const custodian = createCustodian(cliCustodian(path.resolve(required(values.vault, '--vault'))));
  try {
    const drill = answered(
      await custodian.handle('beginDrill', { scenario, rehearsal, holder, repository, backupId: set, lost }),
    );
    for (const sentence of drill.situation) output.error(`${sentence}\n`);
    const failures: string[] = [];
    for (const recovery of plan.recover) {
      const beginning = {
        purpose: 'drill',
        rehearsal,
        drillId: drill.drillId,
        ...networkOf(values),
      } as const;
      const { restoreId } = answered(await custodian.handle('beginRestore', beginning));
      try {
        await recover(custodian, restoreId, planFile, recovery, passphrases);
      } catch (error) {
        // What fails is what a drill is for: it stands in the report, and the next backup is tried.
        if (!(error instanceof RootwardError)) throw error;
        output.error(`failed: ${error.message}\n`);
        failures.push(error.message.slice(0, 500));
        await custodian.handle('abandonRestore', { restoreId });
      }
    }
    const { drill: record, report } = answered(
      await custodian.handle('finishDrill', {
        drillId: drill.drillId,
        people,
        failures: failures.slice(0, 100),
        ...(remark === undefined ? {} : { remark }),
      }),
    );
    if (values.out !== undefined)
      await writeFileDurably(path.resolve(values.out), new TextEncoder().encode(report), { mode: 0o644 });
    output.out(values.json ? `${JSON.stringify({ ok: record.passed, drill: record })}\n` : report);
    return record.passed ? 0 : 1;
  } finally {
    await custodian.close();
  }
};

async function recover(
  custodian: Custodian,
  restoreId: string,
  planFile: string,
  recovery: DrillPlanFile['recover'][number],
  passphrases: Passphrases,
): Promise<void> {
  const beside = (file: string): string => path.resolve(path.dirname(planFile), file);
  const identity = recovery.identity === undefined ? {} : { identity: beside(recovery.identity) };
  const view =
    'bundle' in recovery
      ? answered(
          await custodian.handle('addBundle', {
            restoreId,
            file: readNamedFile(beside(recovery.bundle)),
            opens: opensWith(identity, passphrases),
          }),
        )
      : await addShares(custodian, restoreId, recovery.shares.map(beside), identity, passphrases);
  answered(
    await custodian.handle('proveBackup', {
      restoreId,
      passphrases: view.keys
        .filter(key => key.sealed && Object.hasOwn(passphrases, key.holder ?? ''))
        .map(key => ({
          fingerprint: key.fingerprint.hex,
          passphrase: passphraseFor(passphrases, key.holder ?? ''),
        })),
    }),
  );
}
