import type { CareItem } from '../../../../shared/contract/views.ts';
import { Action } from '../../components/action.tsx';
import { Icon } from '../../components/icons.tsx';
import { t } from '../../messages/index.ts';
import type { BackupsPage } from '../../stores/backups.ts';
import css from './care-list.module.css';

const words = t.backups;

/** @returns where one goes for something that is due */
export const pageOf = ({ about }: CareItem): BackupsPage =>
  about.kind === 'key' ? about : { kind: about.kind === 'drill' ? 'drills' : 'overview' };

/** What wants doing, with a way to it. */
export function CareList({
  items,
  onLook,
  isHere,
}: {
  readonly items: readonly CareItem[];
  /** Left out: one is there already. */
  readonly onLook?: (item: CareItem) => void;
  /** What is done on the page where the list stands. */
  readonly isHere?: (item: CareItem) => boolean;
}) {
  return (
    <ul className={css.care}>
      {items.map(item => (
        <li key={item.message} className={css[item.severity]}>
          <Icon name={item.severity === 'notice' ? 'info' : 'warning'} />
          <span>
            <strong>{t.home.due[item.severity]}.</strong> {item.message}
          </span>
          {onLook && !isHere?.(item) && (
            <Action small label={words.lookLabel(item.message)} onPress={() => onLook(item)}>
              {words.look}
            </Action>
          )}
        </li>
      ))}
    </ul>
  );
}
