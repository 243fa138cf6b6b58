import { baseRoot } from '../../../shared/ceremony/base-root.ts';
import { foreignSignatures } from '../../../shared/ceremony/canonical-signature.ts';
import { signedDocuments } from '../../../shared/ceremony/documents.ts';
import { rootFile, targetsFile } from '../../../shared/ceremony/published.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { sha256Hex } from '../../../shared/display/fingerprint.ts';
import { listNames } from '../../../shared/display/list-names.ts';
import { readRoot, readTargets } from '../../../shared/tuf/metadata.ts';
import { verifyRoot, verifyTargets } from '../../../shared/tuf/verify.ts';
import { verifyTwice } from '../../signers/platform-verifier.ts';
import { storeVersion } from '../published-files.ts';
import { invalidInput, type StepHandler } from './step.ts';

/** Reads the finished documents from their bytes and verifies them as a client does, then keeps them. */
export const proveAsClient: StepHandler<'prove'> = async ({ desk, opened, ceremony }) => {
  const { plan } = ceremony;
  const documents = signedDocuments(ceremony);
  if (!documents) throw invalidInput('Not everything is signed yet.');
  const options = {
    verifier: verifyTwice,
    at: desk.clock().getTime(),
    gun: plan.dialect === 'notary-v1' ? plan.repository : undefined,
  };
  const root = readRoot(documents.root);
  const problems = [
    ...verifyRoot(root, baseRoot(plan), true, options).problems,
    ...(documents.targets ? verifyTargets(readTargets(documents.targets), root, options).problems : []),
  ];
  if (problems.length > 0) {
    throw new RootwardError('verification-failed', {
      message: `A client would refuse this: ${problems.map(problem => problem.message).join(' ')}`,
      remedy: 'Nothing is exported. End this ceremony and hold it again; if it comes back, report it.',
    });
  }
  const foreign = foreignSignatures(ceremony);
  if (foreign.length > 0) {
    throw new RootwardError('verification-failed', {
      message: `Some clients would refuse this: the signature of ${listNames(foreign)} is right, but not written as the dialect writes it.`,
      remedy:
        'Nothing is exported. An older version of Rootward took the signature in as it came. Change the plan of this ceremony, which drops its signatures, and let everybody sign again.',
    });
  }
  // Durable before the journal speaks of them.
  await storeVersion(opened, plan, rootFile(root.version), documents.root);
  if (documents.targets)
    await storeVersion(opened, plan, targetsFile(plan.targetsVersion ?? 1), documents.targets);
  return {
    kind: 'prove',
    rootHash: sha256Hex(documents.root),
    ...(documents.targets ? { targetsHash: sha256Hex(documents.targets) } : {}),
  };
};
