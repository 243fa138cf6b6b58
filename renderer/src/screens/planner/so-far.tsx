import { Breakable } from '../../components/breakable.tsx';
import { Right, SideSection } from '../../components/frame.tsx';
import { t } from '../../messages/index.ts';
import type { DraftDuration } from '../../stores/plan-parts.ts';
import css from './planner.module.css';
import { useDraft } from './use-draft.ts';

const words = t.planner;

/** The plan so far, where the evidence will stand during the ceremony. */
export function SoFar() {
  const { draft, rehearsal } = useDraft();
  const names = (people: readonly { name: string }[]) =>
    people
      .map(person => person.name)
      .filter(Boolean)
      .join(', ');
  const lasting = ({ amount, unit }: DraftDuration) =>
    words.facts.lasting(amount, words.validity.units[unit]);
  const rows: readonly (readonly [string, string | null])[] = [
    [words.facts.repository, draft.repository || null],
    [words.facts.dialect, draft.dialect && t.common.dialect[draft.dialect]],
    [words.facts.holders, names(draft.holders)],
    [
      words.facts.threshold,
      draft.threshold === null ? null : words.threshold.choice(draft.threshold, draft.holders.length),
    ],
    [
      words.facts.signers,
      draft.threshold === null
        ? null
        : names(draft.holders.filter(holder => draft.signers.includes(holder.id))),
    ],
    [words.facts.targets, names(draft.targetsHolders)],
    [words.facts.backups, words.backups[draft.backups].name],
    [words.facts.rootValid, rehearsal ? words.facts.rehearsalValid : lasting(draft.rootValidity)],
    [words.facts.targetsValid, rehearsal ? words.facts.rehearsalValid : lasting(draft.targetsValidity)],
    [
      words.facts.people,
      [draft.administrator, names(draft.witnesses), names(draft.observers)].filter(Boolean).join(', '),
    ],
    [words.facts.network, words.network[rehearsal ? 'warn' : draft.network].name],
  ];
  return (
    <Right label={words.soFar}>
      <SideSection title={words.soFar}>
        <dl className={css.soFar}>
          {rows.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd data-open={value ? undefined : ''}>{value ? <Breakable text={value} /> : words.notYet}</dd>
            </div>
          ))}
        </dl>
      </SideSection>
    </Right>
  );
}
