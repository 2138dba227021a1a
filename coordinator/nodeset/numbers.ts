// Numbers in names are texts of digits, of any length: `01` is not `1`. They are ordered by width, then by value, as
// ClusterShell orders them, and a range is what counts up within the width of a first number with leading zeros.

/** Of two texts of digits. */
export function compareNumbers(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** One more; leading zeros keep the width. */
export function nextNumber(number: string): string {
  let at = number.length - 1;
  while (at >= 0 && number[at] === '9') at -= 1;
  const zeros = '0'.repeat(number.length - 1 - at);
  return at < 0 ? `1${zeros}` : number.slice(0, at) + String(Number(number[at]) + 1) + zeros;
}

export function isPadded(number: string): boolean {
  return number.length > 1 && number.startsWith('0');
}

/** `1-3,7` of sorted numbers without repeats. */
export function foldNumbers(sorted: readonly string[]): string {
  const ranges: string[] = [];
  let first = '';
  let last = '';
  const close = () => {
    if (first !== '') ranges.push(first === last ? first : `${first}-${last}`);
  };
  for (const number of sorted) {
    if (first === '' || !goesOn(first, last, number)) {
      close();
      first = number;
    }
    last = number;
  }
  close();
  return ranges.join(',');
}

function goesOn(first: string, last: string, number: string): boolean {
  const isWide = isPadded(first) ? number.length !== first.length : isPadded(number);
  return !isWide && number === nextNumber(last);
}
