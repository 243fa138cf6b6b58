import { Component, type ReactNode } from 'react';
import { t } from '../messages/index.ts';
import { useNavigation } from '../stores/navigation.ts';
import { Action } from './action.tsx';
import css from './guard.module.css';

/** Catches a fault of the window itself, says that nothing is lost, and leads home. */
export class Guard extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <main className={css.fault}>
        <h1>{t.errors.rendererHeading}</h1>
        <p>{t.errors.rendererText}</p>
        <Action
          kind="primary"
          onPress={() => {
            useNavigation.getState().home();
            this.setState({ failed: false });
          }}
        >
          {t.common.backHome}
        </Action>
      </main>
    );
  }
}
