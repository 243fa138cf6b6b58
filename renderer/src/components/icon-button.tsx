import css from './icon-button.module.css';
import { Icon, type IconName } from './icons.tsx';

/** A small button whose sign is enough beside its row; the label says the rest. */
export function IconButton(props: {
  readonly icon: IconName;
  readonly label: string;
  readonly onPress: () => void;
  readonly disabled?: boolean;
}) {
  return (
    <button
      type="button"
      className={css.button}
      aria-label={props.label}
      title={props.label}
      disabled={props.disabled}
      onClick={props.onPress}
    >
      <Icon name={props.icon} size={18} />
    </button>
  );
}
