import type { CeremonyView } from '../../../shared/contract/views.ts';
import { cx } from '../components/classes.ts';
import { shortFingerprint, timeOfDay } from '../components/format.ts';
import { Right, SideRow, SideSection } from '../components/frame.tsx';
import { HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import { ChangePlanButton } from './change-plan.tsx';
import css from './evidence.module.css';

const words = t.ceremony;

/** Signatures needed and made for one role: as segments, and in words. */
function SignatureCount({
  count,
  all,
}: {
  readonly count: CeremonyView['signatures'][number];
  readonly all: number;
}) {
  const segments = Math.max(count.made, all);
  const role = t.common.role[count.role];
  return (
    <div className={css.count}>
      <span className={css.segments} aria-hidden="true">
        {Array.from({ length: segments }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
          <span key={index} className={cx(css.segment, index < count.made && css.made)} />
        ))}
      </span>
      <p className={css.countText}>
        <span>
          {all === count.needed
            ? words.signatureCount(role, count.made, count.needed)
            : t.difference.signaturesOf(role, count.made, all)}
        </span>
        {count.made > 0 && <span>{words.checkedTwice}</span>}
      </p>
    </div>
  );
}

function Keys({ of, keys }: { readonly of: 'root' | 'targets'; readonly keys: CeremonyView['keys'] }) {
  const mine = keys.filter(key => key.role === of);
  if (mine.length === 0) return null;
  return (
    <SideSection title={of === 'root' ? words.rootKeys : words.targetsKeys}>
      {mine.map(key => (
        <SideRow
          key={key.holder}
          label={key.holder}
          value={key.keyId ? shortFingerprint(key.keyId) : words.keyPending}
          mono={key.keyId !== undefined}
        />
      ))}
    </SideSection>
  );
}

/** The evidence of a ceremony, always in the same place. */
export function Evidence({ ceremony }: { readonly ceremony: CeremonyView }) {
  // A change asks both the old and the new holders: what counts is every signature of its script.
  const signatures = ceremony.signatures
    .map(count => ({
      count,
      all: ceremony.steps.filter(step => step.kind === 'sign' && step.role === count.role).length,
    }))
    .filter(({ all }) => all > 0);
  return (
    <Right label={words.evidenceLabel}>
      <SideSection title={words.planWords}>
        <HashWords words={ceremony.plan.words} />
        <ChangePlanButton ceremony={ceremony} />
      </SideSection>
      {signatures.length > 0 && (
        <SideSection title={words.signatures}>
          {signatures.map(({ count, all }) => (
            <SignatureCount key={count.role} count={count} all={all} />
          ))}
        </SideSection>
      )}
      <Keys of="root" keys={ceremony.keys} />
      <Keys of="targets" keys={ceremony.keys} />
      {ceremony.incidents.length > 0 && (
        <SideSection title={words.incidents}>
          <ul className={css.incidents}>
            {ceremony.incidents.map(incident => (
              <li key={`${incident.time}${incident.message}`}>
                <span className={css.incidentTime}>{timeOfDay(incident.time)}</span> {incident.message}
              </li>
            ))}
          </ul>
        </SideSection>
      )}
      <SideSection title={t.common.journal}>
        <SideRow
          label={t.common.journalEntry(ceremony.journal.entries)}
          value={shortFingerprint(ceremony.journal.head).slice(0, 9)}
          mono
        />
      </SideSection>
    </Right>
  );
}
