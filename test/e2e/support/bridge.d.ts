import type { RootwardBridge } from '../../../shared/contract/requests.ts';

declare global {
  interface Window {
    /** The one way from the page to the custodian. */
    readonly rootward: RootwardBridge;
  }
}
