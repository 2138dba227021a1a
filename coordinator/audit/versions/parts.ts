// A version taken apart, whatever its maker.

export interface Version {
  /** Only versions of one line have an order. */
  line: string;
  /** Of several minima the one of a version's own train counts. */
  train: string;
  /** From the weightiest on; what is missing is 0. */
  parts: readonly number[];
  /** Places of parts that are letters where others may have numbers. */
  letters?: readonly number[];
}

/** Null: this is no version. */
export type ReadVersion = (text: string) => Version | null;

/** `a` is 1; no letter is 0, so that it stands before all of them. */
export function letter(text: string | undefined): number {
  return text === undefined || text === '' ? 0 : text.toLowerCase().charCodeAt(0) - 96;
}
