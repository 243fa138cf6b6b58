import { type ReactNode, type Ref, useImperativeHandle, useRef, useState } from 'react';
import { createPortal, flushSync } from 'react-dom';
import { type PaperForm, paperForm, wordGrid } from '../../../../shared/backup/paper-form.ts';
import { type ShareFields, wordsOfKeyShare } from '../../../../shared/backup/share.ts';
import { followEntry } from '../../../../shared/backup/share-collection.ts';
import type { SplitView } from '../../../../shared/contract/backup-views.ts';
import { clearCode, drawShareCode } from '../../components/word-sheet.tsx';
import { machineNow } from '../../stores/machine.ts';
import type { ShareForm } from './hand-over.tsx';
import css from './paper-sheet.module.css';

export interface PaperSheetHandle {
  /** Puts the form with its words where it is printed. @param words UTF-8, one space between them */
  fill(words: Uint8Array): void;
  clear(): void;
}

const numbers = Array.from({ length: wordsOfKeyShare }, (_, index) => index + 1);

/**
 * The paper form of a share: not on the screen, only what is printed.
 * SECURITY: it is in the page while it is printed and not longer, and its words are put there by hand, not by React.
 */
export function PaperSheet({
  ref,
  share,
  set,
  withCode,
}: {
  readonly ref: Ref<PaperSheetHandle>;
  readonly share: ShareForm;
  readonly set: SplitView['set'];
  readonly withCode: boolean;
}) {
  const [fields, setFields] = useState<ShareFields | null>(null);
  const sheet = useRef<HTMLTableElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const placesForWords = () => [...(sheet.current?.querySelectorAll<HTMLElement>('[data-word]') ?? [])];
  useImperativeHandle(ref, () => ({
    fill(words) {
      const texts = new TextDecoder().decode(words).split(' ');
      const { fields: found } = followEntry(texts, []);
      flushSync(() => setFields(found ?? null));
      for (const place of placesForWords()) place.textContent = texts[Number(place.dataset.word) - 1] ?? '';
      if (withCode && canvas.current) drawShareCode(canvas.current, words);
    },
    clear() {
      for (const place of placesForWords()) place.textContent = '';
      clearCode(canvas.current);
      setFields(null);
    },
  }));
  if (!fields) return null;
  const { form } = share;
  const model = paperForm({
    fields,
    words: [],
    groups: set.groups.map(({ name, threshold, custodians }) => ({
      ...(name === undefined ? {} : { name }),
      threshold,
      count: custodians.length,
    })),
    key: { ...form, fingerprint: form.fingerprint.hex },
    custodian: share.custodian,
    made: machineNow().toISOString(),
    rehearsal: form.rehearsal,
    withCode,
  });
  return createPortal(
    <div className="print-only" aria-hidden="true">
      <table ref={sheet} className={css.sheet}>
        <thead>
          <tr>
            <th>
              <Running model={model} keptBy={share.custodian} />
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>
              <Body model={model} />
              <Warnings model={model}>{withCode && <canvas ref={canvas} className={css.code} />}</Warnings>
              <Recovery model={model} />
            </td>
          </tr>
        </tbody>
      </table>
    </div>,
    document.body,
  );
}

/** At the head of every page the form takes. */
function Running({ model, keptBy }: { readonly model: PaperForm; readonly keptBy: string }) {
  return (
    <div className={css.running}>
      {model.rehearsal && <p className={css.band}>{model.rehearsal}</p>}
      <p className={css.runningLine}>
        <span>{model.title}</span>
        <span className={css.runningSet}>{`Set ${model.setName}`}</span>
        <span className={css.runningName}>{keptBy}</span>
      </p>
    </div>
  );
}

/** What it is, and the words. */
function Body({ model }: { readonly model: PaperForm }) {
  return (
    <>
      <h1 className={css.title}>{model.title}</h1>
      <p className={css.text}>
        {model.of} <strong>{model.rule}</strong>
      </p>
      <dl className={css.facts}>
        {model.facts.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className={css.words}>
        {wordGrid(numbers)
          .flat()
          .map(number => (
            <div key={number} className={css.word}>
              <span>{number}</span>
              <b data-word={number} />
            </div>
          ))}
      </div>
    </>
  );
}

/** What must not be done with the words, and beside it their QR code. */
function Warnings({ model, children }: { readonly model: PaperForm; readonly children: ReactNode }) {
  return (
    <div className={css.warnings}>
      <div>
        {model.warnings.map(warning => (
          <p key={warning} className={css.warning}>
            {warning}
          </p>
        ))}
      </div>
      {children}
    </div>
  );
}

/** How to go on without Rootward, and what is filled in by hand. */
function Recovery({ model }: { readonly model: PaperForm }) {
  return (
    <>
      <section className={css.recovery}>
        <h2>{model.recovery.title}</h2>
        <p>{model.recovery.before}</p>
        <ol>
          {model.recovery.steps.map(step => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </section>
      <div className={css.blanks}>
        {model.blanks.map(blank => (
          <p key={blank}>
            <span>{blank}</span>
          </p>
        ))}
      </div>
    </>
  );
}
