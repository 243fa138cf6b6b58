import { useEffect, useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import type { PayloadView } from '../../../shared/contract/views.ts';
import { ask } from '../bridge.ts';
import { Action } from '../components/action.tsx';
import { Dialog, DialogActions } from '../components/dialog.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { escapeKey } from '../components/shortcuts.ts';
import { HashHex, HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import { changesSomething, DifferenceLines } from './difference.tsx';
import css from './exact-bytes.module.css';

const words = t.steps.sign;

export interface ExactBytesProps {
  readonly ceremonyId: string;
  readonly role: 'root' | 'targets';
  /** The hash the step speaks of: the bytes shown must be those. */
  readonly expected: string;
  readonly onClose: () => void;
}

/** A document to be signed, three ways: what changes in it, the whole of it, and byte for byte. */
export function PayloadTabs({ payload }: { readonly payload: PayloadView }) {
  const changes = changesSomething(payload);
  return (
    <Tabs className={css.tabs ?? ''} defaultSelectedKey={changes ? 'changes' : 'readable'}>
      <TabList aria-label={words.exactTitle(t.common.role[payload.role])} className={css.list ?? ''}>
        {changes && (
          <Tab id="changes" className={css.tab ?? ''}>
            {t.difference.tab}
          </Tab>
        )}
        <Tab id="readable" className={css.tab ?? ''}>
          {words.readable}
        </Tab>
        <Tab id="canonical" className={css.tab ?? ''}>
          {words.canonical}
        </Tab>
      </TabList>
      {changes && (
        <TabPanel id="changes" className={css.panel ?? ''}>
          <p className={css.text}>{t.difference.tabText}</p>
          <DifferenceLines payload={payload} tall />
        </TabPanel>
      )}
      <TabPanel id="readable" className={css.panel ?? ''}>
        <p className={css.text}>{words.readableText}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <pre className={css.bytes} tabIndex={0}>
          {payload.readable}
        </pre>
      </TabPanel>
      <TabPanel id="canonical" className={css.panel ?? ''}>
        <p className={css.text}>{words.canonicalText}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <pre className={`${css.bytes} ${css.wrap}`} tabIndex={0}>
          {payload.canonical}
        </pre>
      </TabPanel>
    </Tabs>
  );
}

/** Exactly what is signed: the bytes, the same to read, and their SHA-256. */
export function ExactBytes({ ceremonyId, role, expected, onClose }: ExactBytesProps) {
  const [payload, setPayload] = useState<PayloadView | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  useEffect(() => {
    void ask('readPayload', { ceremonyId, role }).then(outcome =>
      outcome.ok ? setPayload(outcome.value) : setError(outcome.error),
    );
  }, [ceremonyId, role]);
  return (
    <Dialog wide title={words.exactTitle(t.common.role[role])} onClose={onClose}>
      {error && <ErrorPanel error={error} />}
      {!payload && !error && <p role="status">{words.loading}</p>}
      {payload && payload.fingerprint.hex !== expected && <Notice tone="stop" title={words.changed} />}
      {payload && (
        <>
          <PayloadTabs payload={payload} />
          <section className={css.hash} aria-label={t.common.sha256}>
            <h3>{t.common.sha256}</h3>
            <HashWords words={payload.fingerprint.words} size="wide" />
            <HashHex hex={payload.fingerprint.hex} />
          </section>
        </>
      )}
      <DialogActions>
        <Action shortcut={escapeKey} onPress={onClose}>
          {t.common.close}
        </Action>
      </DialogActions>
    </Dialog>
  );
}
