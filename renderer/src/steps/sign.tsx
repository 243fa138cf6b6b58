import { useState } from 'react';
import { Action } from '../components/action.tsx';
import { cx } from '../components/classes.ts';
import { Facts } from '../components/facts.tsx';
import { altKey } from '../components/shortcuts.ts';
import { HashWords } from '../components/words.tsx';
import { t } from '../messages/index.ts';
import { changesSomething, DifferenceLines } from './difference.tsx';
import { ExactBytes } from './exact-bytes.tsx';
import { SignTogetherButton } from './sign-together.tsx';
import type { StepProps } from './step.ts';
import { StepLayout } from './step-layout.tsx';
import css from './steps.module.css';
import { CredentialField, onToken } from './token-place.tsx';
import { isHere, Turn } from './turn.tsx';
import { useCredentialStep } from './use-credential-step.ts';
import { usePayload } from './use-payload.ts';

const words = t.steps.sign;

/** One holder makes one signature over bytes everybody has seen. */
export function SignStep({ ceremony, step }: StepProps) {
  const { field, at, submit } = useCredentialStep({ ceremony, step });
  const [showing, setShowing] = useState(false);
  const role = step.role ?? 'root';
  const payload = ceremony.payloads.find(candidate => candidate.role === role);
  const { payload: shown } = usePayload(ceremony, role);
  /** Whoever only signs may come after attendance was taken, or be asked to sign by a changed plan. */
  const [came, setCame] = useState(false);
  const absent = ceremony.people.length > 0 && !isHere({ ceremony, step }) && !came;

  const sign = async () => {
    if (!payload) return;
    await submit(
      credential => ({ kind: 'sign', payloadHash: payload.fingerprint.hex, ...credential }),
      onToken(at.place) ? t.tokens.step.signBusy : words.busy,
    );
  };
  return (
    <StepLayout
      ceremony={ceremony}
      step={step}
      primary={{
        label: words.primary,
        onPress: () => void sign(),
        blocked: payload ? (absent ? t.difference.turn.absentBlocked(step.who) : at.blocked) : words.missing,
      }}
      secondary={
        payload ? [{ label: words.exact, onPress: () => setShowing(true), shortcut: altKey('b') }] : []
      }
      more={<SignTogetherButton />}
    >
      <Turn ceremony={ceremony} step={step} />
      {payload && (
        <section className={css.payload} aria-label={words.payload(t.common.role[role].toLowerCase())}>
          <p className={css.payloadTitle}>{words.payload(t.common.role[role].toLowerCase())}</p>
          <HashWords words={payload.fingerprint.words} size="wide" />
        </section>
      )}
      {shown && changesSomething(shown) ? (
        <>
          <p className={css.sentence}>{ceremony.sentence}</p>
          <DifferenceLines payload={shown} />
        </>
      ) : (
        <Facts rows={ceremony.summary} dense />
      )}
      <div className={cx(css.atHand, shown && changesSomething(shown) && css.readFirst)}>
        {absent ? (
          <>
            <p className={css.text}>{t.difference.turn.absentText(step.who)}</p>
            <Action small shortcut={altKey('h')} onPress={() => setCame(true)}>
              {t.difference.turn.came(step.who)}
            </Action>
          </>
        ) : (
          <CredentialField key={step.id} ref={field} at={at} holder={step.who} hint={words.hint} autoFocus />
        )}
      </div>
      {showing && payload && (
        <ExactBytes
          ceremonyId={ceremony.id}
          role={role}
          expected={payload.fingerprint.hex}
          onClose={() => setShowing(false)}
        />
      )}
    </StepLayout>
  );
}
