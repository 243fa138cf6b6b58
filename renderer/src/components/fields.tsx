import { type ReactNode, useId } from 'react';
import { cx } from './classes.ts';
import css from './fields.module.css';
import { Icon } from './icons.tsx';

/** An error, beside the field it is about. */
export function FieldError({ id, children }: { readonly id?: string; readonly children: ReactNode }) {
  return (
    <p id={id} className={css.error}>
      <Icon name="warning" size={15} />
      <span>{children}</span>
    </p>
  );
}

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  /** The label stands in a column heading or legend instead: kept for assistive technology only. */
  readonly hideLabel?: boolean;
  readonly mono?: boolean;
  readonly width?: 'tiny' | 'short' | 'normal' | 'full';
  readonly lines?: number;
  readonly autoFocus?: boolean;
  readonly maxLength?: number;
}

/** A field for public text. Passphrases have PassphraseField, which keeps nothing. */
export function TextField(props: TextFieldProps) {
  const id = useId();
  const told = [props.hint && `${id}-hint`, props.error && `${id}-error`].filter(Boolean).join(' ');
  const shared = {
    id,
    value: props.value,
    maxLength: props.maxLength ?? 4096,
    autoComplete: 'off',
    spellCheck: false,
    'aria-invalid': props.error ? true : undefined,
    'aria-describedby': told || undefined,
    'data-autofocus': props.autoFocus ? '' : undefined,
    className: cx(css.input, props.mono && css.mono, props.error && css.wrong),
  } as const;
  return (
    <div className={cx(css.field, css[props.width ?? 'normal'])}>
      <label htmlFor={id} className={props.hideLabel ? 'visually-hidden' : css.label}>
        {props.label}
      </label>
      {props.lines ? (
        <textarea {...shared} rows={props.lines} onChange={event => props.onChange(event.target.value)} />
      ) : (
        <input {...shared} type="text" onChange={event => props.onChange(event.target.value)} />
      )}
      {props.error && <FieldError id={`${id}-error`}>{props.error}</FieldError>}
      {props.hint && (
        <p id={`${id}-hint`} className={css.hint}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

/** A field for the reason of what will stand in the journal: two lines, as long as a reason may be. */
export const ReasonField = (
  props: Pick<TextFieldProps, 'label' | 'hint' | 'value' | 'error' | 'onChange'>,
) => <TextField {...props} lines={2} width="full" maxLength={500} />;

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

/** One of a few, in a line. */
export function SelectField<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly Option<Value>[];
  readonly onChange: (value: Value) => void;
  readonly hideLabel?: boolean;
  readonly compact?: boolean;
  /** A longer name, when the label alone is ambiguous. */
  readonly ariaLabel?: string;
}) {
  const id = useId();
  return (
    <div className={cx(css.field, props.compact && css.inline)}>
      <label htmlFor={id} className={props.hideLabel ? 'visually-hidden' : css.label}>
        {props.label}
      </label>
      <select
        id={id}
        aria-label={props.ariaLabel}
        className={cx(css.input, css.select, props.compact && css.compact)}
        value={props.value}
        onChange={event => {
          const chosen = props.options.find(option => option.value === event.target.value);
          if (chosen) props.onChange(chosen.value);
        }}
      >
        {props.options.map(option => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly name: string;
  readonly text?: string | undefined;
  /** A few words at the end of the line: "usual", "12 GB free". */
  readonly aside?: string | undefined;
  readonly disabled?: boolean;
}

/** One of a few, each explained in a sentence. Nothing is chosen until the user does. */
export function Choices<Value extends string>(props: {
  readonly label: string;
  readonly value: Value | null;
  readonly choices: readonly Choice<Value>[];
  readonly onChange: (value: Value) => void;
  readonly error?: string | undefined;
  readonly hideLabel?: boolean;
  readonly row?: boolean;
  readonly autoFocus?: boolean;
}) {
  const id = useId();
  const focusOn = props.choices.findIndex(choice => choice.value === props.value);
  return (
    <fieldset className={css.group} aria-describedby={props.error ? `${id}-error` : undefined}>
      <legend className={props.hideLabel ? 'visually-hidden' : css.label}>{props.label}</legend>
      <div className={cx(css.choices, props.row && css.row)}>
        {props.choices.map((choice, index) => (
          <label key={choice.value} className={cx(css.choice, choice.value === props.value && css.chosen)}>
            <input
              type="radio"
              name={id}
              className={css.radio}
              checked={choice.value === props.value}
              disabled={choice.disabled}
              aria-labelledby={`${id}-${index}-name`}
              aria-describedby={choice.text ? `${id}-${index}-text` : undefined}
              data-autofocus={props.autoFocus && index === Math.max(focusOn, 0) ? '' : undefined}
              onChange={() => props.onChange(choice.value)}
            />
            <span className={css.choiceBody}>
              <span className={css.choiceLine}>
                <span id={`${id}-${index}-name`} className={css.choiceName}>
                  {choice.name}
                </span>
                {choice.aside && <span className={css.choiceAside}>{choice.aside}</span>}
              </span>
              {choice.text && (
                <span id={`${id}-${index}-text`} className={css.choiceText}>
                  {choice.text}
                </span>
              )}
            </span>
          </label>
        ))}
      </div>
      {props.error && <FieldError id={`${id}-error`}>{props.error}</FieldError>}
    </fieldset>
  );
}

/** A yes to one thing. */
export function Check(props: {
  readonly label: string;
  readonly text?: string | undefined;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly autoFocus?: boolean;
  readonly error?: string | undefined;
}) {
  const id = useId();
  return (
    <div className={css.field}>
      <label className={cx(css.choice, props.checked && css.chosen)}>
        <input
          type="checkbox"
          className={css.radio}
          checked={props.checked}
          aria-labelledby={`${id}-name`}
          aria-describedby={
            [props.error && id, props.text && `${id}-text`].filter(Boolean).join(' ') || undefined
          }
          data-autofocus={props.autoFocus ? '' : undefined}
          onChange={event => props.onChange(event.target.checked)}
        />
        <span className={css.choiceBody}>
          <span id={`${id}-name`} className={css.choiceName}>
            {props.label}
          </span>
          {props.text && (
            <span id={`${id}-text`} className={css.choiceText}>
              {props.text}
            </span>
          )}
        </span>
      </label>
      {props.error && <FieldError id={id}>{props.error}</FieldError>}
    </div>
  );
}

/** Fields under one legend. */
export function Group({
  label,
  hint,
  error,
  children,
}: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <fieldset className={css.group} aria-describedby={error ? id : undefined}>
      <legend className={css.label}>{label}</legend>
      {children}
      {error && <FieldError id={id}>{error}</FieldError>}
      {hint && <p className={css.hint}>{hint}</p>}
    </fieldset>
  );
}
