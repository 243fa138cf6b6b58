import type { RootwardBridge } from '../../shared/contract/requests.ts';

declare global {
  interface Window {
    /** Put there by the preload. The only way out of this window. */
    readonly rootward?: RootwardBridge;
  }
}
