import type { HomeView } from '../../../shared/contract/views.ts';
import { Action } from '../components/action.tsx';
import { dateInWords } from '../components/format.ts';
import { SubHeading } from '../components/heading.tsx';
import { RehearsalMark } from '../components/rehearsal.tsx';
import { t } from '../messages/index.ts';
import { useNavigation } from '../stores/navigation.ts';
import css from './home.module.css';

type Ceremony = HomeView['ceremonies'][number];

function CeremonyRow({ ceremony }: { readonly ceremony: Ceremony }) {
  const go = useNavigation(state => state.go);
  const open = ceremony.state === 'open';
  const words = t.home;
  return (
    <li className={css.row}>
      <div className={css.rowBody}>
        <p className={css.rowTitle}>
          {ceremony.title} <span className={css.of}>{ceremony.repository}</span>{' '}
          {ceremony.rehearsal && <RehearsalMark />}
        </p>
        <p className={css.line}>
          {open
            ? words.stepOf(ceremony.stepNumber, ceremony.stepCount, ceremony.stepTitle)
            : words[ceremony.state === 'finished' ? 'finished' : 'abandoned']}
          {' · '}
          {words.openedOn(dateInWords(ceremony.opened))}
        </p>
        {open && (
          <span className={css.steps} aria-hidden="true">
            {Array.from({ length: ceremony.stepCount }, (_, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
              <span key={index} className={index + 1 < ceremony.stepNumber ? css.on : undefined} />
            ))}
          </span>
        )}
      </div>
      <Action
        small
        label={(open ? words.resumeLabel : words.readLabel)(ceremony.title, ceremony.repository)}
        onPress={() => go({ name: 'ceremony', ceremonyId: ceremony.id })}
      >
        {open ? words.resume : words.read}
      </Action>
    </li>
  );
}

/** The ceremonies that wait to be gone on with. */
export function OpenCeremonies({ ceremonies }: { readonly ceremonies: readonly Ceremony[] }) {
  const open = ceremonies.filter(ceremony => ceremony.state === 'open');
  if (open.length === 0) return null;
  return (
    <section className={css.open} aria-labelledby="open-ceremonies">
      <SubHeading id="open-ceremonies">{t.home.openHeading}</SubHeading>
      <ul>
        {open.map(ceremony => (
          <CeremonyRow key={ceremony.id} ceremony={ceremony} />
        ))}
      </ul>
    </section>
  );
}

/** The ceremonies that are over. */
export function PastCeremonies({ ceremonies }: { readonly ceremonies: readonly Ceremony[] }) {
  const past = ceremonies.filter(ceremony => ceremony.state !== 'open');
  if (past.length === 0) return null;
  return (
    <section aria-labelledby="past-ceremonies">
      <SubHeading id="past-ceremonies">{t.home.pastHeading}</SubHeading>
      <ul className={css.past}>
        {past.map(ceremony => (
          <CeremonyRow key={ceremony.id} ceremony={ceremony} />
        ))}
      </ul>
    </section>
  );
}

/** Both, where there is nothing between them. */
export function CeremonyLists(props: { readonly ceremonies: readonly Ceremony[] }) {
  return (
    <>
      <OpenCeremonies {...props} />
      <PastCeremonies {...props} />
    </>
  );
}
