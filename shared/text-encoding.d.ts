// TextEncoder and TextDecoder exist in every JavaScript runtime Rootward uses, but TypeScript declares them
// only with the DOM or Node libraries, and shared/ may use neither. This declares the two calls it needs.
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}
