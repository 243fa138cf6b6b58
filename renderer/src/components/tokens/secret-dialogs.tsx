import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import type { TokenAction, TokenView } from '../../../../shared/contract/tokens.ts';
import { t } from '../../messages/index.ts';
import { Action } from '../action.tsx';
import { cx } from '../classes.ts';
import { Dialog, DialogActions } from '../dialog.tsx';
import { Check, TextField } from '../fields.tsx';
import { Icon } from '../icons.tsx';
import { Notice } from '../notice.tsx';
import { primaryKey } from '../shortcuts.ts';
import { useChangeSecrets } from './change-secrets.tsx';
import { NewPin, PinField, type PinHandle } from './new-pin.tsx';
import { takeBoth, takeSecrets } from './take-secrets.ts';
import css from './task-dialog.module.css';
import { TaskDialog, TaskForm, type TokenDialogProps, useTask } from './task-dialog.tsx';
import { secretName } from './tries.tsx';

type PinName = 'pin' | 'puk';

/** The fields that change a PIN or PUK, and the task they make. */
function useChangeFields(token: TokenView, name: PinName) {
  const current = useRef<PinHandle>(null);
  const next = useRef<PinHandle>(null);
  const called = secretName(token, name);
  const isPiv = token.custody === 'piv';
  const fields = (
    <>
      <PinField
        key={`${name}-current`}
        ref={current}
        autoFocus
        label={t.tokens.change.current(called)}
        name={called}
        hint={isPiv ? t.tokens.change.currentHint[name] : undefined}
      />
      <NewPin
        key={`${name}-next`}
        ref={next}
        name={called}
        hint={isPiv ? t.tokens.change.nextHint : undefined}
      />
    </>
  );
  const build = (): TokenAction | null => {
    const taken = takeBoth(current, next);
    if (!taken) return null;
    const [before, after] = taken;
    return { action: name === 'pin' ? 'change-pin' : 'change-puk', current: before, next: after };
  };
  return { fields, build };
}

export function ChangePinDialog({
  token,
  name,
  onDone,
  onClose,
}: TokenDialogProps & { readonly name: PinName }) {
  const words = t.tokens.change;
  const { fields, build } = useChangeFields(token, name);
  const title =
    name === 'pin' ? words.pinTitle : token.custody === 'ledger' ? words.adminTitle : words.pukTitle;
  return (
    <TaskDialog
      token={token}
      words={{ title, primary: words.primary, busy: words.busy }}
      build={build}
      onDone={onDone}
      onClose={onClose}
    >
      {fields}
    </TaskDialog>
  );
}

export function UnblockDialog({ token, onDone, onClose }: TokenDialogProps) {
  const words = t.tokens.unblock;
  const puk = useRef<PinHandle>(null);
  const next = useRef<PinHandle>(null);
  const called = secretName(token, 'puk');
  const build = (): TokenAction | null => {
    const taken = takeBoth(puk, next);
    return taken && { action: 'unblock-pin', puk: taken[0], next: taken[1] };
  };
  return (
    <TaskDialog token={token} words={words} build={build} onDone={onDone} onClose={onClose}>
      <PinField ref={puk} autoFocus label={called} name={called} />
      <NewPin
        ref={next}
        name={t.tokens.secret.pin}
        hint={token.custody === 'piv' ? t.tokens.change.nextHint : undefined}
      />
    </TaskDialog>
  );
}

