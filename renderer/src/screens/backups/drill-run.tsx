import { useState } from 'react';
import { personNameSchema } from '../../../../shared/ceremony/plan.ts';
import type { DrillView } from '../../../../shared/contract/backup-views.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { ReplyOf } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { Action } from '../../components/action.tsx';
import { cx } from '../../components/classes.ts';
import { TextField } from '../../components/fields.tsx';
import { Centre, Foot, Right, SideSection } from '../../components/frame.tsx';
import { Heading, SubHeading } from '../../components/heading.tsx';
import { Icon } from '../../components/icons.tsx';
import { ErrorPanel, Notice } from '../../components/notice.tsx';
import { Progress } from '../../components/progress.tsx';
import { altKey, escapeKey, primaryKey } from '../../components/shortcuts.ts';
import { t } from '../../messages/index.ts';
import { useMachine } from '../../stores/machine.ts';
import css from './backups.module.css';

const words = t.drill;

function Clock({ started }: { readonly started: string }) {
  const now = useMachine(state => state.time);
  const seconds = Math.max(0, Math.round((Date.parse(now ?? started) - Date.parse(started)) / 1000));
  return <p className={css.clock}>{words.history.took(seconds)}</p>;
}

/** The situation, and how far the recovery is. */
export function RunDrill({
  drill,
  error,
  onRecover,
  onFinish,
  onStop,
}: {
  readonly drill: DrillView;
  readonly error: ErrorReport | null;
  readonly onRecover: () => void;
  readonly onFinish: () => void;
  readonly onStop: () => void;
}) {
  return (
    <>
      <Centre>
        <Heading focusKey={`drill-${drill.drillId}`} lead={words.run.lead}>
          {drill.title}
        </Heading>
        {error && <ErrorPanel error={error} />}
        <div className={css.situation}>
          {drill.situation.map(sentence => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
        <SubHeading>{words.run.keys(drill.needed, drill.keys.length)}</SubHeading>
        <ul className={css.cards}>
          {drill.keys.map(key => (
            <li key={key.fingerprint} className={css.card}>
              <div className={css.cardHead}>
                <h3 className={css.cardTitle}>{t.backups.keyTitle(t.backups.role(key.role), key.holder)}</h3>
                <span className={cx(css.state, key.recovered ? css.proven : css.unproven)}>
                  <Icon name={key.recovered ? 'check' : 'info'} size={15} />
                  {key.recovered ? words.run.recovered : words.run.open}
                </span>
              </div>
              {key.from.length === 0 && <p className={css.cardLine}>{words.run.noSource}</p>}
              {key.from.map(source => (
                <p key={source.backupId} className={css.cardLine}>
                  {`${source.usable ? words.run.from : words.run.notFrom}: ${source.title}. ${source.why}`}
                </p>
              ))}
            </li>
          ))}
        </ul>
        {drill.findings.length > 0 && (
          <>
            <SubHeading>{words.run.findings}</SubHeading>
            <ul className={css.findings}>
              {drill.findings.map(finding => (
                <li key={finding}>{finding}</li>
              ))}
            </ul>
          </>
        )}
      </Centre>
      <Right label={t.backups.evidence}>
        <SideSection title={words.run.elapsed}>
          <Clock started={drill.started} />
        </SideSection>
        {drill.lost.length > 0 && (
          <SideSection title={words.run.lost}>
            <ul className={css.sideList}>
              {drill.lost.map(name => (
                <li key={name}>{name}</li>
              ))}
            </ul>
          </SideSection>
        )}
        <SideSection title={words.run.recovered}>
          <p className={css.sideText} role="status">
            {drill.passes ? words.run.passes : words.run.passesNot}
          </p>
        </SideSection>
      </Right>
      <Foot
        start={
          <Action kind="stop" shortcut={escapeKey} onPress={onStop}>
            {words.run.stop}
          </Action>
        }
      >
        <Action
          {...(drill.passes ? { kind: 'primary' as const, shortcut: primaryKey } : { shortcut: altKey('e') })}
          onPress={onFinish}
        >
          {words.run.finish}
        </Action>
        <Action
          {...(drill.passes ? { shortcut: altKey('r') } : { kind: 'primary' as const, shortcut: primaryKey })}
          onPress={onRecover}
        >
          {words.run.recover}
        </Action>
      </Foot>
    </>
  );
}

/** Who was there, what is to be remembered; then the report is written. */
export function FinishDrill({
  drill,
  onBack,
  onFinished,
}: {
  readonly drill: DrillView;
  readonly onBack: () => void;
  readonly onFinished: (finished: ReplyOf<'finishDrill'>) => void;
}) {
  const [people, setPeople] = useState('');
  const [remark, setRemark] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const page = words.finish;
  const names = people
    .split('\n')
    .map(name => name.trim())
    .filter(Boolean);
  const isGood = names.length <= 40 && names.every(name => personNameSchema.safeParse(name).success);
  const finish = async () => {
    if (busy || !isGood) return;
    setBusy(true);
    setError(null);
    const outcome = await ask('finishDrill', {
      drillId: drill.drillId,
      people: names,
      ...(remark.trim() === '' ? {} : { remark: remark.trim() }),
    });
    setBusy(false);
    if (outcome.ok) onFinished(outcome.value);
    else setError(outcome.error);
  };
  return (
    <>
      <Centre wide>
        <Heading focusKey="drill-finish" lead={page.lead}>
          {page.heading}
        </Heading>
        {error && <ErrorPanel error={error} />}
        {!drill.passes && (
          <Notice tone="warning" title={page.notPassed}>
            <p>{page.notPassedText}</p>
          </Notice>
        )}
        <fieldset disabled={busy} className={css.form}>
          <TextField
            label={page.people}
            hint={page.peopleHint}
            lines={4}
            autoFocus
            value={people}
            error={isGood ? undefined : page.tooLong}
            onChange={setPeople}
          />
          <TextField
            label={page.remark}
            hint={page.remarkHint}
            lines={4}
            width="full"
            maxLength={2000}
            value={remark}
            onChange={setRemark}
          />
        </fieldset>
        <Progress text={busy ? page.busy : null} />
      </Centre>
      <Foot
        start={
          <Action kind="quiet" shortcut={escapeKey} onPress={onBack}>
            {page.back}
          </Action>
        }
      >
        <Action kind="primary" shortcut={primaryKey} busy={busy} onPress={() => void finish()}>
          {page.button}
        </Action>
      </Foot>
    </>
  );
}
