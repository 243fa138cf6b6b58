import { checklistFor, planConfirmation } from '../../../shared/ceremony/steps.ts';
import { transcriptText } from '../../../shared/ceremony/transcript.ts';
import { sha256Hex } from '../../../shared/display/fingerprint.ts';
import { takeChainOver } from '../published-files.ts';
import { invalidInput, type StepHandler } from './step.ts';

/** Who is present: every holder the script needs, an administrator, and initials that tell people apart. */
export const takeAttendance: StepHandler<'attendance'> = ({ ceremony, input }) => {
  const { people } = input;
  for (const field of ['name', 'initials'] as const) {
    const values = people.map(person => person[field].toLowerCase());
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined)
      throw invalidInput(`"${twice}" stands twice among the ${field === 'name' ? 'names' : 'initials'}.`);
  }
  const missing = ceremony.script.find(
    // Whoever only signs may do so on another machine, days later.
    step =>
      step.kind !== 'sign' &&
      step.holder !== undefined &&
      !people.some(person => person.name === step.holder),
  );
  if (missing) {
    throw invalidInput(
      `${missing.holder} is not present, but has a step in this script: "${missing.title}".`,
      'Wait for them, or end this ceremony and plan one without them.',
    );
  }
  return { kind: 'attendance', people };
};

/** The pre-flight checklist: every item must be answered yes. */
export const checkIsolation: StepHandler<'isolation'> = ({ desk, ceremony, input }) => {
  const checklist = checklistFor(ceremony.plan.policy.network);
  const open = checklist.find(item => !input.confirmed.includes(item.id));
  if (open)
    throw invalidInput(
      `Not confirmed yet: ${open.text}`,
      'Put it right and confirm it, or stop the ceremony.',
    );
  return {
    kind: 'isolation',
    confirmed: checklist.map(item => item.id),
    network: desk.describeNetwork(),
  };
};

/** The approval of the plan is bound to its hash: what was read aloud is what will be done. */
export const confirmPlan: StepHandler<'read-plan'> = ({ ceremony, input }) => {
  if (input.planHash !== ceremony.planHash) {
    throw invalidInput(
      'What was read is not the plan of this ceremony.',
      'Read the plan that is on the screen now.',
    );
  }
  if (input.confirmation !== planConfirmation) {
    throw invalidInput(
      `The answer must be "${planConfirmation}", exactly.`,
      'If anybody objects, stop the ceremony.',
    );
  }
  return { kind: 'read-plan', planHash: input.planHash };
};

/** The transcript closes the ceremony; its hash makes a changed copy evident. What is taken over takes effect with it. */
export const closeWithTranscript: StepHandler<'transcript'> = async ({ ceremony, opened }) => {
  if (ceremony.plan.ceremony === 'adoption') await takeChainOver(opened, ceremony.plan);
  const text = transcriptText(ceremony, opened.position);
  return { kind: 'transcript', sha256: sha256Hex(new TextEncoder().encode(text)) };
};
