import { useEffect, useState } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { Dialog, DialogActions } from '../components/dialog.tsx';
import { FileOrScan } from '../components/file-or-scan.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { Progress } from '../components/progress.tsx';
import { QrShow } from '../components/qr-show.tsx';
import { useSaveFile } from '../components/save-file.tsx';
import { altKey, escapeKey, primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import css from './sign-together.module.css';

const words = t.together;

/** Asks other offline machines for the signatures that are missing, and takes in those that come back. */
export function SignTogether({ ceremony }: { readonly ceremony: CeremonyView }) {
  const { receive, askOthers } = useCeremony();
  const onClose = () => askOthers(false);
  const [request, setRequest] = useState<FileInput | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [taken, setTaken] = useState<string | null>(null);
  const [showing, setShowing] = useState(false);
  const { save, saving, status } = useSaveFile(words.saveTitle);
  const { id } = ceremony;
  const missing = ceremony.steps.filter(step => step.kind === 'sign' && step.canComplete);
  const count = missing.length;
  // Written anew when a signature is there: it asks only for those that are missing.
  useEffect(() => {
    if (count === 0) return setRequest(null);
    let current = true;
    void ask('writeSigningRequest', { ceremonyId: id }).then(outcome => {
      if (!current) return;
      if (outcome.ok) setRequest(outcome.value.file);
      else setError(outcome.error);
    });
    return () => {
      current = false;
    };
  }, [id, count]);

  const take = async (file: FileInput) => {
    setBusy(words.checking);
    setError(null);
    setTaken(null);
    const outcome = await ask('importSignature', { ceremonyId: id, file });
    setBusy(null);
    if (!outcome.ok) return setError(outcome.error);
    const before = new Set(missing.map(step => step.id));
    const done = outcome.value.steps.find(step => before.has(step.id) && step.state === 'done');
    setTaken(words.taken(done?.title ?? ''));
    receive(outcome.value);
  };

  if (showing && request) {
    return (
      <Dialog wide title={words.showQrTitle} onClose={() => setShowing(false)}>
        <QrShow bytes={request.bytes} fileName={request.name} />
        <DialogActions>
          <Action shortcut={escapeKey} onPress={() => setShowing(false)}>
            {t.common.close}
          </Action>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title={words.title} onClose={onClose}>
      <p className={css.text}>{words.lead}</p>
      {error && <ErrorPanel error={error} reassure={t.errors.nothingLost} />}
      <div role="status">{taken && <Notice tone="good" title={taken} />}</div>
      {count === 0 ? (
        <p>{words.allSigned}</p>
      ) : (
        <>
          <section className={css.part} aria-labelledby="together-ask">
            <h3 id="together-ask">{words.askHeading}</h3>
            <p className={css.text}>{words.askText}</p>
            <p>{words.askedOf([...new Set(missing.map(step => step.who))].join(', '))}</p>
            <div className={css.actions}>
              <Action
                small
                shortcut={altKey('s')}
                busy={saving || request === null}
                onPress={() => request && void save(request)}
              >
                {words.saveRequest}
              </Action>
              <Action
                small
                shortcut={altKey('q')}
                busy={request === null}
                onPress={() => request && setShowing(true)}
              >
                {words.showQr}
              </Action>
            </div>
            {status}
          </section>
          <section className={css.part} aria-labelledby="together-take">
            <h3 id="together-take">{words.takeHeading}</h3>
            <p className={css.text}>{words.takeText}</p>
            <FileOrScan
              label={words.takeDrop}
              dialogTitle={words.takeDialog}
              shortcut={altKey('f')}
              scannedName="scanned.signature.json"
              onFile={file => void take(file)}
            />
          </section>
        </>
      )}
      <Progress text={busy} />
      <DialogActions>
        <Action
          kind={count === 0 ? 'primary' : 'secondary'}
          shortcut={count === 0 ? primaryKey : escapeKey}
          onPress={onClose}
        >
          {count === 0 ? words.done : t.common.close}
        </Action>
      </DialogActions>
    </Dialog>
  );
}

/** Where signatures are made: the way to those who are not in the room. */
export function SignTogetherButton() {
  const { busy, askOthers } = useCeremony();
  return (
    <Action shortcut={altKey('m')} blocked={busy !== null} onPress={() => askOthers(true)}>
      {words.button}
    </Action>
  );
}
