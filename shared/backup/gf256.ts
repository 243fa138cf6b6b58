/**
 * Arithmetic in GF(256) modulo the Rijndael polynomial x^8 + x^4 + x^3 + x + 1, and polynomials over it.
 * SLIP-0039, "Shamir's secret-sharing" and "Polynomial interpolation"; FIPS 197 section 4.
 *
 * No tables and no branches on values: a logarithm table would be read at places that depend on the secret.
 */

/** @returns the product of two elements (0 to 255) */
export function multiply(a: number, b: number): number {
  let power = a;
  let product = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= power & -((b >> bit) & 1);
    power = (power << 1) ^ (0x11b & -(power >> 7));
  }
  return product;
}

/** @returns the element whose product with `a` is 1: a^254, as a^255 is 1. Of 0: 0, which has none. */
function inverse(a: number): number {
  let result = 1;
  let power = a;
  // 254 is binary 11111110.
  for (let bit = 1; bit < 8; bit += 1) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

/** A point of as many polynomials as `y` has bytes. */
export interface Point {
  readonly x: number;
  readonly y: Uint8Array;
}

/**
 * @param x where (0 to 255)
 * @param points no two of the same x, all of the same length: the caller's duty
 * @returns the values there of the polynomials of lowest degree through the points; the caller wipes them
 * Source: SLIP-0039, "Polynomial interpolation"
 */
export function interpolate(x: number, points: readonly Point[]): Uint8Array {
  const result = new Uint8Array(points[0]?.y.length ?? 0);
  for (const point of points) {
    // The basis polynomial: of public numbers alone.
    let basis = 1;
    for (const other of points) {
      if (other === point) continue;
      basis = multiply(basis, multiply(x ^ other.x, inverse(point.x ^ other.x)));
    }
    for (let index = 0; index < result.length; index += 1)
      result[index] = (result[index] as number) ^ multiply(point.y[index] as number, basis);
  }
  return result;
}
