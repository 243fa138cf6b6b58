import type { StepView } from '../../../shared/contract/views.ts';
import { Icon } from '../components/icons.tsx';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import type { StepProps } from './step.ts';
import css from './turn.module.css';

const words = t.difference.turn;

/** @returns what tells a signature from the same holder's other one: "with the new key". */
export const signHint = (step: StepView): string =>
  step.kind === 'sign' ? step.title.replace(/^.* version \d+ ?/u, '') : '';

/** @returns whether whoever must do this step is in the room. */
export const isHere = ({ ceremony, step }: StepProps): boolean =>
  ceremony.people.some(person => person.name === step.who);

/** Signatures may be made in any order: whoever is here now takes their turn. */
export function Turn({ ceremony, step }: StepProps) {
  const takeTurn = useCeremony(state => state.takeTurn);
  const open = ceremony.steps.filter(candidate => candidate.kind === 'sign' && candidate.canComplete);
  if (open.length < 2) return null;
  return (
    <fieldset className={css.turns}>
      <legend>{words.label}</legend>
      <div className={css.list}>
        {open.map(candidate => {
          const hints = [
            candidate.role === 'targets' && words.targets,
            signHint(candidate),
            !isHere({ ceremony, step: candidate }) && words.absent,
          ].filter(Boolean);
          return (
            <button
              key={candidate.id}
              type="button"
              className={css.turn}
              aria-pressed={candidate.id === step.id}
              onClick={() => takeTurn(candidate.id)}
            >
              {candidate.id === step.id && <Icon name="check" />}
              {candidate.who}
              {hints.length > 0 && <span className={css.hint}>{hints.join(', ')}</span>}
            </button>
          );
        })}
      </div>
    </fieldset>
  );
}
