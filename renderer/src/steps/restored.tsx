import { useState } from 'react';
import type { RootFate } from '../../../shared/ceremony/root-fate.ts';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import { dateInWords } from '../../../shared/display/dates.ts';
import { Action } from '../components/action.tsx';
import { Choices, SelectField } from '../components/fields.tsx';
import { Centre, Foot } from '../components/frame.tsx';
import { Heading } from '../components/heading.tsx';
import { ErrorPanel } from '../components/notice.tsx';
import { Progress } from '../components/progress.tsx';
import { escapeKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useNavigation } from '../stores/navigation.ts';
import { ConfirmRepository } from './confirm-repository.tsx';
import { Evidence } from './evidence.tsx';
import css from './restored.module.css';
import type { StepProps } from './step.ts';

const words = t.ceremony.restored;

/** A ceremony that was open when the vault was restored: nothing is done before somebody says what became of its root. */
export function RestoredCeremony({ ceremony }: Pick<StepProps, 'ceremony'>) {
  const home = useNavigation(state => state.home);
  const { abandon, confirmUnpublished, busy, error } = useCeremony();
  const [by, setBy] = useState(
    () => (ceremony.people.find(person => person.role === 'administrator') ?? ceremony.people[0])?.name ?? '',
  );
  const [root, setRoot] = useState<RootFate | null>(null);
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState<ErrorReport | null>(null);
  const told = problem ?? error;
  const ends = root === 'perhaps-published';
  const typedGood = !ends || typed === ceremony.repository;

  const answer = () => {
    setTried(true);
    if (root === null || !typedGood) return;
    if (ends)
      void abandon({ by, reason: words.reason, confirmation: typed, root }, words.busy).then(setProblem);
    else void confirmUnpublished(by, words.busy);
  };
  return (
    <>
      <Centre>
        <Heading
          focusKey="restored"
          lead={words.lead(ceremony.title, ceremony.repository, dateInWords(ceremony.restored ?? ''))}
        >
          {words.title(ceremony.version)}
        </Heading>
        {told && <ErrorPanel error={told} reassure={t.errors.nothingLost} />}
        <fieldset disabled={busy !== null} className={css.content}>
          <p>{words.look}</p>
          <Choices
            label={words.question(ceremony.version)}
            value={root}
            choices={[
              { value: 'unpublished', name: words.unpublished, text: words.unpublishedText },
              { value: 'perhaps-published', name: words.perhapsPublished, text: words.perhapsPublishedText },
            ]}
            error={tried && root === null ? words.needed : undefined}
            onChange={setRoot}
          />
          <SelectField
            label={words.by}
            value={by}
            options={ceremony.people.map(({ name }) => ({ value: name, label: name }))}
            onChange={setBy}
          />
          {ends && (
            <ConfirmRepository
              repository={ceremony.repository}
              typed={typed}
              tried={tried}
              onChange={setTyped}
            />
          )}
        </fieldset>
        <Progress text={busy} />
      </Centre>
      <Evidence ceremony={ceremony} />
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={home}>
            {t.common.backHome}
          </Action>
        }
      >
        <Action kind={ends ? 'stop' : 'primary'} shortcut={primaryKey} busy={busy !== null} onPress={answer}>
          {ends ? words.end : words.goOn}
        </Action>
      </Foot>
    </>
  );
}
