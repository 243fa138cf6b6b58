import { baseRoot } from '../../shared/ceremony/base-root.ts';
import { documentPayloads, type Payload, type SignedRole } from '../../shared/ceremony/documents.ts';
import { hasLooseRoot } from '../../shared/ceremony/ended.ts';
import type { RootFate } from '../../shared/ceremony/root-fate.ts';
import type { SettledPlan } from '../../shared/ceremony/settled-plan.ts';
import { type CeremonyState, evidenceOf } from '../../shared/ceremony/state.ts';
import { transcriptText } from '../../shared/ceremony/transcript.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { RequestOf } from '../../shared/contract/requests.ts';
import type { CeremonyView, PayloadView } from '../../shared/contract/views.ts';
import { fingerprintFromHex } from '../../shared/display/fingerprint.ts';
import { differenceInLines, readableLines } from '../../shared/tuf/difference.ts';
import type { JsonObject } from '../../shared/tuf/json.ts';
import { readTargets } from '../../shared/tuf/metadata.ts';
import { type Desk, requireNotClosed, requireOpen } from './desk.ts';
import { dropHeldChain } from './published-files.ts';
import { viewOf } from './view-of.ts';

interface CeremonyRequest {
  readonly ceremonyId: string;
}

export async function readCeremony(desk: Desk, { ceremonyId }: CeremonyRequest): Promise<CeremonyView> {
  const { opened } = await desk.vaults.ofCeremony(ceremonyId);
  return viewOf(opened, ceremonyId);
}

/** Goes back to the export step. @throws RootwardError `step-not-present` when nothing was exported yet */
export async function exportAgain(desk: Desk, { ceremonyId }: CeremonyRequest): Promise<CeremonyView> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireOpen(ceremony);
  if (evidenceOf(ceremony, 'export').length === 0) {
    throw new RootwardError('step-not-present', {
      message: 'Nothing has been exported yet.',
      remedy: 'Complete the export step first.',
    });
  }
  await opened.append({ type: 'export-reopened', ceremonyId });
  return readCeremony(desk, { ceremonyId });
}

/** Ends a ceremony for good. Keys already made stay in the vault. */
export async function abandonCeremony(
  desk: Desk,
  { ceremonyId, by, reason, confirmation, root }: RequestOf<'abandonCeremony'>,
): Promise<CeremonyView> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireNotClosed(ceremony);
  if (confirmation !== ceremony.plan.repository) {
    throw new RootwardError('step-input-invalid', {
      message: 'What was typed is not the name of the repository.',
      remedy: `Type ${ceremony.plan.repository} exactly to end the ceremony, or leave it open.`,
    });
  }
  const fate = fateOfRoot(ceremony, root);
  await opened.append({
    type: 'ceremony-abandoned',
    ceremonyId,
    reason,
    by,
    ...(fate === undefined ? {} : { root: fate }),
  });
  await dropHeldChain(opened, ceremony);
  return readCeremony(desk, { ceremonyId });
}

/**
 * Says, of a ceremony that was open in the backup from which the vault was restored, that its root was not published: it
 * goes on. Otherwise it is ended.
 * @throws RootwardError `ceremony-closed`, `step-not-present` where nobody asked
 */
export async function confirmUnpublished(
  desk: Desk,
  { ceremonyId, by }: RequestOf<'confirmUnpublished'>,
): Promise<CeremonyView> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  requireNotClosed(ceremony);
  if (ceremony.restored === undefined) {
    throw new RootwardError('step-not-present', {
      message: 'Nobody asked whether the root of this ceremony was published.',
      remedy: 'Go on with the ceremony.',
    });
  }
  await opened.append({ type: 'restored-ceremony-confirmed', ceremonyId, by });
  return readCeremony(desk, { ceremonyId });
}

/**
 * A root that left the machine is not called back by ending its ceremony, and the next one would have the same version.
 * @returns what is to be written down; nothing where no root can be about
 */
function fateOfRoot(ceremony: CeremonyState, root: RootFate | undefined): RootFate | undefined {
  const isRestored = ceremony.restored !== undefined;
  if (!isRestored && !hasLooseRoot(ceremony)) return undefined;
  const version = ceremony.plan.version ?? 1;
  if (root === undefined) {
    throw new RootwardError('step-input-invalid', {
      message: `Whether anybody can publish root version ${version} was not said.`,
      remedy: 'Say whether every medium that held it was destroyed or wiped before anybody could publish it.',
    });
  }
  // Of a ceremony that was restored, another machine may have gone on with it: what is published is taken over then.
  if (root === 'perhaps-published' && !isRestored) {
    throw new RootwardError('root-may-be-published', {
      message: `Root version ${version} may be published. Ending the ceremony does not call it back, and another version ${version} beside it would cut off clients.`,
      remedy:
        'Finish this ceremony instead: read the medium back or, if it is lost, export once more. If another version was published in its place, have this medium destroyed, end the ceremony, and take over what is published.',
    });
  }
  return root;
}

/** The exact bytes that will be, or were, signed. @throws RootwardError `step-not-present` until all keys are there */
export async function readPayload(
  desk: Desk,
  { ceremonyId, role }: CeremonyRequest & { role: SignedRole },
): Promise<PayloadView> {
  const { ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  const payload = documentPayloads(ceremony)?.[role];
  if (!payload) {
    throw new RootwardError('step-not-present', {
      message: 'The bytes to be signed are not known before all keys are there.',
      remedy: 'Complete the steps of the act "Keys" first.',
    });
  }
  return payloadView(ceremony.plan, payload);
}

/** @returns a document to be signed, as people look at it: what changes, the whole of it, and the exact bytes */
export function payloadView(plan: SettledPlan, payload: Payload): PayloadView {
  const { role } = payload;
  return {
    role,
    fingerprint: fingerprintFromHex(payload.hash),
    canonical: new TextDecoder().decode(payload.bytes),
    readable: readableLines(payload.signed).join('\n'),
    difference: differenceInLines(beforeOf(plan, role), payload.signed),
  };
}

/** The document a change starts from; for a first one, nothing. */
export function beforeOf(plan: SettledPlan, role: SignedRole): JsonObject {
  if (role === 'root') return baseRoot(plan)?.signed ?? {};
  return plan.base?.targets === undefined
    ? {}
    : readTargets(new TextEncoder().encode(plan.base.targets)).signed;
}

export async function readTranscript(desk: Desk, { ceremonyId }: CeremonyRequest): Promise<{ text: string }> {
  const { opened, ceremony } = await desk.vaults.ofCeremony(ceremonyId);
  return { text: transcriptText(ceremony, opened.position) };
}
