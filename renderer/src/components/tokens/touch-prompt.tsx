import { useEffect, useState } from 'react';
import type { TokenEvent } from '../../../../shared/contract/tokens.ts';
import { t } from '../../messages/index.ts';
import { useTokens } from '../../stores/tokens.ts';
import css from './touch-prompt.module.css';

const words = t.tokens.touch;
const radius = 42;
const around = 2 * Math.PI * radius;
/** How long it stays after the time is up, where nobody says how it ended. Seconds. */
const grace = 8;

function Countdown({ event }: { readonly event: TokenEvent }) {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const start = performance.now();
    const timer = setInterval(() => setElapsed((performance.now() - start) / 1000), 200);
    return () => clearInterval(timer);
  }, []);
  if (elapsed > event.seconds + grace) return null;
  const left = Math.max(0, Math.ceil(event.seconds - elapsed));
  const share = Math.max(0, 1 - elapsed / event.seconds);
  return (
    // A dialog below must not hide it from those who listen.
    <div className={css.place} data-react-aria-top-layer="true">
      <div className={css.prompt}>
        <span className={css.ring} aria-hidden="true">
          <svg viewBox="0 0 96 96" fill="none" strokeWidth="6" aria-hidden="true" focusable="false">
            <circle className={css.track} cx="48" cy="48" r={radius} />
            <circle
              className={css.left}
              cx="48"
              cy="48"
              r={radius}
              strokeDasharray={`${share * around} ${around}`}
            />
          </svg>
          <span className={css.seconds}>{left}</span>
        </span>
        <div role="alert">
          <p className={css.title}>{words.title}</p>
          <p className={css.text}>{words.whose(event.product, event.holder)}</p>
          <p className={css.text}>{words.seconds(event.seconds)}</p>
        </div>
      </div>
    </div>
  );
}

/** Over every screen, while a token waits for its holder's finger. Only then: a token that needs none asks nothing. */
export function TouchPrompt() {
  const activity = useTokens(state => state.activity);
  const [count, setCount] = useState(0);
  // Each wait counts down afresh.
  useEffect(() => {
    if (activity) setCount(before => before + 1);
  }, [activity]);
  return activity?.state === 'touch-needed' ? <Countdown key={count} event={activity} /> : null;
}
