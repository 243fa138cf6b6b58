import { type Ref, useImperativeHandle, useRef, useState } from 'react';
import { t } from '../../messages/index.ts';
import { PassphraseField, type PassphraseHandle } from '../passphrase-field.tsx';

const words = t.tokens.change;

export interface PinHandle {
  /** @returns the bytes, which the caller wipes; null when nothing was typed, and the field says so. */
  take(): Uint8Array<ArrayBuffer> | null;
}

/** A PIN or PUK that is there. Nothing weighs it, nothing suggests one, nothing is filled in. */
export function PinField({
  label,
  name,
  hint,
  autoFocus = false,
  ref,
}: {
  readonly label: string;
  /** What is asked for where nothing was typed: "PIN". */
  readonly name: string;
  readonly hint?: string | undefined;
  readonly autoFocus?: boolean;
  readonly ref: Ref<PinHandle>;
}) {
  const field = useRef<PassphraseHandle>(null);
  const [error, setError] = useState<string>();
  useImperativeHandle(
    ref,
    () => ({
      take() {
        setError(undefined);
        if (!field.current || field.current.empty) {
          setError(words.needed(name));
          field.current?.focus();
          return null;
        }
        return field.current.take();
      },
    }),
    [name],
  );
  return <PassphraseField ref={field} label={label} hint={hint} error={error} autoFocus={autoFocus} />;
}

const asSold: ReadonlySet<string> = new Set(['123456', '12345678']);

/** A PIN or PUK that is made: typed twice. Whether it fits the token says, before a try is spent. */
export function NewPin({
  name,
  hint,
  ref,
}: {
  readonly name: string;
  readonly hint?: string | undefined;
  readonly ref: Ref<PinHandle>;
}) {
  const first = useRef<PassphraseHandle>(null);
  const second = useRef<PassphraseHandle>(null);
  const [errors, setErrors] = useState<{ first?: string; second?: string }>({});
  useImperativeHandle(
    ref,
    () => ({
      take() {
        const one = first.current;
        const two = second.current;
        if (!one || !two) return null;
        const refuse = (field: PassphraseHandle, problems: typeof errors) => {
          setErrors(problems);
          field.focus();
          return null;
        };
        setErrors({});
        if (one.empty) return refuse(one, { first: words.needed(name) });
        if (one.length < 6) return refuse(one, { first: words.tooShort });
        if (one.weigh(text => asSold.has(text))) return refuse(one, { first: words.sameAsSold });
        if (two.empty) return refuse(two, { second: words.needed(name) });
        if (!one.sameAs(two)) {
          one.clear();
          two.clear();
          return refuse(one, { first: words.differ });
        }
        two.clear();
        return one.take();
      },
    }),
    [name],
  );
  return (
    <>
      <PassphraseField ref={first} label={words.next(name)} hint={hint} error={errors.first} />
      <PassphraseField ref={second} label={words.again(name)} error={errors.second} />
    </>
  );
}
