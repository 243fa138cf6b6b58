import { type ReactNode, useEffect, useRef } from 'react';
import type { ErrorReport } from '../../../shared/contract/errors.ts';
import { t } from '../messages/index.ts';
import { cx } from './classes.ts';
import { Icon, type IconName } from './icons.tsx';
import css from './notice.module.css';

export type Tone = 'plain' | 'good' | 'warning' | 'stop';
const icons: Record<Tone, IconName> = { plain: 'info', good: 'check', warning: 'warning', stop: 'cross' };

export interface NoticeProps {
  readonly tone: Tone;
  readonly title?: string | undefined;
  readonly children?: ReactNode;
}

/** A calm panel that says one thing. Its sign and its words carry the meaning; the colour only helps. */
export function Notice({ tone, title, children }: NoticeProps) {
  return (
    <div className={cx(css.notice, css[tone])}>
      <span className={css.icon}>
        <Icon name={icons[tone]} size={20} />
      </span>
      <div className={css.body}>
        {title && <p className={css.title}>{title}</p>}
        {children}
      </div>
    </div>
  );
}

/**
 * What went wrong, what to do about it, and that nothing is lost. Takes the focus when it appears, so that it
 * is read out and seen.
 */
export function ErrorPanel({
  error,
  reassure,
  children,
}: {
  readonly error: ErrorReport;
  readonly reassure?: string | undefined;
  readonly children?: ReactNode;
}) {
  const panel = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new error takes the focus again
  useEffect(() => {
    panel.current?.focus();
    panel.current?.scrollIntoView({ block: 'nearest' });
  }, [error]);
  return (
    <div ref={panel} role="alert" tabIndex={-1} className={css.focus}>
      <Notice tone="stop" title={t.errors.headings[error.code] ?? t.errors.heading}>
        <p>{error.message}</p>
        <p>
          <strong>{t.errors.whatToDo}: </strong>
          {error.remedy}
        </p>
        {error.place && (
          <p className={css.place}>
            {t.errors.place}: <code>{error.place}</code>
          </p>
        )}
        {reassure && <p className={css.quiet}>{reassure}</p>}
        {children}
      </Notice>
    </div>
  );
}