const countOf = (text: string): number | null =>
  /^([1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/.test(text) ? Number(text) : null;

export function SetTriesDialog({ token, onDone, onClose }: TokenDialogProps) {
  const words = t.tokens.triesDialog;
  const [tries, setTries] = useState({ pin: '5', puk: '5' });
  const [tried, setTried] = useState(false);
  const secrets = useChangeSecrets(token, true, t.tokens.change.current(t.tokens.secret.pin));
  const build = (): TokenAction | null => {
    setTried(true);
    const pinTries = countOf(tries.pin);
    const pukTries = countOf(tries.puk);
    if (pinTries === null || pukTries === null) return null;
    const { pin, ...others } = secrets.take() ?? {};
    return pin ? { action: 'set-tries', pinTries, pukTries, pin, ...others } : null;
  };
  const error = (text: string) => (tried && countOf(text) === null ? words.wrong : undefined);
  return (
    <TaskDialog token={token} words={words} build={build} onDone={onDone} onClose={onClose}>
      <TextField
        label={words.pin}
        width="tiny"
        maxLength={3}
        value={tries.pin}
        error={error(tries.pin)}
        onChange={value => setTries({ ...tries, pin: value.trim() })}
      />
      <TextField
        label={words.puk}
        width="tiny"
        maxLength={3}
        value={tries.puk}
        error={error(tries.puk)}
        onChange={value => setTries({ ...tries, puk: value.trim() })}
      />
      {secrets.fields}
    </TaskDialog>
  );
}

/** The digits of a key in groups of four, straight into the page's elements: never in React state or a store. */
function writeGroups(list: HTMLElement, key: Uint8Array): void {
  const groups: HTMLElement[] = [];
  for (let index = 0; index < key.length; index += 2) {
    const item = document.createElement('li');
    item.textContent = [...key.subarray(index, index + 2)]
      .map(byte => byte.toString(16).padStart(2, '0'))
      .join('');
    groups.push(item);
  }
  list.replaceChildren(...groups);
}

interface NewManagementKeyHandle {
  /** @returns the key that is shown, a copy to be wiped; null while nobody says that it is written down. */
  take(): Uint8Array<ArrayBuffer> | null;
}

/** Every card takes a management key of this many bytes (docs/piv.md). */
const managementKeyLength = 24;

/**
 * A new management key, drawn here and shown before the token gets it: a token that is pulled while it is set must not
 * leave one that nobody knows. It stays on the screen until the dialog ends, and is wiped then.
 */
function NewManagementKey({ ref }: { readonly ref: Ref<NewManagementKeyHandle> }) {
  const words = t.tokens.management;
  const list = useRef<HTMLOListElement>(null);
  const key = useRef<Uint8Array<ArrayBuffer>>(null);
  const [written, setWritten] = useState(false);
  const [tried, setTried] = useState(false);
  useEffect(() => {
    const element = list.current;
    const drawn = crypto.getRandomValues(new Uint8Array(managementKeyLength));
    key.current = drawn;
    if (element) writeGroups(element, drawn);
    return () => {
      drawn.fill(0);
      key.current = null;
      element?.replaceChildren();
    };
  }, []);
  useImperativeHandle(
    ref,
    () => ({
      take() {
        setTried(true);
        return written && key.current ? key.current.slice() : null;
      },
    }),
    [written],
  );
  return (
    <>
      <p className={css.text}>{words.shownText}</p>
      <ol ref={list} className={css.groups} aria-label={words.shownTitle} />
      <Check
        label={words.written}
        checked={written}
        error={tried && !written ? words.writtenNeeded : undefined}
        onChange={setWritten}
      />
    </>
  );
}

/** The fields that change a management key, and the task they make. */
function useManagementFields(token: TokenView) {
  const shown = useRef<NewManagementKeyHandle>(null);
  const present = useChangeSecrets(token, false);
  const fields = (
    <>
      <NewManagementKey ref={shown} />
      {present.fields}
    </>
  );
  const build = (): TokenAction | null => {
    const { next, ...secrets } = takeSecrets({ next: shown, ...present.asked }) ?? {};
    return next ? { action: 'change-management-key', next, ...secrets } : null;
  };
  return { fields, build };
}

export function ManagementKeyDialog({ token, onDone, onClose }: TokenDialogProps) {
  const words = t.tokens.management;
  const { fields, build } = useManagementFields(token);
  return (
    <TaskDialog token={token} words={words} build={build} onDone={onDone} onClose={onClose}>
      {fields}
    </TaskDialog>
  );
}

// ---------------------------------------------------------------- all three, in order

type SecretName = TokenView['secrets'][number]['name'];
const order: readonly SecretName[] = ['pin', 'puk', 'management-key'];

interface StageProps {
  readonly token: TokenView;
  readonly task: ReturnType<typeof useTask>;
  readonly onClose: () => void;
}

function PinStage({ token, name, ...form }: StageProps & { readonly name: PinName }) {
  const { fields, build } = useChangeFields(token, name);
  return (
    <TaskForm
      words={{ primary: t.tokens.setUp.next, busy: t.tokens.change.busy }}
      closeLabel={t.common.close}
      build={build}
      {...form}
    >
      {fields}
    </TaskForm>
  );
}

function ManagementStage({ token, ...form }: StageProps) {
  const { fields, build } = useManagementFields(token);
  return (
    <TaskForm words={t.tokens.management} closeLabel={t.common.close} build={build} {...form}>
      {fields}
    </TaskForm>
  );
}

/** A token as it came from the shop: its three secrets are changed one after the other. */
export function SetUpDialog({ token, onClose }: { readonly token: TokenView; readonly onClose: () => void }) {
  const words = t.tokens.setUp;
  const [stages] = useState(() =>
    order.filter(name => token.secrets.some(secret => secret.name === name && secret.isDefault)),
  );
  const [done, setDone] = useState<readonly SecretName[]>([]);
  const now = stages.find(name => !done.includes(name));
  const task = useTask(token, () => now && setDone([...done, now]));
  const stage = { token, task, onClose };
  return (
    <Dialog title={words.title} onClose={task.busy ? () => {} : onClose}>
      <p className={css.text}>{words.lead}</p>
      <ol className={css.stages}>
        {stages.map((name, index) => {
          const state = done.includes(name) ? 'done' : name === now ? 'now' : 'waiting';
          return (
            <li
              key={name}
              className={cx(css.stage, css[`stage-${state}`])}
              aria-current={state === 'now' ? 'step' : undefined}
            >
              <span className={css.stageMark} aria-hidden="true">
                {state === 'done' ? <Icon name="check" /> : index + 1}
              </span>
              <span>
                <strong>{secretName(token, name)}</strong>{' '}
                <span className={css.stageState}>{words[state]}</span>
                {state === 'now' && <span className={css.stageWhy}>{words.why[name]}</span>}
              </span>
            </li>
          );
        })}
      </ol>
      {now === undefined ? (
        <>
          <Notice tone="good" title={words.allDone} />
          <DialogActions>
            <Action kind="primary" shortcut={primaryKey} onPress={onClose}>
              {words.close}
            </Action>
          </DialogActions>
        </>
      ) : (
        <section key={now} aria-label={secretName(token, now)} className={css.fields}>
          {now === 'management-key' ? <ManagementStage {...stage} /> : <PinStage name={now} {...stage} />}
        </section>
      )}
    </Dialog>
  );
}
