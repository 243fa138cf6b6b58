import { t } from '../messages/index.ts';
import { useMachine } from '../stores/machine.ts';
import { useTheme } from '../stores/theme.ts';
import { cx } from './classes.ts';
import { fullTime } from './format.ts';
import { Icon } from './icons.tsx';
import css from './status-bar.module.css';

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

/** Isolation and clock, on every screen, always in the same place. */
export function StatusBar() {
  return (
    <section className={css.bar} aria-label={t.common.status}>
      <NetworkChip />
      <Clock />
      <ThemeToggle />
    </section>
  );
}
