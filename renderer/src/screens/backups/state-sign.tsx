import type { BackupsView } from '../../../../shared/contract/backup-views.ts';
import { cx } from '../../components/classes.ts';
import { Icon, type IconName } from '../../components/icons.tsx';
import { t } from '../../messages/index.ts';
import css from './backups.module.css';

type State = BackupsView['keys'][number]['state'];

const icons: Readonly<Record<State, IconName>> = {
  proven: 'check',
  unproven: 'warning',
  none: 'warning',
  'stays-on-token': 'info',
};

/** How a key's backups stand, as a sign and its words. */
export function StateSign({ state }: { readonly state: State }) {
  return (
    <span className={cx(css.state, css[state])}>
      <Icon name={icons[state]} size={15} />
      {t.backups.state[state]}
    </span>
  );
}
