import { t } from '../messages/index.ts';
import { useCeremony } from '../stores/ceremony.ts';
import { useMachine } from '../stores/machine.ts';
import { type Screen, useNavigation } from '../stores/navigation.ts';
import { useTheme } from '../stores/theme.ts';
import { useTokens } from '../stores/tokens.ts';
import { cx } from './classes.ts';
import { fullTime } from './format.ts';
import { Icon } from './icons.tsx';
import { altKey, ariaShortcut, useShortcut } from './shortcuts.ts';
import css from './status-bar.module.css';

const tokensKey = altKey('k');

function NetworkChip() {
  const network = useMachine(state => state.network);
  const state = network?.state;
  const text = state ? t.common.network[state] : t.common.network.unread;
  return (
    <span className={cx(css.chip, state === 'present' && css.alarm)} title={network?.summary}>
      {state === 'isolated' ? <span className={css.dot} aria-hidden="true" /> : <Icon name="warning" />}
      {text}
    </span>
  );
}

/** Where the tokens can be gone to look at, and come back from, with nothing typed lost. */
const leadsToTokens: ReadonlySet<Screen['name']> = new Set(['home', 'planner', 'change', 'ceremony']);

/** How many tokens are plugged in, while somebody looks; and the way to them. */
function TokensChip() {
  const { screen, go } = useNavigation();
  const { view, lastCount } = useTokens();
  const busy = useCeremony(state => state.busy !== null);
  const leads = leadsToTokens.has(screen.name) && !busy;
  const open = () => leads && go({ name: 'tokens', back: screen });
  useShortcut(leads ? tokensKey : undefined, open);
  const problems = view?.tokens.filter(token => token.state === 'problem').length ?? 0;
  const count = view?.tokens.length ?? 0;
  const text = !view
    ? lastCount === null
      ? t.tokens.chipUnknown
      : t.tokens.chipLast(lastCount)
    : problems > 0
      ? t.tokens.chipProblem(count, problems)
      : t.tokens.chip(count);
  const body = (
    <>
      <Icon name={problems > 0 ? 'warning' : 'token'} />
      {text}
    </>
  );
  if (!leads) return view ? <span className={css.chip}>{body}</span> : null;
  return (
    <button
      type="button"
      className={cx(css.chip, css.link)}
      title={t.tokens.chipLabel}
      aria-keyshortcuts={ariaShortcut(tokensKey)}
      onClick={open}
    >
      {body}
    </button>
  );
}

function Clock() {
  const time = useMachine(state => state.time);
  return (
    <span className={cx(css.chip, css.clock)} title={t.common.clockLabel}>
      {time === null ? t.common.clockUnknown : fullTime(time)}
    </span>
  );
}

function ThemeToggle() {
  const { theme, next } = useTheme();
  const icon = { system: 'half', light: 'sun', dark: 'moon' } as const;
  const name = t.common.themeLabel(t.common.theme[theme]);
  return (
    <button type="button" className={css.toggle} onClick={next} aria-label={name} title={name}>
      <Icon name={icon[theme]} />
    </button>
  );
}

/** Isolation, tokens and clock, on every screen, always in the same place. */
export function StatusBar() {
  return (
    <section className={css.bar} aria-label={t.common.status}>
      <NetworkChip />
      <TokensChip />
      <Clock />
      <ThemeToggle />
    </section>
  );
}
