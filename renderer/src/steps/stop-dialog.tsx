import { useState } from 'react';
import type { RootFate } from '../../../shared/ceremony/root-fate.ts';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { Action } from '../components/action.tsx';
import { Dialog, DialogActions, DialogChoice } from '../components/dialog.tsx';
import { Choices, ReasonField, SelectField } from '../components/fields.tsx';
import { ErrorPanel } from '../components/notice.tsx';
import { Progress } from '../components/progress.tsx';
import { altKey, escapeKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useNavigation } from '../stores/navigation.ts';
import { ConfirmRepository } from './confirm-repository.tsx';
import css from './stop-dialog.module.css';

const words = t.ceremony.stopDialog;

/** Ends the ceremony for good: a reason, and the repository's name typed. */
function EndForGood({
  ceremony,
  onClose,
}: {
  readonly ceremony: CeremonyView;
  readonly onClose: () => void;
}) {
  const { abandon, busy } = useCeremony();
  const chosen = useCeremony(state => state.initialler);
  const [by, setBy] = useState(
    () =>
      ceremony.people.find(person => person.name === chosen)?.name ??
      ceremony.people.find(person => person.role === 'administrator')?.name ??
      ceremony.people[0]?.name ??
      '',
  );
  const [reason, setReason] = useState('');
  const [root, setRoot] = useState<RootFate | null>(null);
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const reasonGood = reason.trim() !== '';
  const rootGood = ceremony.looseRoot !== true || root !== null;
  const typedGood = typed === ceremony.repository;

  const end = async () => {
    setTried(true);
    if (!reasonGood || !rootGood || !typedGood) return;
    const ending = {
      by,
      // Written over two lines, it is one in the journal.
      reason: reason.trim().replace(/\s+/g, ' '),
      confirmation: typed,
      ...(root === null ? {} : { root }),
    };
    const problem = await abandon(ending, words.busy);
    if (problem) setError(problem);
    else onClose();
  };
  return (
    <Dialog title={words.endTitle} onClose={onClose}>
      <p>{words.endText}</p>
      {error && <ErrorPanel error={error} />}
      <SelectField
        label={words.by}
        value={by}
        options={ceremony.people.map(({ name }) => ({ value: name, label: name }))}
        onChange={setBy}
      />
      <ReasonField
        label={words.reason}
        hint={words.reasonHint}
        value={reason}
        error={tried && !reasonGood ? words.reasonNeeded : undefined}
        onChange={setReason}
      />
      {ceremony.looseRoot && (
        <Choices
          label={words.root(ceremony.version)}
          value={root}
          choices={[
            { value: 'unpublished', name: words.unpublished, text: words.unpublishedText },
            { value: 'perhaps-published', name: words.perhapsPublished, text: words.perhapsPublishedText },
          ]}
          error={tried && !rootGood ? words.rootNeeded : undefined}
          onChange={setRoot}
        />
      )}
      <ConfirmRepository repository={ceremony.repository} typed={typed} tried={tried} onChange={setTyped} />
      <Progress text={busy} />
      <DialogChoice
        label={words.endNow}
        danger
        busy={busy !== null}
        onPress={() => void end()}
        cancelLabel={words.goOn}
        onCancel={onClose}
      />
    </Dialog>
  );
}

function StopChoice({ onClose, onEnd }: { readonly onClose: () => void; readonly onEnd: () => void }) {
  const home = useNavigation(state => state.home);
  return (
    <Dialog title={words.title} onClose={onClose}>
      <section className={css.choice}>
        <div>
          <h3>{words.nowTitle}</h3>
          <p>{words.nowText}</p>
        </div>
        <Action kind="primary" shortcut={primaryKey} onPress={home}>
          {words.now}
        </Action>
      </section>
      <section className={css.choice}>
        <div>
          <h3>{words.endTitle}</h3>
          <p>{words.endText}</p>
        </div>
        <Action kind="stop" shortcut={altKey('e')} onPress={onEnd}>
          {words.end}
        </Action>
      </section>
      <DialogActions>
        <Action shortcut={escapeKey} onPress={onClose}>
          {words.goOn}
        </Action>
      </DialogActions>
    </Dialog>
  );
}

/** "Stop the ceremony…": for now, or for good. */
export function StopButton({ ceremony }: { readonly ceremony: CeremonyView }) {
  const [stage, setStage] = useState<'closed' | 'choice' | 'end'>('closed');
  const busy = useCeremony(state => state.busy !== null);
  const close = () => setStage('closed');
  return (
    <>
      <Action
        kind="stop"
        shortcut={escapeKey}
        busy={busy && stage === 'closed'}
        onPress={() => setStage('choice')}
      >
        {t.ceremony.stop}
      </Action>
      {stage === 'choice' && <StopChoice onClose={close} onEnd={() => setStage('end')} />}
      {stage === 'end' && <EndForGood ceremony={ceremony} onClose={close} />}
    </>
  );
}
