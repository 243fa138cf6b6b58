import { type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import { t } from '../messages/index.ts';
import { onIdle } from '../stores/machine.ts';
import { cx } from './classes.ts';
import fieldCss from './fields.module.css';
import { FieldError } from './fields.tsx';
import css from './passphrase-field.module.css';

/** What a screen may do with a passphrase field. Its text never leaves it, except as bytes, once. */
export interface PassphraseHandle {
  /** @returns the passphrase in UTF-8, after clearing the field. The caller wipes the bytes. */
  take(): Uint8Array<ArrayBuffer>;
  clear(): void;
  focus(): void;
  readonly empty: boolean;
  /** In characters, as people count them. */
  readonly length: number;
  sameAs(other: PassphraseHandle): boolean;
  /** Calls `look` with the text and returns what it says; for weighing its strength. */
  weigh<Result>(look: (text: string) => Result): Result;
}

export interface PassphraseFieldProps {
  readonly label: string;
  readonly ref: Ref<PassphraseHandle>;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly onInput?: () => void;
  readonly autoFocus?: boolean;
}

// Only to compare two fields without handing their text out.
const inputs = new WeakMap<PassphraseHandle, HTMLInputElement>();

/**
 * SECURITY: an uncontrolled input. What is typed lives in the input element alone: not in React state, not in
 * a store. It is cleared when taken, when the window is idle, and when it goes away.
 */
export function PassphraseField({ label, ref, hint, error, onInput, autoFocus }: PassphraseFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(false);
  const [idled, setIdled] = useState(false);

  useImperativeHandle(ref, () => {
    const handle: PassphraseHandle = {
      take() {
        const bytes = new TextEncoder().encode(input.current?.value ?? '');
        handle.clear();
        return bytes;
      },
      clear() {
        if (input.current) input.current.value = '';
        setShown(false);
      },
      focus: () => input.current?.focus(),
      get empty() {
        return (input.current?.value ?? '') === '';
      },
      get length() {
        return [...(input.current?.value ?? '')].length;
      },
      sameAs: other => input.current?.value === inputs.get(other)?.value,
      weigh: look => look(input.current?.value ?? ''),
    };
    if (input.current) inputs.set(handle, input.current);
    return handle;
  }, []);

  useEffect(() => {
    const element = input.current;
    const stop = onIdle(() => {
      if (!element || element.value === '') return;
      element.value = '';
      setShown(false);
      setIdled(true);
      onInput?.();
    });
    return () => {
      stop();
      if (element) element.value = '';
    };
  }, [onInput]);

  const message = error ?? (idled ? t.common.passphrase.idle : undefined);
  const told = [message && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div className={cx(fieldCss.field, css.width)}>
      <label htmlFor={id} className={fieldCss.label}>
        {label}
      </label>
      <div className={css.line}>
        <input
          ref={input}
          id={id}
          type={shown ? 'text' : 'password'}
          className={cx(fieldCss.input, css.input, shown && css.shown, error && fieldCss.wrong)}
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          maxLength={1024}
          aria-invalid={error ? true : undefined}
          aria-describedby={told || undefined}
          data-autofocus={autoFocus ? '' : undefined}
          onInput={() => {
            if (idled) setIdled(false);
            onInput?.();
          }}
        />
        <button
          type="button"
          className={css.show}
          aria-pressed={shown}
          aria-label={shown ? t.common.passphrase.hideLabel(label) : t.common.passphrase.showLabel(label)}
          onClick={() => setShown(!shown)}
        >
          {shown ? t.common.passphrase.hide : t.common.passphrase.show}
        </button>
      </div>
      {message && <FieldError id={`${id}-error`}>{message}</FieldError>}
      {hint && (
        <p id={`${id}-hint`} className={fieldCss.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}
